"""Tables that are drawn with rules: each row is one line, wherever its cells are aligned and however near they are."""

from contextlib import closing
from pathlib import Path

import pytest
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph, SimpleDocTemplate, Table, TableStyle

from ingest import cells, glyphs, rows, ruled
from ingest.ruled import Rules

STYLE = getSampleStyleSheet()["Normal"]
MESSAGES = [
    ["Code", "Meaning", "What to do", "Price"],
    ["E101", "Tank empty", "Fill the tank and push it down until it clicks", "-"],
    ["E205", "Grinder blocked by a stone or by a nail", "Switch off, remove beans, call the service", "EUR 64"],
    ["E207", "Hopper empty, or its lid open a little", "Refill", "EUR 12"],
]
GRID = [("GRID", (0, 0), (-1, -1), 0.5, colors.black)]
SHADED = [
    command for row in range(4) for column in range(4)
    for command in [("BACKGROUND", (column, row), (column, row), (colors.lightgrey, colors.white)[row % 2])]
]  # fmt: skip


def lines_of(path: Path) -> list[str]:
    with closing(glyphs.open_document(path, None)) as document, glyphs.opened_page(document, 0) as (page, of_page):
        text = cells.parted(of_page, glyphs.page_text(of_page))
        rules = Rules(page, of_page)
        parted = rows.parted(text, rules.cells) if rules else text
    assert len(parted) == len(text) and parted.split() == text.split()
    return ["\t".join(" ".join(cell.split()) for cell in line.split("\t")) for line in parted.split("\n")]


@pytest.mark.parametrize("align", ["TOP", "MIDDLE", "BOTTOM"])
@pytest.mark.parametrize("look", [GRID, SHADED], ids=["lines", "shades"])
def test_row_is_one_line_wherever_its_cells_are_aligned(tmp_path, align, look):
    table = Table([[Paragraph(cell, STYLE) for cell in row] for row in MESSAGES], colWidths=[50, 110, 150, 60])
    table.setStyle(TableStyle([*look, ("VALIGN", (0, 0), (-1, -1), align)]))
    SimpleDocTemplate(str(tmp_path / "a.pdf")).build([table, Paragraph("If another message appears, wait.", STYLE)])
    assert lines_of(tmp_path / "a.pdf") == [*map("\t".join, MESSAGES), "If another message appears, wait."]


def grid(canvas: Canvas, left: float, top: float, across: list[float], up: list[float]) -> None:
    canvas.grid([left + x for x in across], [top - y for y in up])


@pytest.mark.parametrize("turned", range(4))
def test_cells_that_nearly_touch_are_parted_by_the_rule_between_them_whatever_way_the_page_lies(tmp_path, turned):
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=A4)
    canvas.translate(*[(0, 0), (A4[0], 0), A4, (0, A4[1])][turned])
    canvas.rotate(90 * turned)
    grid(canvas, 50, 500, [0, 32, 105, 150], [0, 20, 40])
    for y, row in ((486, ["E101", "Tank empty", "12"]), (466, ["E205", "Grinder full", "64"])):
        for x, cell in zip((52, 85, 158), row, strict=True):
            canvas.drawString(x, y, cell)
    canvas.save()
    assert lines_of(tmp_path / "a.pdf") == ["E101\tTank empty\t12", "E205\tGrinder full\t64"]


def test_words_across_a_rule_are_not_parted_by_it(tmp_path):
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=A4)
    grid(canvas, 50, 500, [0, 100, 200, 300], [0, 20, 40, 60])
    canvas.drawString(62, 486, "Three months ended in March")
    for y, row in ((466, ["Sales", "12", "14"]), (446, ["Costs", "(3)", "(9)"])):
        for x, cell in zip((52, 152, 252), row, strict=True):
            canvas.drawString(x, y, cell)
    canvas.save()
    assert lines_of(tmp_path / "a.pdf") == ["Three months ended in March", "Sales\t12\t14", "Costs\t(3)\t(9)"]


@pytest.mark.parametrize("boxes", [[0, 100], [0, 100, 200]], ids=["a box", "a legend"])
def test_box_around_text_makes_no_row_of_it(tmp_path, boxes):
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=A4)
    grid(canvas, 50, 500, boxes, [0, 50])
    canvas.drawString(52, 480, "Cargo")
    canvas.drawString(100, 480, "Ferries")
    canvas.drawString(52, 460, "and harbor dues")
    canvas.save()
    assert lines_of(tmp_path / "a.pdf") == ["Cargo Ferries", "and harbor dues"]


def test_plot_of_many_lines_is_not_looked_at(tmp_path):
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=A4)
    grid(canvas, 50, 700, list(range(0, 200)), [5 * y for y in range(100)])
    for row in range(20):
        canvas.lines([(x, 30 * row + 10, x, 30 * row + 20) for x in range(ruled.MOST_EDGES // 10)])
    canvas.drawString(60, 650, "Wind")
    canvas.save()
    path = tmp_path / "a.pdf"
    with closing(glyphs.open_document(path, None)) as document, glyphs.opened_page(document, 0) as (page, of_page):
        assert not Rules(page, of_page)
