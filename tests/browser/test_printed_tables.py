"""Tables in what a browser prints, which names their rows and cells in the file: each row is one line. It names those
only that it takes for tables, as those with a border."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from ingest import cells, glyphs, rows
from ingest.tagged import Tags

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
        parted = rows.parted(text, tags.cells) if tags else text
    assert len(parted) == len(text) and parted.split() == text.split()
    assert named or not tags
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
    named, _ = printed(
        "<table><tr><td>Year</td><td>2025</td></tr><tr><td>Sales</td><td>$</td><td>1,204</td><td>(12</td><td>)%</td><td>—</td></tr></table>"
    )
    assert named == ["Year\t2025", "Sales\t$ 1,204\t(12 )%\t—"]


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
