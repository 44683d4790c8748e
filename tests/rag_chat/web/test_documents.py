"""The left column: what is there, what failed, and what an empty library offers."""

from __future__ import annotations

from rag_chat.types import Document, IngestReport
from rag_chat.web.documents import documents_html
from rag_chat.web.uploads import Upload
from rag_chat.web.where import Where

HOSTILE = '<img src=x onerror=alert(1)>" onclick="x\u202efdp.exe'


def test_documents_and_failures_are_escaped_and_pages_without_text_named():
    document = Document("a" * 64, HOSTILE, "", 30, 9, 1_234_567, "", (2, 7))
    failed = Upload(1, HOSTILE, None, False, report=IngestReport(HOSTILE, None, "failed", error=HOSTILE))
    html = documents_html([document], [failed], Where(("a" * 64,)))
    assert "<img" not in html
    assert 'onclick="' not in html
    assert "\u202e" not in html
    assert "28 of 30 pages read, 2 without text: 2, 7" in html
    assert "30 pages · 1.2 MB" in html
    assert " checked" in html
    assert "Questions go to 1 of 1." in html


def test_a_scan_with_a_text_layer_and_a_repaired_file_say_so():
    scan = Document("a" * 64, "scan.pdf", "", 2, 9, 1, "", (), pages_layer=(1, 2))
    damaged = Document("b" * 64, "damaged.pdf", "", 2, 9, 1, "", (), repaired=True)
    html = documents_html([scan, damaged], [], Where())
    assert "2 with a text layer over a picture, whose letters may be wrong: 1, 2" in html
    assert "its file is damaged and was repaired" in html


def test_document_without_any_text_says_that_it_needs_ocr():
    assert "needs OCR" in documents_html([Document("a", "scan.pdf", "", 2, 0, 10, "", (1, 2))], [], Where())


def test_empty_library_offers_the_samples_only_where_they_are():
    assert 'data-act="samples"' in documents_html([], [], Where(), samples=True)
    assert 'data-act="samples"' not in documents_html([], [], Where())
