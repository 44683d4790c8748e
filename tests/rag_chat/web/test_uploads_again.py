"""The queue of uploads after an end of any kind: what waited, what was at work, what had failed."""

from __future__ import annotations

import threading
import time

from uploading import fails, file, incoming, until

from rag_chat.errors import DocumentError, LibraryInUse
from rag_chat.library.incoming import Incoming
from rag_chat.types import IngestReport
from rag_chat.web.backend import Loading
from rag_chat.web.documents import documents_html
from rag_chat.web.uploads import Uploads
from rag_chat.web.where import Where


def test_what_waits_goes_on_after_a_restart_in_its_order(tmp_path, started):
    _, before = started(lambda path, name, progress, **options: IngestReport(name, "0", "ready"))
    before.add([file(tmp_path, name) for name in ("b.pdf", "a.pdf")])  # and then the process is killed
    (tmp_path / "library" / "incoming" / "9.upload").write_bytes(b"half")
    seen = []
    loading, after = started(
        lambda path, name, progress, **options: seen.append(name) or IngestReport(name, "0", "ready")
    )
    after.add([file(tmp_path, "c.pdf")])
    loading.start()
    until(lambda: not after.all())
    assert seen == ["b.pdf", "a.pdf", "c.pdf"] and incoming(tmp_path) == []


def test_what_waits_keeps_its_place_where_the_clock_was_put_back(tmp_path, started, monkeypatch):
    _, before = started(lambda path, name, progress, **options: IngestReport(name, "0", "ready"))
    before.add([file(tmp_path, "a.pdf")])
    before.close()
    seen, yesterday = [], time.time_ns() - 86_400 * 10**9
    with monkeypatch.context() as clock:
        clock.setattr(time, "time_ns", lambda: yesterday)
        loading, uploads = started(
            lambda path, name, progress, **options: seen.append(name) or IngestReport(name, "0", "ready")
        )
    uploads.add([file(tmp_path, "b.pdf")])
    loading.start()
    until(lambda: not uploads.busy())
    assert seen == ["a.pdf", "b.pdf"]


def test_file_that_is_being_read_when_the_app_ends_goes_on_at_the_next_start(tmp_path, started):
    begun, end = threading.Event(), threading.Event()

    def add(path, name, progress, **options):
        begun.set()
        end.wait(5)
        raise DocumentError("It was stopped; nothing of it was kept.", "E_CANCELED")  # as a closed reader says

    loading, uploads = started(add)
    uploads.add([file(tmp_path, "a.pdf")])
    loading.start()
    assert begun.wait(5)
    uploads.close()
    end.set()
    time.sleep(0.2)
    seen = []
    loading, uploads = started(
        lambda path, name, progress, **options: seen.append(name) or IngestReport(name, "0", "ready")
    )
    loading.start()
    until(lambda: not uploads.busy())
    assert seen == ["a.pdf"]


def test_second_app_that_is_refused_the_library_takes_nothing_of_the_first_ones(tmp_path, started):
    _, first = started(lambda path, name, progress, **options: IngestReport(name, "0", "ready"))
    first.add([file(tmp_path, "a.pdf")])
    before = incoming(tmp_path)

    def refused():
        raise LibraryInUse("The library is in use by process 7.")

    loading = Loading(refused)
    second = Uploads(loading, Incoming(tmp_path / "library"))
    second.add([file(tmp_path, "b.pdf")])
    loading.start()
    until(lambda: not second.busy())
    assert [upload.name for upload in second.all()] == ["b.pdf"]
    second.close()
    assert incoming(tmp_path) == before


def test_file_that_ends_the_process_again_and_again_is_not_begun_for_ever(tmp_path, started):
    begun, never = [], threading.Event()

    def endless(path, name, progress, **options):
        begun.append(name)
        never.wait(60)
        return IngestReport(name, "0", "ready")

    for _ in range(2):  # lives that end in the middle of it
        loading, uploads = started(endless)
        if not begun:
            uploads.add([file(tmp_path, "a.pdf")])
        count = len(begun)
        loading.start()
        until(lambda count=count: len(begun) > count)
    loading, uploads = started(
        lambda path, name, progress, **options: begun.append(name) or IngestReport(name, "0", "ready")
    )
    loading.start()
    until(lambda: not uploads.busy())
    assert begun == ["a.pdf", "a.pdf"]
    assert "The app ended 2 times while it was read" in uploads.all()[0].report.error
    never.set()


def test_what_failed_is_there_after_an_end_of_any_kind_and_can_be_tried_again(tmp_path, started):
    for close in (True, False):
        loading, uploads = started(fails())
        if close:
            uploads.add([file(tmp_path, "bad.pdf")])
        loading.start()
        until(lambda uploads=uploads: uploads.all() and not uploads.busy())
        (failed,) = uploads.all()
        assert (failed.name, failed.report.code, failed.report.error) == ("bad.pdf", "E_DAMAGED", "Damaged.")
        assert failed.path.read_bytes() == b"%PDF-1.4"
        if close:
            uploads.close()
    loading, uploads = started(lambda path, name, progress, **options: IngestReport(name, "0", "ready"))
    loading.start()
    until(lambda: uploads.all() and not uploads.busy())
    assert "Damaged." in documents_html([], uploads.all(), Where())
    uploads.retry(uploads.all()[0].id)
    until(lambda: not uploads.all())
    assert incoming(tmp_path) == []


def test_one_that_is_tried_again_when_the_process_ends_waits_at_the_next_start(tmp_path, started):
    go_on = threading.Event()

    def add(path, name, progress, **options):
        assert name == "bad.pdf" or go_on.wait(5)
        return fails()(path, name, progress)

    loading, uploads = started(add)
    uploads.add([file(tmp_path, name) for name in ("bad.pdf", "slow.pdf")])
    loading.start()
    until(lambda: uploads.all()[0].report is not None)
    uploads.retry(uploads.all()[0].id)
    assert [waiting.error for waiting in Incoming(tmp_path / "library").all()] == [None, None]
    go_on.set()
    until(lambda: not uploads.busy())
