"""Tables of words, as reportlab and PDFium have them: each row is one line, its cells are parted by tabs."""

import time
from pathlib import Path

import pytest
from reportlab.lib import colors
from reportlab.lib.enums import TA_JUSTIFY
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle, getSampleStyleSheet
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph, SimpleDocTemplate, Table, TableStyle

from ingest import cells, glyphs

STYLE = getSampleStyleSheet()["Normal"]
MESSAGES = [
    ["Code", "Meaning", "What to do", "Price"],
    ["E101", "Tank empty", "Fill the tank and push it down until it clicks", "-"],
    ["E205", "Grinder blocked by a stone or by a nail", "Switch off, remove beans with a cleaner, call", "EUR 64"],
    ["E207", "Hopper empty, or its lid open a little", "Refill", "EUR 12"],
]


def read(path: Path) -> str:
    document = glyphs.open_document(path, None)
    try:
        with glyphs.opened_page(document, 0) as (_, of_page):
            text = glyphs.page_text(of_page)
            parted = cells.parted(of_page, text)
    finally:
        document.close()
    assert len(parted) == len(text)
    assert parted.split() == text.split()
    return parted


def lines_of(path: Path) -> list[str]:
    return [line.strip(" ") for line in read(path).split("\n")]


def drawn(path: Path, *lines: tuple[float, str], left: float = 72) -> Path:
    """Each line is pieces of text parted by `|`, set 120 points apart; the first number is its indent."""
    canvas = Canvas(str(path), pagesize=A4)
    for number, (indent, line) in enumerate(lines):
        for column, piece in enumerate(line.split("|")):
            if piece:
                canvas.drawString(left + indent + 120 * column, 760 - 14 * number, piece)
    canvas.save()
    return path


@pytest.fixture
def table(tmp_path: Path) -> Path:
    rows = Table([[Paragraph(cell, STYLE) for cell in row] for row in MESSAGES], colWidths=[50, 110, 150, 60])
    rows.setStyle(TableStyle([("GRID", (0, 0), (-1, -1), 0.5, colors.black), ("VALIGN", (0, 0), (-1, -1), "TOP")]))
    below = Paragraph("If another message appears, unplug the machine for five minutes.", STYLE)
    SimpleDocTemplate(str(tmp_path / "table.pdf")).build([Paragraph("Messages on the display", STYLE), rows, below])
    return tmp_path / "table.pdf"


def test_each_row_is_one_line_whatever_lines_its_cells_take(table):
    heading, *rows, below = lines_of(table)
    assert (heading, below) == (
        "Messages on the display",
        "If another message appears, unplug the machine for five minutes.",
    )
    assert [[" ".join(cell.split()) for cell in row.split("\t")] for row in rows] == MESSAGES


def test_prose_has_no_cells_however_it_is_justified(tmp_path):
    canvas = Canvas(str(tmp_path / "prose.pdf"), pagesize=A4)
    text = canvas.beginText(72, 760)
    text.setWordSpace(6)  # points more between words of 12
    text.textLines("The tide gate opens at five in the morning\nand the pumps are started before it.")
    canvas.drawText(text)
    canvas.save()
    assert "\t" not in read(tmp_path / "prose.pdf")


def test_what_opens_an_item_is_no_cell(tmp_path):
    items = ("•", "1.", "(b)", "iv.", "4.2")
    path = drawn(tmp_path / "items.pdf", *((0, f"{item}|Close the gate.") for item in items))
    assert "\t" not in read(path)


def test_an_indented_row_is_one_of_its_own(tmp_path):
    path = drawn(tmp_path / "rows.pdf", (0, "Revenue|2022|2021"), (8, "Products|55|51"), (120, "166|162"))
    assert lines_of(path) == ["Revenue\t2022\t2021", "Products\t55\t51", "166\t162"]


def test_a_line_far_below_or_at_the_left_edge_does_not_go_on_in_a_cell(tmp_path):
    rows = (0, "E6|Lamp broken"), (0, "E7|Hopper empty")
    path = drawn(tmp_path / "below.pdf", *rows, (0, ""), (0, "|a note at the right"))
    assert lines_of(path) == ["E6\tLamp broken", "E7\tHopper empty", "a note at the right"]
    path = drawn(tmp_path / "left.pdf", *rows, (0, "the rest of the page"))
    assert lines_of(path) == ["E6\tLamp broken", "E7\tHopper empty", "the rest of the page"]
    path = drawn(tmp_path / "middle.pdf", *rows, (170, "A title in the middle"))
    assert lines_of(path) == ["E6\tLamp broken", "E7\tHopper empty", "A title in the middle"]


def test_rows_without_a_first_cell_are_rows_of_their_own(tmp_path):
    path = drawn(tmp_path / "groups.pdf", (0, "Coffee|Espresso|2.50"), (0, "|Latte|3.50"), (0, "|Flat white|3.80"))
    assert lines_of(path) == ["Coffee\tEspresso\t2.50", "Latte\t3.50", "Flat white\t3.80"]


def test_narrow_justified_columns_are_no_tables(tmp_path):
    canvas = Canvas(str(tmp_path / "narrow.pdf"), pagesize=A4)
    style = ParagraphStyle("narrow", STYLE, alignment=TA_JUSTIFY, hyphenationLang="")
    text = Paragraph(
        "The municipal administration announced extraordinarily comprehensive improvements. Representatives of "
        "neighbouring organisations congratulated everybody. Approximately two hundred householders participated.",
        style,
    )
    text.wrapOn(canvas, 130, 500)
    text.drawOn(canvas, 72, 500)
    canvas.save()
    assert "\t" not in read(tmp_path / "narrow.pdf")


def test_a_flood_of_wide_blanks_is_no_table_and_takes_moments(tmp_path):
    canvas = Canvas(str(tmp_path / "flood.pdf"), pagesize=(1_000_000, 800))
    for y in (700, 600, 500):
        text = canvas.beginText(10, y)
        text.setWordSpace(30)
        text.textLine("a " * 20_000)
        canvas.drawText(text)
    canvas.save()
    start = time.process_time()
    assert "\t" not in read(tmp_path / "flood.pdf")
    assert time.process_time() - start < 5
