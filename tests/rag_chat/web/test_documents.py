"""The left column: what is there, what failed, and what an empty library offers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rag_chat.types import Document, IngestReport
from rag_chat.web.documents import documents_html
from rag_chat.web.uploads import Upload
from rag_chat.web.where import Where

HOSTILE = '<img src=x onerror=alert(1)>" onclick="x\u202efdp.exe'


def test_documents_and_failures_are_escaped_and_pages_without_text_named():
    document = Document("a" * 64, HOSTILE, "", 30, 9, 1_234_567, "", (2, 7))
    failed = Upload(1, HOSTILE, Path("gone"), False, report=IngestReport(HOSTILE, None, "failed", error=HOSTILE))
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


def test_encrypted_file_asks_for_its_password_in_its_row(tmp_path):
    (tmp_path / "1.upload").write_bytes(b"%PDF")
    said = "The file is encrypted and needs a password."
    locked = Upload(1, HOSTILE, tmp_path / "1.upload", False)
    for code in ("E_ENCRYPTED", "E_BAD_PASSWORD"):
        report = IngestReport(HOSTILE, None, "failed", error=said, code=code)
        html = documents_html([], [replace(locked, report=report)], Where())
        assert 'data-unlock="1"' in html and 'type="password"' in html and "Try again" not in html
        assert ("needs a password; type it here." in html) == (code == "E_ENCRYPTED")
        assert "<img" not in html and 'onclick="' not in html
    other = IngestReport(HOSTILE, None, "failed", error="Encrypted in an unknown way.", code="E_CANNOT_DECRYPT")
    html = documents_html([], [replace(locked, report=other)], Where())
    assert "data-unlock" not in html and "Try again" in html


def test_one_that_arrived_beside_an_older_one_of_its_name_offers_to_replace_it():
    old, new = (Document(letter * 64, "plan.pdf", "", 2, 0, 10, "", ()) for letter in "ab")
    arrived = Upload(
        7, HOSTILE, Path("gone"), False, report=IngestReport(HOSTILE, new.doc_id, "ready"), older=(old.doc_id,)
    )  # fmt: skip
    html = documents_html([old, new], [arrived], Where())
    assert 'data-replace="7"' in html and "Replace the older" in html and "<img" not in html
    for one in (old, new):  # nothing is asked where one of both is gone
        assert 'class="upload' not in documents_html([one], [arrived], Where())
