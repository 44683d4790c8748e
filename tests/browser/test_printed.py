"""What a browser prints names rows, cells and headings in the file: a row is one line, and a heading one however it
looks. It names those cells only that it takes for a table's, as those with a border."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from ingest import cells, glyphs, rows
from ingest.parse import parse
from ingest.parsed import Limits
from ingest.tagged import Tags
from rag_chat.highlight import PageView
from rag_chat.sandbox import Sandbox
from rag_chat.sentences import readable, split

pytestmark = pytest.mark.browser

MESSAGES = """<table style="width: 430px">
<tr><th>Code</th><th>Meaning</th><th>What to do</th><th>Price</th></tr>
<tr><td>E101</td><td>Tank empty</td><td>Fill the tank and push it down until it clicks into
its place</td><td>-</td></tr>
<tr><td>E205</td><td>Grinder blocked by a stone or a nail</td><td>Switch off, then call</td><td>EUR 64</td></tr>
<tr><td>E301</td><td>Drip tray missing</td><td>Push it in, then wait for the lamp, which goes on
after ten seconds; repeat</td><td>EUR 20 for a new tray</td></tr></table><p>Else unplug the machine.</p>"""
PARAGRAPH = "The ferry leaves the island at seven and is back before noon. " * 8


@pytest.fixture
def printed(browser, tmp_path):
    """The lines of the first page of some HTML as it is printed, and those of the same where no cell is named."""

    def lines_of(html: str) -> tuple[list[str], list[str]]:
        with closing(browser.new_context()) as context:
            page = context.new_page()
            page.set_content(
                f"<body style='font-family: sans-serif'>{html.replace('<table', '<table border=1')}</body>"
            )
            return tuple(read(page, tmp_path / f"{named}.pdf", named) for named in (True, False))

    return lines_of


def read(page, path: Path, named: bool) -> list[str]:
    page.pdf(path=path, tagged=named)
    with closing(glyphs.open_document(path, None)) as document, glyphs.opened_page(document, 0) as (sheet, of_page):
        text = cells.parted(of_page, glyphs.page_text(of_page))
        tags = Tags(sheet, of_page)
        parted = rows.parted(text, tags.cells, certain=True)
    assert len(parted) == len(text) and parted.split() == text.split()
    assert tags.has_cells <= named and (named or parted == text)
    return ["\t".join(" ".join(cell.split()) for cell in line.split("\t")) for line in parted.split("\n")]


def test_row_whose_cells_are_centred_upright_is_one_line(printed):
    named, unnamed = printed(MESSAGES)
    assert named == [
        "Code\tMeaning\tWhat to do\tPrice",
        "E101\tTank empty\tFill the tank and push it down until it clicks into its place\t-",
        "E205\tGrinder blocked by a stone or a nail\tSwitch off, then call\tEUR 64",
        "E301\tDrip tray missing\tPush it in, then wait for the lamp, which goes on after ten seconds; repeat"
        "\tEUR 20 for a new tray",
        "Else unplug the machine.",
    ]
    assert named != unnamed


def test_figure_in_several_cells_stays_together(printed):
    year = "<tr><td>Year</td><td>2025</td></tr>"
    sales = "<tr><td>Sales</td><td>$</td><td>1,204</td><td>(12</td><td>)%</td><td>—</td></tr>"
    ranges = "<tr><td>3</td><td>-</td><td>4</td></tr><tr><td>5</td><td>-</td><td>9</td></tr>"
    named, _ = printed(f"<table>{year}{sales}</table><table>{ranges}</table>")
    assert named == ["Year\t2025", "Sales\t$ 1,204\t(12 )%\t—", "3 - 4", "5 - 9"]


@pytest.mark.parametrize(
    "html",
    [
        f"<table><tr><td>{PARAGRAPH}</td><td>{PARAGRAPH}</td></tr></table>",
        f"<table><tr><td>&bull;</td><td>{PARAGRAPH[:300]}</td></tr><tr><td>(1)</td><td>{PARAGRAPH[:300]}</td></tr></table>",
        f"<table><tr><th>The ferry</th></tr><tr><td>{PARAGRAPH[:400]}</td></tr></table>",
        f"<p>{PARAGRAPH}</p><ul><li>One</li><li>Two</li></ul>",
    ],
    ids=["a page laid out", "items", "a frame", "no table"],
)
def test_what_is_no_row_stays_as_it_is(printed, html):
    named, unnamed = printed(html)
    assert named == unnamed


def test_table_in_a_cell_has_rows_of_its_own(printed):
    inner = "<table><tr><td>Hook</td><td>4711</td></tr><tr><td>Ring</td><td>4712</td></tr></table>"
    named, _ = printed(f"<table><tr><td>Crane</td><td>Parts {inner}</td><td>Keep this list</td></tr></table>")
    assert {"Hook\t4711", "Ring\t4712"} <= set(named) and not any("Parts" in line and "\t" in line for line in named)


ITEMS = """<p>The cover excludes:</p><ul><li>wear and tear</li><li>pets that scratch or tear what is in the home and
belongs to somebody else, or to nobody at all</li><li>vehicles:<ul><li>cars</li><li>boats</li></ul></li></ul><p>what
else is lost is paid for.</p><ol><li>Call us.</li></ol>"""


def test_items_whose_bullets_are_drawn_have_bullets_where_they_are_named(browser, tmp_path):
    texts = {}
    for named in (True, False):
        with closing(browser.new_context()) as context, Sandbox(seconds=30, memory_mb=1024) as sandbox:
            page = context.new_page()
            page.set_content(ITEMS)
            page.pdf(path=tmp_path / f"{named}.pdf", tagged=named)
            texts[named] = parse(tmp_path / f"{named}.pdf", Limits(20, 50), sandbox).pages[0].text
    assert len(texts[True]) == len(texts[False])
    text = texts[True]
    assert [readable(text[start:end]) for start, end in split(text)] == [
        "The cover excludes:",
        "• wear and tear",
        "• pets that scratch or tear what is in the home and belongs to somebody else, or to nobody at all",
        "• vehicles:",
        "• cars",
        "• boats",
        "what else is lost is paid for.",
        "1. Call us.",
    ]
    with closing(PageView()) as pages:
        for start, end in split(text):
            quote = text[start:end]
            assert pages.boxes(tmp_path / "True.pdf", 1, start, end, quote=quote)
            assert not pages.boxes(tmp_path / "True.pdf", 1, start, end, quote=quote[:-2])


def test_heading_that_is_no_larger_than_the_text_is_one_where_it_is_named(browser, tmp_path):
    html = "<h1>The baths</h1><p>They are old.</p>" + "".join(
        f"<h2>{number} {title}</h2><p>{PARAGRAPH}</p><h3>Times of {title}</h3><p>{PARAGRAPH}</p>"
        for number, title in enumerate(("the hall", "the lake"), start=1)
    )
    outlines = {}
    for named in (True, False):
        with closing(browser.new_context()) as context, Sandbox(seconds=30, memory_mb=1024) as sandbox:
            page = context.new_page()
            page.set_content(f"<style>h1, h2, h3 {{ font-size: 1em }}</style>{html}")
            page.pdf(path=tmp_path / "a.pdf", tagged=named)
            read = parse(tmp_path / "a.pdf", Limits(20, 50), sandbox)
        outlines[named] = [entry.path for entry in read.outline]
    assert outlines == {
        True: [
            ("The baths",),
            ("The baths", "1 the hall"),
            ("The baths", "1 the hall", "Times of the hall"),
            ("The baths", "2 the lake"),
            ("The baths", "2 the lake", "Times of the lake"),
        ],
        False: [],
    }
