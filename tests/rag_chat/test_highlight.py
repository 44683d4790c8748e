"""Boxes hold exactly the quoted words, whatever way the page is laid out or turned; images show exactly those boxes."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen import canvas

from rag_chat import highlight
from rag_chat.errors import DocumentError
from rag_chat.highlight import PageView
from rag_chat.turned import letters


@pytest.fixture(scope="module")
def view():
    opened = PageView()
    yield opened
    opened.close()


def make(path: Path, draw: Callable[[canvas.Canvas], None], size=A4) -> Path:
    sheet = canvas.Canvas(str(path), pagesize=size)
    draw(sheet)
    sheet.save()
    return path


def column(sheet: canvas.Canvas, y: float = 700) -> None:
    sheet.setFont("Helvetica", 11)
    for i in range(8):
        sheet.drawString(72, y - 16 * i, f"Left line {i} says something of its own.")


def far_apart(sheet: canvas.Canvas) -> None:
    sheet.drawString(119, 700, "Left")
    sheet.drawRightString(476, 100, "right")


def two_columns(sheet: canvas.Canvas) -> None:
    for i in range(8):
        sheet.setFont("Helvetica", 11)
        sheet.drawString(72, 700 - 16 * i, f"Left line {i} says something.")
        sheet.drawString(320, 700 - 16 * i, f"Right line {i} says the opposite.")


def turned(sheet: canvas.Canvas) -> None:
    sheet.setPageRotation(90)  # the sheet is then 595 points high
    column(sheet, 500)


def landscape(sheet: canvas.Canvas) -> None:
    """Text that runs upwards on a page that is turned, as scanners and spreadsheets make it."""
    sheet.setPageRotation(90)
    sheet.setFont("Helvetica", 11)
    sheet.translate(300, 100)
    sheet.rotate(90)
    for i in range(8):
        sheet.drawString(0, -16 * i, f"Wide line {i} says something of its own.")


def cropped(sheet: canvas.Canvas) -> None:
    sheet.setCropBox((60, 500, 400, 760))
    column(sheet)


def mixed(sheet: canvas.Canvas) -> None:
    """One line in several fonts and a raised number, as in a paper's title."""
    text = sheet.beginText(72, 700)
    for font, size, rise, part in (
        ("Helvetica", 12, 0, "The total of "),
        ("Helvetica-Bold", 12, 0, "12.5 million"),
        ("Helvetica", 7, 4, "3"),
        ("Times-Roman", 12, 0, " euros was paid, and more."),
    ):
        text.setFont(font, size)
        text.setRise(rise)
        text.textOut(part)
    sheet.drawText(text)
    sheet.drawString(72, 680, "A line below it.")


def text_of(path: Path) -> str:
    """As ingest has it, lines in the order in which they are read."""
    with closing(pypdfium2.PdfDocument(path)) as document, letters(document[0]) as text:
        return text.get_text_range()


def words_in(path: Path, boxes) -> str:
    """What PDFium itself finds inside the boxes, a hair smaller so that a touching neighbour does not count."""
    document = pypdfium2.PdfDocument(path)
    page = document[0].get_textpage()
    found = [page.get_text_bounded(x0 + 0.3, y0 + 0.3, x1 - 0.3, y1 - 0.3) for x0, y0, x1, y1 in boxes]
    document.close()
    return " ".join(" ".join(found).split())


LAYOUTS = [column, two_columns, turned, landscape, cropped, mixed]


@pytest.mark.parametrize("draw", LAYOUTS, ids=lambda draw: draw.__name__)
@pytest.mark.parametrize("share", [(0, 0.3), (0.1, 0.55), (0.4, 1)])
def test_boxed_words_are_the_quote(view, tmp_path, draw, share):
    path = make(tmp_path / "x.pdf", draw)
    text = text_of(path)
    start, end = (round(len(text) * part) for part in share)
    while text[start - 1 : start].strip():
        start -= 1  # to the beginning of a word
    while text[end : end + 1].strip():
        end += 1
    quote = text[start:end].strip()
    start = text.index(quote, start)
    boxes = view.boxes(path, 1, start, start + len(quote), quote=quote)
    assert boxes
    assert words_in(path, boxes).replace(" ", "") == "".join(quote.split())


def test_one_box_a_line(view, tmp_path):
    path = make(tmp_path / "x.pdf", mixed)
    text = text_of(path)
    end = text.index(" euros")
    assert len(view.boxes(path, 1, 0, end)) == 1


@pytest.mark.parametrize("draw", [column, turned])
def test_lines_below_each_other_have_a_box_each(view, tmp_path, draw):
    path = make(tmp_path / "x.pdf", draw)
    text = text_of(path)
    start, end = text.index("Left line 2"), text.index("Left line 5")
    boxes = view.boxes(path, 1, start, end)
    assert len(boxes) == 3
    assert all(before[1] > after[3] for before, after in pairwise(boxes))


