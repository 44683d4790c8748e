"""Pages that are images get text by recognition, and a box for each word; the real models run."""

import json
from collections.abc import Iterator

import pypdfium2 as pdfium
import pytest
from pdfs import prose, write_pdf
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from ingest import ocr
from ingest.ocr import _assembled, _Line, _rows
from ingest.parse import parse
from ingest.parsed import Limits
from rag_chat.errors import DocumentError
from rag_chat.highlight import PageView
from rag_chat.index import verify
from rag_chat.library.begun import Unfinished
from rag_chat.sandbox import Sandbox

LINES = ["The tide gate opens at five in the morning.", "Grain is moved by rail to the northern quay."]


@pytest.fixture(autouse=True)
def no_recognition() -> None:
    """Here it is what is tested; elsewhere it is switched off."""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(seconds=120, memory_mb=2048) as box:
        yield box


def scans(tmp_path):
    """Three pages that are pictures of text."""
    lines = [[f"The tide gate {number} opens at five in the morning."] for number in (1, 2, 3)]
    canvas = Canvas(str(tmp_path / "scan.pdf"), pagesize=A4, invariant=1)
    with pdfium.PdfDocument(write_pdf(tmp_path / "text.pdf", lines)) as document:
        for page in document:
            canvas.drawImage(ImageReader(page.render(scale=2).to_pil()), 0, 0, *A4)
            canvas.showPage()
    canvas.save()
    return tmp_path / "scan.pdf"


def scanned(tmp_path):
    """A page of text, a page that is a picture of text, and a page with nothing on it."""
    with pdfium.PdfDocument(write_pdf(tmp_path / "text.pdf", [LINES])) as document:
        picture = document[0].render(scale=2).to_pil()
    canvas = Canvas(str(tmp_path / "scan.pdf"), pagesize=A4, invariant=1)
    for number, line in enumerate(prose(2)):
        canvas.drawString(72, 700 - 14 * number, line)
    canvas.showPage()
    canvas.drawImage(ImageReader(picture), 0, 0, *A4)
    canvas.showPage()
    canvas.showPage()
    canvas.save()
    return tmp_path / "scan.pdf"


@pytest.mark.slow
def test_picture_of_text_is_read_and_each_word_placed(tmp_path, sandbox):
    heard = []
    path = scanned(tmp_path)
    parsed = parse(path, Limits(10, 10), sandbox, recognizing=lambda *at: heard.append(at))
    assert [page.state for page in parsed.pages] == ["text", "ocr", "blank"]
    assert heard == [(0, 2), (1, 2), (2, 2)]
    page = parsed.pages[1]
    assert [line.strip() for line in page.text.strip().split("\n")] == LINES
    assert "".join(page.text[w.start : w.end] for w in page.words) == page.text.replace(" ", "").replace("\n", "")
    start = page.text.index("northern quay")
    view = PageView(lambda file, number: page.words if (file, number) == (path, 2) else ())
    try:
        boxes = view.boxes(path, 2, start, start + len("northern quay"))
        picture = view.image(path, 2, [(start, start + 8)]).png
    finally:
        view.close()
    assert picture.startswith(b"\x89PNG")
    with pdfium.PdfDocument(tmp_path / "text.pdf") as document:  # where the words really are
        glyphs = document[0].get_textpage()
        place = glyphs.get_text_range().index("northern quay")
        right = glyphs.get_rect(0) if glyphs.count_rects(place, 13) else ()
        glyphs.close()
    assert len(boxes) == 1
    assert all(abs(mine - its) < 8 for mine, its in zip(boxes[0], right, strict=True))


