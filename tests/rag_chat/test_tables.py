"""The header of a table is known to each of its rows, and goes with each of its chunks."""

import pytest
from fakes import HashEmbedder

from ingest.chunk import Limit, cut
from rag_chat import tables
from rag_chat.sentences import columns
from rag_chat.types import Page


def headers(lines):
    return tables.headers(lines).of_line


COUNT = HashEmbedder().token_counts
HEAD = ["Consolidated income", "(in millions)", "Year ended December 31, 2021 2020 2019"]


def rows(count):
    return [f"Quay {i} grain $ {i * 11} {i * 13} {i * 17}" for i in range(1, count + 1)]


def chunks(lines, tokens=60, overlap=15):
    page = Page(1, "1", " \n".join(lines))
    made = cut("d" * 64, "a.pdf", [page], (), limit=Limit(tokens, overlap), count=COUNT)
    assert max(COUNT([c.embedded for c in made])) <= tokens
    for chunk in (c.chunk for c in made):
        assert chunk.text == "\n".join(page.text[s.start : s.end] for s in chunk.spans)
    return [c.chunk for c in made]


def test_rows_stand_under_the_short_lines_and_the_years_above_them():
    lines = ["The harbor grew in this year, as it did before.", *HEAD, *rows(3), "It rained on most days of the year."]
    assert headers(lines) == [None] * 4 + [range(1, 4)] * 3 + [None]


def test_labels_between_rows_belong_to_the_table():
    assert headers([*HEAD, *rows(1), "Other quays:", *rows(1)]) == [None] * 3 + [range(3)] * 3


def test_a_row_of_years_begins_a_new_table():
    found = headers([*HEAD, *rows(1), "Cash flows", "2021 2020 2019", *rows(1)])
    assert (found[3], found[-1]) == (range(3), range(4, 6))


def test_text_without_rows_has_no_headers():
    assert headers(["A heading", "Some prose that ends.", "More of it, in 2021."]) == [None] * 3


def test_a_row_knows_its_column_names_and_nothing_else_has_any():
    text = " \n".join(["It rained on most days.", *HEAD, *rows(2)])
    assert tables.column_names(text, text.index("Quay 2")) == " ".join(HEAD)
    assert tables.column_names(text, text.index("Consolidated")) == tables.column_names(text, 0) == ""


@pytest.mark.parametrize(
    ("line", "figures"), [("Grain $ 12 — (3)%", 3), ("Grain in 2021", 1), ("Page 7 of 20", 1), ("Grain", 0), ("", 0)]
)
def test_columns_are_the_figures_that_a_line_ends_in(line, figures):
    assert columns(line) == figures


def test_lines_with_a_word_for_each_figure_name_the_columns_and_a_title_above_them_does_not():
    def naming(*lines):
        return [i for i in range(len(lines)) if tables.names_columns(lines, i)]

    assert naming("Tarn plc", "Quay Cargo Tons Value", *rows(2)) == [1]
    assert naming("Tarn plc", "Year ended", "2021 2020 2019", *rows(2)) == [1, 2]
    assert naming("2021 2020 2019", *rows(2)) == [0]
    assert naming("Tarn plc", *rows(2)) == naming("Tarn plc", "It rained on most days.") == []


def test_rows_and_headers_stand_on_lines_of_their_own_and_prose_flows():
    prose = "It rained on \nmost days."
    parts = tables.on_lines_of_their_own("\n".join([prose, *HEAD, *rows(1), prose]))
    assert parts == [f"{prose}\n", *(f"{line}\n" for line in [*HEAD, *rows(1)]), prose]


def test_each_chunk_of_a_long_table_has_the_header_and_whole_rows():
    made = chunks([*HEAD, *rows(40)], tokens=90)
    assert len(made) > 4
    for chunk in made:
        assert chunk.text.startswith("Consolidated income")
        assert all(line.strip() in (*HEAD, *rows(40)) for line in chunk.text.split("\n"))
    held = [line.strip() for chunk in made for line in chunk.text.split("\n") if line.startswith("Quay")]
    assert held == rows(40), "each row once, in order"


def test_places_in_the_rows_map_back_to_the_page():
    lines = [*HEAD, *rows(40)]
    text = " \n".join(lines)
    last = chunks(lines, tokens=90)[-1]
    at = last.text.index("Quay 40")
    span = last.locate(at, at + 7)
    assert text[span.start : span.end] == "Quay 40"


def test_header_that_takes_too_much_stays_where_it_is():
    long = ["Quays of the old northern harbor by kind of grain and year of building"] * 3
    made = chunks([*long, *rows(40)], tokens=60)
    assert not any(chunk.text.startswith("Quays of") for chunk in made[2:])


def test_label_goes_with_its_row():
    lines = [*HEAD, *[line for row in rows(30) for line in ("Grain that was moved to the other", row)]]
    for chunk in chunks(lines, tokens=100):
        assert not chunk.text.rstrip().endswith(HEAD[-1])
        assert chunk.text.split("\n")[3].startswith("Grain") or not chunk.text.startswith(HEAD[0])


