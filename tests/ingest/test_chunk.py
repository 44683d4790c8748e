"""Chunks hold whole sentences, keep their limits, and say exactly where they come from."""

import itertools

import pytest
from fakes import HashEmbedder
from pdfs import prose

from ingest.chunk import Limit, cut
from rag_chat.search_copy import searchable
from rag_chat.sentences import readable, split
from rag_chat.types import Outline, Page, Span

COUNT = HashEmbedder().token_counts


def page(number, lines):
    return Page(number, str(number), " \n".join(lines))


def chunks(pages, tokens=60, overlap=15, outline=()):
    return [c.chunk for c in cut("d" * 64, "a.pdf", pages, outline, limit=Limit(tokens, overlap), count=COUNT)]


def test_whole_sentences_with_overlap():
    text = page(1, prose(20))
    made = chunks([text], overlap=30)
    assert all(c.text.startswith("In part") and c.text.endswith("quay.") for c in made)
    for first, second in itertools.pairwise(made):
        assert 0 < first.spans[-1].end - second.spans[0].start < 120


def test_no_text_is_lost():
    pages = [page(1, prose(20)), page(2, prose(11, "oat"))]
    held = {(s.page, i) for c in chunks(pages) for s in c.spans for i in range(s.start, s.end)}
    assert all(char.isspace() or (p.number, i) in held for p in pages for i, char in enumerate(p.text))


def test_ids_are_the_same_every_time_and_differ():
    made = chunks([page(1, prose(20))])
    assert [c.id for c in made] == [c.id for c in chunks([page(1, prose(20))])]
    assert len({c.id for c in made}) == len(made)
    assert all(len(c.id) == 32 for c in made)


def test_sentence_cut_by_the_page_takes_its_rest_from_the_next():
    first = page(1, [*prose(2), "The keeper of the tide gate opens it every morning before the grain", "12"])
    second = page(2, ["Harbor report", "barges leave the northern quay. Then he sleeps until the evening."])
    bridging = [c for c in chunks([first, second]) if len(c.spans) == 2]
    assert len(bridging) == 1
    chunk = bridging[0]
    assert readable(chunk.text).endswith("before the grain barges leave the northern quay.")
    assert [s.page for s in chunk.spans] == [1, 2]
    start = chunk.text.index("barges")
    where = chunk.locate(start, start + 6)
    assert where == Span(2, second.text.index("barges"), second.text.index("barges") + 6)


@pytest.mark.parametrize(
    ("raised", "notes"),
    [
        ("gate1", ["1Harbor Authority, Annual report of the northern quay, second part"]),
        ("gate,1", ["1 Harbor Authority, Annual report. It was printed in May.", "2 Ibid."]),
        ("gate*", ["* See the Harbor Authority's report."]),
    ],
)
def test_note_at_the_foot_neither_ends_a_sentence_that_goes_on_overleaf_nor_runs_into_it(raised, notes):
    opened = f"The keeper of the tide {raised} opens it every morning before the grain"
    pages = [page(1, [*prose(4), opened, *notes, "12"]), page(2, ["barges leave the quay. Then he sleeps.", "13"])]
    made = chunks(pages)
    (bridging,) = (c for c in made if len(c.spans) == 2)
    assert readable(bridging.text).endswith(f"{opened} barges leave the quay.")
    held = readable(" ".join(c.text for c in made))
    assert all(note in held for note in notes)


def test_numbered_heading_is_no_note():
    pages = [
        page(1, [*prose(4), "as was shown before1 by", "1 Harbor", "The keeper of the tide gate opens it before the"])
    ]
    assert any(
        "tide gate" in c.text for c in chunks([*pages, page(2, ["grain barges leave the quay."])]) if len(c.spans) == 2
    )


def test_finished_sentence_takes_nothing_from_the_next_page():
    made = chunks([page(1, prose(2)), page(2, ["and so it goes on in the harbor today."])])
    assert [len(c.spans) for c in made] == [1, 1]


def test_a_few_words_that_must_go_on_are_read_with_the_next_page():
    pages = [page(1, [*prose(2), "Floor area and"]), page(2, ["number of tenants were taken in.", *prose(2, "oat")])]
    assert any("Floor area and\nnumber of tenants were taken in." in c.text for c in chunks(pages))


def test_endless_sentence_is_cut_at_blanks():
    made = chunks([page(1, [" ".join(f"word{i}" for i in range(400))])])
    assert len(made) > 5
    assert all(COUNT([c.text])[0] <= 60 for c in made)
    assert all(c.text.startswith("word") and not c.text.endswith(" ") for c in made)


def test_word_longer_than_a_chunk_is_cut_too():
    def letters(texts):
        return [len(text) for text in texts]

    made = cut("d" * 64, "a", [Page(1, "1", "x" * 1000)], (), limit=Limit(100, 10), count=letters)
    assert "".join(c.chunk.text for c in made) == "x" * 1000
    assert max(len(c.embedded) for c in made) <= 100


def test_rows_of_a_table_stay_whole():
    rows = [f"Quay {i} grain {i * 11} {i * 13} {i * 17}" for i in range(1, 40)]
    made = chunks([page(1, rows)])
    assert all(line.strip() in rows for c in made for line in c.text.split("\n"))


def test_header_footer_and_watermark_are_in_no_chunk_and_a_sentence_runs_around_them():
    said = {grain: prose(12, grain) for grain in ("wheat", "oat", "barley", "rye")}
    pages = [
        page(n, ["Harbor report 2025", *lines[:7], "CONFIDENTIAL DRAFT", *lines[7:], f"{n} of 4"])
        for n, lines in enumerate(said.values(), start=1)
    ]
    made = chunks(pages)
    assert not any(words in c.text for c in made for words in ("DRAFT", "Harbor report", " of 4"))
    held = {(s.page, i) for c in made for s in c.spans for i in range(s.start, s.end)}
    for p, lines in zip(pages, said.values(), strict=True):
        text = "".join(char for i, char in enumerate(p.text) if (p.number, i) in held)
        assert "".join(text.split()) == "".join("".join(lines).split())
    parted = [c for c in made if len(c.spans) > 1]
    assert {c.first_page for c in parted} == {1, 2, 3, 4}
    for chunk in parted:
        first, second = chunk.spans
        texts = [pages[s.page - 1].text[s.start : s.end] for s in chunk.spans]
        assert (first.page, chunk.text) == (second.page, "\n".join(texts))
        around = next((a, b) for a, b in split(chunk.text) if a < len(texts[0]) < b)
        assert readable(chunk.text[slice(*around)]) in " ".join(list(said.values())[first.page - 1])
        assert len(chunk.spread(*around)) == 2


def test_page_number_does_not_become_a_chunk_of_its_own():
    made = chunks([page(1, [*prose(9), "105"])])
    assert all(len(c.text) > 50 for c in made)


def test_what_stands_in_front_gives_way_when_it_takes_too_much():
    outline = [Outline(1, 0, ("long " * 30,))]
    made = cut("d" * 64, "a.pdf", [page(1, prose(3))], outline, limit=Limit(40, 5), count=COUNT)
    assert all(c.embedded == searchable(c.chunk.text) for c in made)
    assert max(COUNT([c.embedded for c in made])) <= 40


def test_page_without_text_has_no_chunks():
    assert chunks([Page(1, "1", " \n "), Page(2, "2", "")]) == []
