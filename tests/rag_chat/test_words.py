import pytest

from rag_chat import words


def test_content_leaves_out_what_carries_no_meaning():
    assert words.content("The pump is in the cellar, and it was moved to 3,000.50 sites.") == [
        "pump",
        "cellar",
        "mov",
        "3000.5",
        "sit",
    ]
    assert words.content("It is what it was.") == []


@pytest.mark.parametrize(
    "forms",
    [("increase", "increases", "increased", "increasing"), ("Pump", "pumps", "PUMP's", "pump’s"), ("quickly", "quick")],
)
def test_forms_of_a_word_meet(forms):
    assert len({words.stem(form) for form in forms}) == 1


def test_short_words_keep_their_endings():
    assert [words.stem(word) for word in ("gas", "bed", "rely", "ring")] == ["gas", "bed", "rely", "ring"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,250.50 and 1250.5", {"1250.5"}),
        ("$4.20 in 2021.", {"4.2", "2021"}),
        ("10.0% of 100", {"10", "100"}),
        ("version 1.2.30", {"1.2.30"}),
        ("none", set()),
    ],
)
def test_numbers_compare_by_value(text, expected):
    assert words.numbers(text) == expected


def test_a_name_is_a_capital_that_opens_no_sentence():
    assert words.names("Harbors were built by Lind in Tarnwick. Grain came later.") == {"lind", "tarnwick"}
    assert words.names("The Coca-Cola Company") == {"coca", "cola", "company"}


@pytest.mark.parametrize(
    "text", ["It does not leak.", "It doesn't leak.", "It doesn’t leak.", "No, it leaks.", "It cannot leak"]
)
def test_negation_is_seen(text):
    assert words.negated(text)


@pytest.mark.parametrize("text", ["It leaks.", "A notable knot.", "Norway leaks."])
def test_no_negation_is_seen_where_none_is(text):
    assert not words.negated(text)


def test_coverage_is_the_share_of_distinct_words():
    assert words.coverage(["a", "b", "a", "c", "d"], ["b", "d", "e"]) == 0.5
    assert words.coverage([], ["a"]) == 0.0


def test_a_sentence_meets_its_quote_however_that_is_written():
    sentence, quote = (
        "The office in Łódź did not terminate 4.2 contracts.",
        "The o\ufb03ce in Ło\u0301dz\u0301 did n\u200bot termi\u00adnate ４.２ contracts",
    )
    assert words.word_for_word(sentence, quote)
    assert words.content(sentence) == words.content(quote)
    assert words.numbers(sentence) == words.numbers(quote) == {"4.2"}
    assert words.names(sentence) == words.names(quote)
    assert words.negated(quote)
