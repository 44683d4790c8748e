"""Pages and print turned in every way: the same text, the same rows, the same headings, boxes on the words."""

from contextlib import closing
from pathlib import Path

import pytest
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from ingest import cells, glyphs
from rag_chat.highlight import PageView

HEADING = "Inspection of the crane"
LINES = ["It takes place in March of every year.", "The hook carries at most 12 tonnes.", "Each part has its torque:"]
ROWS = [["Part", "Number", "Torque in Nm"], ["Hook bolt", "4711", "120"], ["Swivel ring", "4712", "85"]]
ROW = "Hook bolt\t4711\t120"


@pytest.fixture(params=[(turned, rotation) for turned in range(4) for rotation in (0, 90, 180, 270)], ids=str)
def page(request, tmp_path: Path) -> Path:
    """Print turned so many times to the left, on a page that is shown turned by so many degrees to the right."""
    turned, rotation = request.param
    canvas = Canvas(str(tmp_path / "page.pdf"), pagesize=A4)
    across, up = A4
    canvas.translate(*[(0, 0), (across, 0), (across, up), (0, up)][turned])
    canvas.rotate(90 * turned)
    top = (up, across)[turned % 2]
    canvas.setFont("Helvetica", 18)
    canvas.drawString(60, top - 80, HEADING)
    canvas.setFont("Helvetica", 12)
    for number, line in enumerate(LINES):
        canvas.drawString(60, top - 110 - 18 * number, line)
    for number, row in enumerate(ROWS):
        for column, cell in enumerate(row):
            canvas.drawString(60 + 110 * column, top - 190 - 18 * number, cell)
    canvas.setPageRotation(rotation)
    canvas.save()
    return tmp_path / "page.pdf"


def read(path: Path) -> tuple[str, tuple[float, ...]]:
    """The text with its tabs, and the sizes of its lines."""
    with closing(glyphs.open_document(path, None)) as document, glyphs.opened_page(document, 0) as (sheet, of_page):
        turned = sheet.get_rotation()
        text = glyphs.page_text(of_page)
        found = cells.parted(of_page, text), glyphs.line_sizes(of_page, text)
        assert sheet.get_rotation() == turned
    return found


def test_text_is_read_in_order_with_the_cells_of_its_rows_and_the_size_of_its_heading(page):
    text, sizes = read(page)
    assert [line.strip(" ") for line in text.split("\n")] == [HEADING, *LINES, *map("\t".join, ROWS)]
    assert sizes[0] > 1.3 * max(sizes[1:]) and max(sizes[1:]) - min(sizes[1:]) < 0.2


def test_boxes_are_on_the_row_and_on_nothing_else(page):
    text, _ = read(page)
    start = text.index(ROW)
    view = PageView()
    try:
        boxes = view.boxes(page, 1, start, start + len(ROW), quote=ROW)
        image = view.image(page, 1, [(start, start + len(ROW))])
        above = view.boxes(page, 1, start - 30, start - 2)
    finally:
        view.close()
    assert 1 <= len(boxes) <= 3 and above and not set(boxes) & set(above)
    assert len(image.boxes[0]) == len(boxes)
    thickness = [min(box[2] - box[0], box[3] - box[1]) for box in boxes]
    assert all(5 < across < 18 for across in thickness), boxes
