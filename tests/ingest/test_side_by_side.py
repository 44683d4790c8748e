"""Threads that bring documents at the same time: none waits for another's pages, and each document is there once."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from pdfs import prose, with_bombs, write_pdf

from ingest import ocr
from ingest.pipeline import Ingestor
from rag_chat.index import verify


@pytest.fixture
def files(tmp_path):
    return [write_pdf(tmp_path / f"{name}.pdf", [prose(4, seed=name)] * 2) for name in ("a", "b", "c", "d")]


def test_one_that_is_read_for_long_does_not_hold_up_another(ingestor, library, files):
    begun, go_on = threading.Event(), threading.Event()

    def wait(step):
        begun.set()
        assert go_on.wait(20)

    with ThreadPoolExecutor() as pool:
        slow = pool.submit(ingestor.add, files[0], progress=wait)
        assert begun.wait(20)
        assert ingestor.add(files[1]).status == "ready"
        assert [d.name for d in library.catalog.documents()] == ["b.pdf"]
        go_on.set()
        assert slow.result().status == "ready"
    assert list(verify.faults(library)) == []


def test_the_same_file_from_two_threads_is_one_document(ingestor, library, files):
    both = threading.Barrier(2)

    def meet(step):
        if (step.stage, step.done) == ("reading", 2):
            both.wait(20)

    with ThreadPoolExecutor() as pool:
        reports = list(pool.map(lambda name: ingestor.add(files[0], name=name, progress=meet), ["x.pdf", "y.pdf"]))
    assert sorted(report.status for report in reports) == ["ready", "unchanged"]
    assert len(library.catalog.documents()) == 1
    assert list(verify.faults(library)) == []


def test_many_at_once_are_all_there(ingestor, library, files):
    with ThreadPoolExecutor(4) as pool:
        assert [report.status for report in pool.map(ingestor.add, files)] == ["ready"] * 4
    assert sorted(d.name for d in library.catalog.documents()) == ["a.pdf", "b.pdf", "c.pdf", "d.pdf"]
    assert list(verify.faults(library)) == []


def test_pages_of_one_document_at_a_time_are_recognised(ingestor, files, monkeypatch, tmp_path):
    scans = [write_pdf(tmp_path / f"scan {n}.pdf", [[]]) for n in range(3)]
    together, most, lock = 0, 0, threading.Lock()

    def recognised(path, password, indexes, sandbox, tell, begun):
        nonlocal together, most
        with lock:
            together += 1
            most = max(most, together)
        threading.Event().wait(0.1)
        with lock:
            together -= 1
        return {index: ocr.Recognised(path.name, ()) for index in indexes}

    monkeypatch.setattr(ocr, "is_installed", lambda: True)
    monkeypatch.setattr(ocr, "recognised", recognised)
    with ThreadPoolExecutor(3) as pool:
        assert [r.pages_ocr for r in pool.map(ingestor.add, scans)] == [(1,)] * 3
    assert most == 1


def test_guesses_from_many_threads_are_all_counted(ingestor, tmp_path):
    import pypdf

    writer = pypdf.PdfWriter(clone_from=write_pdf(tmp_path / "open.pdf", [prose(2)]))
    writer.encrypt("right", algorithm="AES-256")
    writer.write(tmp_path / "locked.pdf")
    with ThreadPoolExecutor(8) as pool:
        reports = list(pool.map(lambda n: ingestor.add(tmp_path / "locked.pdf", password=f"no {n}"), range(10)))
    assert {report.code for report in reports} == {"E_BAD_PASSWORD"}
    assert sum("wait" in report.error for report in reports) == 4


def test_closing_ends_all_of_them(library, embedder, settings, tmp_path):
    ingestor, begun = Ingestor(library, embedder, settings), threading.Semaphore(0)
    bombs = [with_bombs(tmp_path / f"bomb {n}.pdf", "BB" + "B" * n) for n in range(2)]
    with ThreadPoolExecutor() as pool:
        adding = [pool.submit(ingestor.add, bomb, progress=lambda step: begun.release()) for bomb in bombs]
        assert all(begun.acquire(timeout=20) for _ in bombs)
        ingestor.close()
        assert {reading.result(10).code for reading in adding} == {"E_CANCELED"}
    assert ingestor.add(bombs[0]).code == "E_CANCELED"
