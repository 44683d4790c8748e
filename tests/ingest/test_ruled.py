"""Tables that are drawn with rules: each row is one line, wherever its cells are aligned and however near they are."""

import time
from contextlib import closing
from pathlib import Path

import pytest
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph, SimpleDocTemplate, Table, TableStyle

from ingest import cells, glyphs, rows
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
        parted = rows.parted(text, rules.cells, certain=False) if rules else text
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
    grid(canvas, 50, 500, [0, 32, 105, 190], [0, 20, 40])
    for y, row in ((486, ["E101", "Tank empty", "12"]), (466, ["E205", "Grinder full", "64"])):
        for x, cell in zip((52, 85, 175), row, strict=True):
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


def test_underlined_words_do_not_cut_their_row(tmp_path):
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=A4)
    grid(canvas, 50, 500, [0, 100, 200, 300], [0, 40, 80])
    for top, number in ((500, 1), (460, 2)):
        for x, y, cell in ((52, 14, f"Bolt {number}"), (152, 14, "sheet.pdf"), (152, 28, "there"), (252, 21, "steel")):
            canvas.drawString(x, top - y, cell)
        canvas.line(152, top - 16, 190, top - 16)
    canvas.save()
    assert lines_of(tmp_path / "a.pdf") == [f"Bolt {number}\tsheet.pdf there\tsteel" for number in (1, 2)]


def test_marked_words_are_not_parted(tmp_path):
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=A4)
    for y in (700, 680):
        x = 50.0
        for part in ("The clause must be", "read", "by everyone who signs it."):
            wide = stringWidth(part + " ", "Helvetica", 12)
            canvas.setFillColor(colors.yellow)
            canvas.rect(x, y - 3, wide, 14, stroke=0, fill=1)
            canvas.setFillColor(colors.black)
            canvas.drawString(x, y, part)
            x += wide
    canvas.save()
    assert lines_of(tmp_path / "a.pdf") == ["The clause must be read by everyone who signs it."] * 2


@pytest.mark.parametrize(
    ("text", "apart"),
    [
        (["We repair what others replace.", "We answer at night. Visit us."], 0),
        (["Repairs of boilers", "at night"], 20),
    ],
    ids=["prose", "with a gap"],
)
def test_boxes_side_by_side_are_no_rows(tmp_path, text, apart):
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=A4)
    for top in (700, 640):
        for left in (50, 250 + apart):
            canvas.rect(left, top - 40, 200, 40)
            for number, line in enumerate(text):
                canvas.drawString(left + 4, top - 14 - 14 * number, line)
    canvas.save()
    assert lines_of(tmp_path / "a.pdf") == text * 4


def test_frames_that_are_parted_at_other_places_are_no_rows_of_one_table(tmp_path):
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=A4)
    for top, middle in ((700, 120), (640, 300), (580, 210)):
        grid(canvas, 50, top, [0, middle, 480], [0, 40])
        for left in (54, 54 + middle):
            canvas.drawString(left, top - 14, "of boilers")
            canvas.drawString(left, top - 28, "at night")
    canvas.save()
    assert lines_of(tmp_path / "a.pdf") == ["of boilers", "at night"] * 6


def test_spreadsheet_of_many_thin_boxes_is_read(tmp_path):
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=(900, 1800))
    for row in range(60):
        for column in range(12):
            left, bottom = 20 + 70 * column, 1700 - 28 * row
            for box in ((0, 0, 70, 0.7), (0, 27.3, 70, 0.7), (0, 0, 0.7, 28), (69.3, 0, 0.7, 28)):
                canvas.rect(left + box[0], bottom + box[1], box[2], box[3], stroke=0, fill=1)
            canvas.drawString(left + 4, bottom + 10, f"Part {row}" if column == 0 else str(row * column))
    canvas.save()
    expected = ["\t".join([f"Part {row}", *(str(row * column) for column in range(1, 12))]) for row in range(60)]
    assert lines_of(tmp_path / "a.pdf") == expected


def test_map_of_many_lines_takes_no_time(tmp_path):
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=A4)
    for height in range(200):
        canvas.lines([(x / 10, 2 * height, x / 10 + 0.1, 2 * height + x % 3) for x in range(2000)])
    grid(canvas, 50, 700, list(range(0, 200, 40)), [0, 20, 40])
    canvas.drawString(60, 650, "Wind")
    canvas.save()
    with closing(glyphs.open_document(tmp_path / "a.pdf", None)) as document:
        page = document[0]
        start = time.monotonic()
        assert not Rules(page, page.get_textpage())
        assert time.monotonic() - start < 2


@pytest.mark.parametrize("boxes", [[0, 100], [0, 100, 200]], ids=["a box", "a legend"])
def test_box_around_text_makes_no_row_of_it(tmp_path, boxes):
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=A4)
    grid(canvas, 50, 500, boxes, [0, 50])
    canvas.drawString(52, 480, "Cargo")
    canvas.drawString(100, 480, "Ferries")
    canvas.drawString(52, 460, "and harbor dues")
    canvas.save()
    assert lines_of(tmp_path / "a.pdf") == ["Cargo Ferries", "and harbor dues"]


def test_titles_of_persons_are_no_ends_of_sentences(tmp_path):
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=A4)
    grid(canvas, 50, 500, [0, 130, 260], [0, 40, 80])
    for top in (500, 460):
        for left, name in ((52, "head: Dr. Wilk"), (182, "Prof. Jones")):
            canvas.drawString(left, top - 18, name)
            canvas.drawString(left, top - 32, "of Leeds")
    canvas.save()
    assert lines_of(tmp_path / "a.pdf") == ["head: Dr. Wilk of Leeds\tProf. Jones of Leeds"] * 2


def test_numbered_rows_of_a_table_with_more_columns_are_rows(tmp_path):
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=A4)
    grid(canvas, 50, 500, [0, 30, 130, 230], [0, 40, 80])
    for top, number, name in ((500, "1", "Ann Lee"), (460, "2", "Bo Day")):
        canvas.drawString(52, top - 25, number)
        canvas.drawString(82, top - 18, name)
        canvas.drawString(82, top - 32, "of Leeds")
        canvas.drawString(182, top - 25, "first")
    canvas.save()
    assert lines_of(tmp_path / "a.pdf") == ["1\tAnn Lee of Leeds\tfirst", "2\tBo Day of Leeds\tfirst"]
