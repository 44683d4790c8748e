"""Files that are refused, change, go or carry a hostile name: one sentence each, and nothing is half there."""

import hashlib
import os
import re
import signal
import threading
import time
from types import SimpleNamespace

import pypdfium2 as pdfium
import pytest
from fakes import HashEmbedder
from pdfs import no_pages, prose, raw_pdf, with_bombs, write_pdf
from readers import readers

from ingest import guesses
from ingest.pipeline import Ingestor, find_files
from rag_chat.config import Settings
from rag_chat.errors import DiskFailed, DiskFull
from rag_chat.index import verify
from rag_chat.index.connect import open_library

CATALOG = b"<</Type/Catalog/Pages 2 0 R>>"

BOMB_PAGES = {
    1: CATALOG,
    2: b"<</Type/Pages/Kids[" + b"3 0 R " * 30 + b"]/Count 30>>",
    3: b"<</Type/Page/Parent 2 0 R>>",
}


def bad_files(folder):
    write_pdf(folder / "locked.pdf", [prose(2)], password="secret")
    whole = write_pdf(folder / "whole.pdf", [prose(3)]).read_bytes()
    write_pdf(folder / "scan.pdf", [[], []])
    write_pdf(folder / "long.pdf", [["page"]] * 21)
    no_pages(folder / "none.pdf")
    raw_pdf(folder / "many.pdf", BOMB_PAGES)
    contents = {
        "empty.pdf": b"", "page.pdf": b"<!DOCTYPE html><p>%PDF-1.4", "photo.pdf": b"\xff\xd8\xff\xe0" + b"x" * 99,
        "picture.pdf": b"\x89PNG\r\n\x1a\n" + b"x" * 99, "archive.pdf": b"PK\3\4" + b"x" * 99, "note.pdf": b"hello",
        "setup.pdf": b"MZ\x90\0" + b"x" * 99, "letter.pdf": b"PK\3\4" + b"x" * 26 + b"word/document.xml",
        "cut.pdf": whole[:200], "big.pdf": b"%PDF-1.7\n" + b"x" * 1_100_000,
    }  # fmt: skip
    for name, body in contents.items():
        (folder / name).write_bytes(body)


@pytest.fixture(scope="module")
def in_use(tmp_path_factory):
    """Bad files in a folder, and a library with one good document that they all come to."""
    folder = tmp_path_factory.mktemp("bad")
    bad_files(folder)
    embedder = HashEmbedder()
    library = open_library(
        folder / "library", embedder.name, embedder.dimension, chunk_tokens=60, overlap=15, exclusive=True
    )
    settings = Settings(chunk_tokens=60, chunk_overlap_tokens=15, max_pages=20, max_file_mb=1, parse_seconds=30)
    with Ingestor(library, embedder, settings) as ingestor:
        yield SimpleNamespace(
            folder=folder, library=library, ingestor=ingestor, good=ingestor.add(folder / "whole.pdf")
        )
    library.close()


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("empty.pdf", "E_EMPTY", "is empty (0 bytes)"),
        ("page.pdf", "E_NOT_PDF", "is not a PDF but an HTML page"),
        ("photo.pdf", "E_NOT_PDF", "is not a PDF but a JPEG image"),
        ("picture.pdf", "E_NOT_PDF", "is not a PDF but a PNG image"),
        ("archive.pdf", "E_NOT_PDF", "is not a PDF but a ZIP archive"),
        ("setup.pdf", "E_NOT_PDF", "is not a PDF but a program"),
        ("letter.pdf", "E_NOT_PDF", "is not a PDF but a DOCX document"),
        ("note.pdf", "E_NOT_PDF", "is not a PDF but a text file"),
        ("cut.pdf", "E_DAMAGED", "is damaged"),
        ("none.pdf", "E_NO_PAGES", "has no pages"),
        ("locked.pdf", "E_ENCRYPTED", "needs a password"),
        ("big.pdf", "E_TOO_LARGE", "more than the limit of 1 MB; raise RAG_CHAT_MAX_FILE_MB"),
        ("long.pdf", "E_TOO_MANY_PAGES", "21 pages, more than the limit of 20; raise RAG_CHAT_MAX_PAGES"),
        ("scan.pdf", "E_NO_TEXT", "No page of it has text (2 scanned pages)"),
        ("missing.pdf", "E_NO_FILE", "is there; check the path"),
    ],
)
def test_bad_file_is_reported_in_one_sentence_and_leaves_nothing(in_use, name, code, words):
    library, good = in_use.library, in_use.good
    report = in_use.ingestor.add(in_use.folder / name)
    assert (report.status, report.document, report.chunks, report.code) == ("failed", name, 0, code)
    assert words in report.error
    assert "Traceback" not in report.error
    assert good.chunks and [d.doc_id for d in library.catalog.documents()] == [good.doc_id]
    assert library.store.count() == good.chunks
    assert [p.stem for p in (library.folder / "files").iterdir()] == [good.doc_id]