@pytest.mark.slow
def test_recognised_pages_are_not_recognised_again(tmp_path, sandbox, monkeypatch):
    begun, heard, again = Unfinished(tmp_path / "begun"), [], []
    path = scans(tmp_path)

    def stop(done, total):
        heard.append((done, total))
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        parse(path, Limits(10, 10), sandbox, recognizing=stop, begun=begun)
    parsed = parse(path, Limits(10, 10), sandbox, recognizing=lambda *at: again.append(at), begun=begun)
    assert heard == [(0, 3), (1, 3), (2, 3)] and again == [(2, 3), (3, 3)]
    assert all(f"gate {page.number} opens" in page.text and page.words for page in parsed.pages)
    monkeypatch.setattr(ocr, "recognise", None)  # not even asked for where all are kept
    assert parse(path, Limits(10, 10), sandbox, begun=begun) == parsed
    kept = [json.loads(file.read_bytes())["text"] for file in begun.folder.iterdir()]
    assert sorted(kept) == sorted(page.text for page in parsed.pages)


@pytest.mark.slow
def test_a_worker_with_room_for_the_models_stays_for_the_next_scan(tmp_path):
    workers = []
    with Sandbox(seconds=120, memory_mb=16_384) as roomy:
        parse(scans(tmp_path), Limits(10, 10), roomy, recognizing=lambda *_: workers.append(roomy._worker))
        assert set(workers) == {roomy._worker}


@pytest.mark.slow
def test_a_scan_that_is_stopped_at_its_last_page_ends_as_stopped_and_leaves_nothing(ingestor, library, tmp_path):
    def stop(step):
        if step.stage == "recognizing" and step.done == step.total:
            assert list((library.folder / "begun").rglob("*"))
            raise DocumentError("It was stopped.", "E_CANCELED")

    report = ingestor.add(scans(tmp_path), progress=stop)
    assert (report.status, report.code) == ("failed", "E_CANCELED")
    assert not list((library.folder / "begun").glob("*/*"))


@pytest.mark.slow
def test_scan_that_was_added_before_recognition_was_installed_is_read_when_it_comes_again(
    tmp_path, monkeypatch, ingestor, library
):
    path = scanned(tmp_path)
    with monkeypatch.context() as before:
        before.setattr(ocr, "is_installed", lambda: False)
        first = ingestor.add(path)
        assert ingestor.add(path).status == "unchanged"
    assert (first.status, first.pages_without_text, first.pages_ocr) == ("ready", (2, 3), ())
    again = ingestor.add(path)
    assert (again.status, again.pages_without_text, again.pages_ocr) == ("ready", (3,), (2,))
    assert again.doc_id == first.doc_id and again.chunks > first.chunks
    assert library.store.ids() == library.catalog.chunk_ids()
    assert list(verify.faults(library)) == []
    assert ingestor.add(path).status == "unchanged"  # nothing is on page 3


def test_without_recognition_a_scan_is_refused_with_what_to_do(tmp_path, sandbox, monkeypatch):
    monkeypatch.setattr(ocr, "is_installed", lambda: False)
    with pytest.raises(Exception, match=r"No page of it has text .* pip install rapidocr"):
        parse(write_pdf(tmp_path / "a.pdf", [[], []]), Limits(10, 10), sandbox)


def line(x0, x1, y):
    return _Line(f"{x0}-{y}", (x0, y, x1, y + 10), ())


def order(lines):
    return [[part.text for part in row] for row in _rows(lines, 600)]


def test_columns_of_prose_are_read_one_after_the_other():
    lines = [line(50, 560, 0)] + [line(x, x + 240, 20 * y) for y in range(1, 8) for x in (50, 320)]
    expected = ["50-0", *(f"50-{20 * y}" for y in range(1, 8)), *(f"320-{20 * y}" for y in range(1, 8))]
    assert order(lines) == [[text] for text in expected]


def test_cells_of_a_row_stay_on_one_line():
    lines = [line(x, x + 50, 20 * y) for y in range(8) for x in (50, 320, 450)]
    assert order(lines) == [[f"50-{20 * y}", f"320-{20 * y}", f"450-{20 * y}"] for y in range(8)]
    assert _assembled(lines[:3], (600, 200), None).text == "50-0\t320-0\t450-0 \n"
    assert _assembled([line(50, 100, 0), line(104, 150, 0)], (600, 200), None).text == "50-0 104-0 \n"
