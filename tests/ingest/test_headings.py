"""Headings by the size of their letters, where a file has no outline."""

from ingest.headings import Line, outline


def lines(*given):
    """(page, size, text) with places as they follow each other on the page."""
    made, starts = [], {}
    for page, size, text in given:
        made.append(Line(page, starts.get(page, 0), text, size))
        starts[page] = starts.get(page, 0) + len(text) + 2
    return made


PROSE = [(1, 10.0, "The harbor grew in this year, as it did in the years before.")] * 8


def paths(*given):
    return [(entry.page, entry.path) for entry in outline(lines(*given))]


def test_larger_letters_are_higher_levels():
    found = paths((1, 20, "Harbor report"), *PROSE, (1, 14, "Grain"), *PROSE, (2, 14, "Coal"), (2, 20, "Annex"), *PROSE)
    assert found == [
        (1, ("Harbor report",)),
        (1, ("Harbor report", "Grain")),
        (2, ("Harbor report", "Coal")),
        (2, ("Annex",)),
    ]


def test_heading_over_two_lines_is_one():
    assert paths((1, 20, "The harbor and "), (1, 20, "its quays"), *PROSE) == [(1, ("The harbor and its quays",))]


def test_one_size_has_no_headings():
    assert paths(*PROSE, *PROSE) == []


def test_slides_in_large_letters_have_none():
    assert paths(*PROSE[:2], *[(page, 24, f"Point {page}") for page in range(1, 9)]) == []


def test_running_titles_sentences_and_figures_are_no_headings():
    running = [(page, 14, "Harbor report") for page in range(1, 4)]
    others = [(4, 14, "A sentence in large letters that ends."), (5, 30, "42"), (6, 14, "Total 1,200 3,400 5,600")]
    assert paths(*running, *PROSE, *others, *PROSE, *PROSE, *PROSE) == []


def test_a_covers_large_letters_head_no_book():
    book = [(page, size, text) for page in range(2, 12) for _, size, text in PROSE]
    assert paths((1, 20, "Securities Commission"), *PROSE, *book) == []