def test_bad_files_do_not_stop_the_others(ingestor, tmp_path):
    bad_files(tmp_path)
    reports = {r.document: r.status for r in ingestor.add_all(find_files([tmp_path]))}
    assert [name for name, status in reports.items() if status == "ready"] == ["whole.pdf"]
    assert len(reports) == 16


def test_poison_harms_nobody_before_or_after_it(library, embedder, tmp_path):
    """Good, one that takes for ever, one at which the reader dies again and again, good, good, good."""
    for name in ("1", "4", "5", "6"):
        write_pdf(tmp_path / f"{name}.pdf", [prose(3, seed=name)])
    with_bombs(tmp_path / "2.pdf", "BBBB")
    with_bombs(tmp_path / "3.pdf", ".BBBBBB")
    settings = Settings(chunk_tokens=60, chunk_overlap_tokens=15, parse_seconds=2)
    over = threading.Event()
    killing = threading.Thread(target=kill_readers, args=(over,))

    def heard(step):
        if (step.document, step.done) == ("3.pdf", 1) and step.stage == "reading":
            killing.start()
        elif step.document == "4.pdf" and not over.is_set():
            over.set()
            killing.join()

    start = time.monotonic()
    with Ingestor(library, embedder, settings) as ingestor:
        reports = list(ingestor.add_all(find_files([tmp_path]), progress=heard))
    assert [(r.document, r.status) for r in reports] == [
        ("1.pdf", "ready"), ("2.pdf", "failed"), ("3.pdf", "failed"),
        ("4.pdf", "ready"), ("5.pdf", "ready"), ("6.pdf", "ready"),
    ]  # fmt: skip
    assert reports[1].code == "E_TIMEOUT"
    assert reports[2].code in ("E_PARSER_CRASH", "E_PARSER_FAILED")
    assert time.monotonic() - start < 40
    assert [d.name for d in library.catalog.documents()] == ["1.pdf", "4.pdf", "5.pdf", "6.pdf"]
    assert list(verify.faults(library)) == []
    assert readers() == []


def kill_readers(over):
    while not over.wait(0.4):
        for pid in readers():
            os.kill(pid, signal.SIGKILL)


def test_closing_waits_for_no_file_and_nothing_of_it_is_kept(ingestor, library, tmp_path):
    with_bombs(tmp_path / "a.pdf", ".B.")
    begun, reports = threading.Event(), []

    def add():
        reports.append(ingestor.add(tmp_path / "a.pdf", progress=lambda step: step.done and begun.set()))

    adding = threading.Thread(target=add)
    adding.start()
    assert begun.wait(20)
    start = time.monotonic()
    ingestor.close()
    adding.join()
    assert time.monotonic() - start < 2
    assert [(r.status, r.code) for r in reports] == [("failed", "E_CANCELED")]
    assert library.catalog.documents() == []


def test_file_that_goes_while_it_is_read_is_reported_and_leaves_nothing(ingestor, library, report_pdf):
    report = ingestor.add(report_pdf, progress=lambda step: step.stage == "embedding" and report_pdf.unlink(True))
    assert (report.status, report.code) == ("failed", "E_UNREADABLE")
    assert "harbor.pdf' cannot be read any more: No such file or directory." in report.error
    assert library.catalog.documents() == [] and library.store.count() == 0