def test_columns_are_boxed_apart(view, tmp_path):
    path = make(tmp_path / "x.pdf", two_columns)
    text = text_of(path)
    quote = text[text.index("Left line 2") : text.index("Right line 3")]
    boxes = view.boxes(path, 1, text.index(quote), text.index(quote) + len(quote))
    assert all(x1 < 320 or x0 > 310 for x0, _, x1, _ in boxes)


def test_no_boxes_when_the_words_are_not_those_of_the_range(view, tmp_path):
    path = make(tmp_path / "x.pdf", column)
    assert view.boxes(path, 1, 0, 11, quote="Left line 0")
    assert view.boxes(path, 1, 0, 11, quote="Left line 1") == ()


@pytest.mark.parametrize(("start", "end"), [(-1, 5), (5, 5), (9, 3), (0, 10**9)])
def test_no_boxes_for_a_range_that_is_not_there(view, tmp_path, start, end):
    assert view.boxes(make(tmp_path / "x.pdf", column), 1, start, end) == ()


def test_no_boxes_when_other_words_lie_in_the_same_place(view, tmp_path):
    def overlapping(sheet):
        sheet.setFont("Helvetica", 11)
        sheet.drawString(72, 700, "Quoted words here")
        sheet.drawString(74, 701, "Another thing now")

    path = make(tmp_path / "x.pdf", overlapping)
    text = text_of(path)
    start = text.find("Quoted")
    assert view.boxes(path, 1, start, start + 6) == ()


def marked_area(png: bytes) -> tuple[tuple[int, int], tuple[int, int, int, int]]:
    """The picture's size and the bounding box of everything in the highlight's colours."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    red, _, blue = picture.split()
    mask = Image.merge("RGB", (red.point(lambda v: 255 * (v > 200)), blue.point(lambda v: 255 * (v < 200)), blue))
    found = Image.eval(mask.split()[0], lambda v: v)
    both = Image.composite(found, Image.new("L", picture.size), mask.split()[1])
    box = both.getbbox()
    assert box is not None
    return picture.size, box


@pytest.mark.parametrize("draw", LAYOUTS, ids=lambda draw: draw.__name__)
def test_image_marks_the_place_of_the_boxes(view, tmp_path, draw):
    path = make(tmp_path / "x.pdf", draw)
    text = text_of(path)
    end = text.index(" ", 12)
    (box,) = view.boxes(path, 1, 0, end)
    image = view.image(path, 1, [(0, end)], width=900)
    size, marked = marked_area(image.png)
    document = pypdfium2.PdfDocument(path)
    page = document[0]
    bitmap = page.render(scale=900 / page.get_width())
    to_pixel = bitmap.get_posconv(page)
    assert size == (bitmap.width, bitmap.height)
    xs, ys = zip(to_pixel.to_bitmap(box[0], box[1]), to_pixel.to_bitmap(box[2], box[3]), strict=True)
    expected = (min(xs) - 2, min(ys) - 2, max(xs) + 3, max(ys) + 3)
    document.close()
    assert max(abs(a - b) for a, b in zip(marked, expected, strict=True)) <= 2, (marked, expected)
    ((shares,),) = image.boxes
    said = [share * side for share, side in zip(shares, (*size, *size), strict=True)]
    assert max(abs(a - b) for a, b in zip(marked, said, strict=True)) <= 2, (marked, said)


def test_image_without_spans_has_no_marks(view, tmp_path):
    png = view.image(make(tmp_path / "x.pdf", column), 1, [], width=900).png
    with pytest.raises(AssertionError):
        marked_area(png)


@pytest.mark.parametrize("size", [(612, 792), (14400, 14400), (14400, 3), (3, 14400)])
def test_pixels_stay_within_the_limit(view, tmp_path, size):
    path = make(tmp_path / "x.pdf", lambda sheet: sheet.drawString(1, 1, "x"), size)
    picture = Image.open(io.BytesIO(view.image(path, 1, [], width=1600).png))
    assert picture.width * picture.height <= highlight.MAX_PIXELS


def test_scale_is_limited_before_anything_is_drawn():
    scale = highlight._scale(1.0, 14_400_000.0, 1600)
    assert scale * 14_400_000 <= highlight.MAX_PIXELS
    with pytest.raises(DocumentError, match="0 x 5 points"):
        highlight._scale(0.0, 5.0, 900)


def test_errors_are_sentences(view, tmp_path):
    path = make(tmp_path / "x.pdf", column)
    with pytest.raises(DocumentError, match="no page 2, it ends at 1"):
        view.boxes(path, 2, 0, 3)
    (tmp_path / "bad.pdf").write_bytes(b"%PDF-1.7 nothing")
    with pytest.raises(DocumentError, match="cannot be opened"):
        view.image(tmp_path / "bad.pdf", 1, [], width=900)
    assert view.boxes(path, 1, 0, 11)  # and the next call works


def test_image_tells_where_print_begins_and_ends_across_the_page(view, tmp_path):
    width = A4[0]
    printed = view.image(make(tmp_path / "print.pdf", far_apart), 1, []).ink
    assert printed == pytest.approx((119 / width, 476 / width), abs=0.005)
    assert view.image(make(tmp_path / "blank.pdf", lambda sheet: sheet.showPage()), 1, []).ink == (0, 1)
