import pytest

from rag_chat.search_copy import aligned, searchable

ODD = {
    "termi\u00adnate": "terminate",
    "termi\u00ad\nnate": "terminate",
    "termi- \u200b\n nate": "terminate",
    "o\ufb03ce": "office",
    "gr\u200bain": "grain",
    "gr\u202eain\u2066\ufeff": "grain",
    "ＧＲＡＩＮ４２": "GRAIN42",
    "gate\U000e0041\U000e0042": "gate",
    "e\u0301lan": "élan",
    "ｶﾞｽ": "ガス",
    "ﻼ": "لا",
    "CO₂": "CO2",
    "10⁶ or 1½": "10 6 or 1½",
    "Lipitor™ rose¹²": "Lipitor™ rose 12",
    "well-known \nPort-\nSaid": "well-known Port- Said",
}


@pytest.mark.parametrize("text", ODD, ids=ascii)
def test_it_is_what_people_would_type(text):
    assert searchable(text) == ODD[text] == searchable(ODD[text])
    assert " ".join(aligned(text).text.split()) == ODD[text]


@pytest.mark.parametrize("text", ["", "Grain: £4.2 – “wheat”’s § 7", "東京都の人口", "Ärger à Łódź", "ОБЩИЙ", "סכום"])
def test_ordinary_text_is_its_own_copy(text):
    copy = aligned(text)
    assert searchable(text) == copy.text == text
    assert [copy.original(i, i + 1) for i in range(len(text))] == [(i, i + 1) for i in range(len(text))]


def test_every_place_leads_back_to_the_original():
    text = "the \ufb01rst o\ufb03ce,\nto termi-\nnate gr\u00adain\u2122"
    copy = aligned(text)

    def said(word):
        start = copy.text.index(word)
        return text[slice(*copy.original(start, start + len(word)))]

    assert copy.text == "the first office,\nto terminate grain™"
    assert [said(word) for word in ("first", "office", "terminate", "grain", "™")] == [
        "\ufb01rst", "o\ufb03ce", "termi-\nnate", "gr\u00adain", "\u2122",
    ]  # fmt: skip