def test_file_that_changes_while_it_is_read_is_not_kept_under_the_wrong_hash(ingestor, library, report_pdf):
    whole = report_pdf.read_bytes()

    def write_on(step):
        if step.stage == "embedding":
            report_pdf.write_bytes(whole + b"%")

    report = ingestor.add(report_pdf, progress=write_on)
    assert (report.status, report.code) == ("failed", "E_CHANGED")
    assert report.error == "It changed while it was read; add it again once it is written."
    assert library.catalog.documents() == [] and list((library.folder / "files").iterdir()) == []
    assert ingestor.add(report_pdf).status == "ready"


@pytest.mark.parametrize(("error", "code"), [(DiskFull, "E_DISK_FULL"), (DiskFailed, "E_DISK_FAILED")])
def test_disk_that_is_full_or_fails_has_its_code(ingestor, library, report_pdf, monkeypatch, error, code):
    def fails(*_, **__):
        raise error("What is wrong with the disk.")

    monkeypatch.setattr(library.catalog, "add", fails)
    report = ingestor.add(report_pdf)
    assert (report.status, report.code, report.error) == ("failed", code, "What is wrong with the disk.")


def test_password_opens_and_a_wrong_one_is_said_to_be_wrong(ingestor, library, tmp_path):
    locked = write_pdf(tmp_path / "locked.pdf", [prose(2)], password="secret")
    assert "the password given does not open it" in ingestor.add(locked, password="wrong").error
    report = ingestor.add(locked, password="secret")
    assert (report.status, report.doc_id) == ("ready", hashlib.sha256(locked.read_bytes()).hexdigest())
    assert list(verify.faults(library)) == []  # though what is kept has other bytes
    kept = pdfium.PdfDocument(library.catalog.file(report.doc_id))  # its pages can be shown without the password
    text = kept[0].get_textpage().get_text_range().replace("\r\n", " \n")
    assert text == library.catalog.page(report.doc_id, 1).text
    kept.close()


def test_after_six_wrong_passwords_none_is_tried_for_a_while(ingestor, tmp_path, monkeypatch):
    locked = write_pdf(tmp_path / "locked.pdf", [prose(2)], password="secret")
    other = write_pdf(tmp_path / "other.pdf", [prose(2, seed="oat")], password="secret")
    for number in range(6):
        assert "does not open it" in ingestor.add(locked, password=f"guess {number}").error
    refused = ingestor.add(locked, password="secret")
    assert (refused.status, refused.code) == ("failed", "E_BAD_PASSWORD")
    assert re.fullmatch(r"6 wrong passwords were given for it; wait \d+ s, then give the right one\.", refused.error)
    assert "needs a password" in ingestor.add(locked).error
    assert ingestor.add(other, password="secret").status == "ready"
    monkeypatch.setattr(guesses, "WAIT", 0.0)  # as if that had passed
    assert ingestor.add(locked, password="secret").status == "ready"


def test_password_changes_nothing_of_a_file_that_needs_none(ingestor, library, report_pdf):
    report = ingestor.add(report_pdf, password="secret")
    assert library.catalog.file(report.doc_id).read_bytes() == report_pdf.read_bytes()


def test_path_of_unreadable_bytes_is_reported(ingestor, tmp_path):
    report = ingestor.add(tmp_path / "b\udcffd.pdf")
    report.error.encode("utf-8")
    report.document.encode("utf-8")
    assert report.status == "failed"


NAMES = ["../../evil.pdf", "C:\\x\\evil.pdf", "evil\n\u202e.pdf", "e" * 300 + ".pdf", "/", "", "CON.pdf", "-rf.pdf"]


@pytest.mark.parametrize("name", NAMES)
def test_hostile_names_are_shown_but_never_used_as_paths(ingestor, library, report_pdf, name):
    report = ingestor.add(report_pdf, name=name)
    assert report.status == "ready"
    assert "/" not in report.document and "\\" not in report.document and "\n" not in report.document
    assert 0 < len(report.document) <= 200
    assert [p.stem for p in (library.folder / "files").iterdir()] == [report.doc_id]