def pages_of(*texts):
    pages = [Page(n, str(n), " \n".join(lines)) for n, lines in enumerate(texts, start=1)]
    made = [c.chunk for c in cut("d" * 64, "a.pdf", pages, (), limit=Limit(90, 15), count=COUNT)]
    for chunk in made:
        assert chunk.text == "\n".join(pages[s.page - 1].text[s.start : s.end] for s in chunk.spans)
    return made


def test_table_that_goes_on_on_the_next_pages_takes_its_header_along():
    after = ["All quays are counted once a year by the harbor master and two clerks.", *rows(3)]
    made = pages_of([*HEAD, *rows(20)], rows(30), [*rows(9), *after])
    assert [chunk.first_page for chunk in made] == sorted(chunk.first_page for chunk in made)
    going_on = [chunk for chunk in made if chunk.first_page > 1 and chunk.body.start == 0]
    assert len(going_on) == 2
    for chunk in made:
        at = chunk.text.find("All quays")
        if at < 0:
            assert chunk.text.startswith("Consolidated income"), chunk.text
            assert chunk.body.page == chunk.first_page == chunk.last_page
            assert (chunk.spans[0].header and chunk.spans[0].page == 1) or chunk.first_page == 1
    last = made[-1]
    span = last.locate(last.text.index("Quay"), len(last.text))
    assert span.page == 3, "what is quoted stands on its own page"


def test_table_that_has_ended_takes_its_header_nowhere():
    ended = [*HEAD, *rows(5), "It rained on most days of the year, and the harbor was closed for a week in May."]
    assert all(not chunk.spans[0].header for chunk in pages_of(ended, rows(30)) if chunk.first_page == 2)


def test_table_with_a_header_of_its_own_needs_no_other():
    made = pages_of([*HEAD, *rows(20)], ["Cash flows", "2021 2020 2019", *rows(30)])
    assert all(chunk.text.startswith("Cash flows") for chunk in made if chunk.first_page == 2)


MESSAGES = ["Code\tMeaning\tWhat to do", "E101\tTank empty\tFill the tank", "E205\tGrinder blocked\tCall service"]
MODELS = ["Vesta\tVesta Plus", "Power\t1,450 W\t1,600 W", "Weight\t9 kg\t10 kg"]


def test_a_row_of_names_heads_the_rows_of_words_below_it():
    assert headers(["Messages on the display", *MESSAGES]) == [None, None, range(1, 2), range(1, 2)]
    assert headers(MODELS) == [None, range(1), range(1)]
    assert tables.column_names("\n".join(MESSAGES), "\n".join(MESSAGES).index("E205")) == MESSAGES[0]


def test_a_row_that_says_the_same_as_the_next_one_is_no_header():
    rows = [
        "Clean the grille\tEvery month\tUser",
        "Check the water\tEvery 3 months\tUser",
        "Drain\tEvery 6 months\tUser",
    ]
    assert tables.headers(rows).of_line == [None] * 3
    assert tables.headers(["Task\tInterval\tWho", *rows[1:]]).of_line == [None, range(1), range(1)]


def test_a_table_below_another_has_names_of_its_own():
    found = headers([*MODELS, "Messages on the display", *MESSAGES])
    assert found == [None, range(1), range(1), None, None, range(4, 5), range(4, 5)]


@pytest.mark.parametrize(
    ("line", "below"),
    [
        ("E101\tTank empty\tFill it", "E102\tDrawer full\tEmpty it"),
        ("Anna Berg\tChair\tOslo", "Peter Holm\tTreasurer\tBergen"),
        ("Tenant\tMs Berg", "Rent\t900 a month"),
        ("Landlord:\tNordic Homes Ltd", "Rent\t900\ta month"),
        ("One\tthat says what is to be done with it\tThree", "E102\tDrawer full\t3"),
    ],
)
def test_a_row_that_may_be_none_of_names_heads_no_other(line, below):
    assert headers([line, below])[1] != range(1)


def test_rows_with_other_cells_than_the_names_above_do_not_stand_under_them():
    lines = [*MESSAGES, "Rent\tThe sum that is paid", "E311\tToo hot\tWait"]
    assert headers(lines) == [None, range(1), range(1), None, range(1)]


def test_rows_of_words_stand_on_lines_of_their_own():
    parts = tables.on_lines_of_their_own("\n".join(["It rained \non most days.", *MESSAGES]))
    assert parts == ["It rained \non most days.\n", *(f"{line}\n" for line in MESSAGES[:-1]), MESSAGES[-1]]


def test_the_names_of_a_long_table_of_words_go_with_each_of_its_chunks():
    lines = [MESSAGES[0], *(f"E{i}\tGrinder {i} blocked\tCall service number {i}" for i in range(101, 140))]
    made = chunks(lines)
    assert len(made) > 2
    assert all(chunk.text.startswith(MESSAGES[0]) for chunk in made)
