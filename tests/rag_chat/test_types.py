import pytest

from rag_chat.types import Chunk, Span

# Page 3 holds "..Pumps move heat." from 2 on, page 4 begins with "Fans move air."
TEXT = "Pumps move heat.\nFans move air."
CHUNK = Chunk("c", "d", 0, (Span(3, 2, 18), Span(4, 0, 14)), "", TEXT)
PAGES = {3: "..Pumps move heat.", 4: "Fans move air. And more."}


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (0, 16, Span(3, 2, 18)),
        (6, 10, Span(3, 8, 12)),
        (17, 31, Span(4, 0, 14)),
        (22, 26, Span(4, 5, 9)),
        (6, 31, Span(3, 8, 18)),  # over the page's end: cut to the page on which it starts
        (16, 21, Span(4, 0, 4)),  # from the newline that joins the pages
    ],
)
def test_a_place_in_the_chunk_is_a_place_on_its_page(start, end, expected):
    found = CHUNK.locate(start, end)
    assert found == expected
    assert TEXT[start:end].strip().startswith(PAGES[found.page][found.start : found.end])


def test_a_place_over_the_end_of_a_page_is_spread_over_both():
    assert CHUNK.spread(6, 31) == (Span(3, 8, 18), Span(4, 0, 14))
    assert CHUNK.spread(6, 22) == (Span(3, 8, 18), Span(4, 0, 5))
    assert CHUNK.spread(6, 16) == (Span(3, 8, 18),)
    assert CHUNK.spread(6, 17) == (Span(3, 8, 18),)  # no further than the newline that joins the pages
    assert CHUNK.spread(17, 31) == (Span(4, 0, 14),)


def test_a_place_beyond_the_chunk_ends_with_it():
    assert CHUNK.locate(25, 400) == Span(4, 8, 14)
    assert CHUNK.locate(400, 500) == Span(4, 14, 14)


def test_first_and_last_page():
    assert (CHUNK.first_page, CHUNK.last_page) == (3, 4)


def test_a_place_around_a_watermark_is_spread_over_both_parts():
    around = Chunk("c", "d", 0, (Span(3, 2, 18), Span(3, 40, 54)), "", TEXT)
    assert around.spread(6, 22) == (Span(3, 8, 18), Span(3, 40, 45))
    assert around.spread(17, 31) == (Span(3, 40, 54),)
    assert around.body == Span(3, 2, 54)
