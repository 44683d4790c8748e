"""The queue of uploads: order, failure of one file, progress, and nothing left behind."""

from __future__ import annotations

import errno
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from scripted_engine import ScriptedBackend, ScriptedStep

from rag_chat.errors import DocumentError, LibraryError, LibraryInUse, WeightsMissing
from rag_chat.library.incoming import FOLDER, Incoming
from rag_chat.progress import Progress
from rag_chat.types import IngestReport
from rag_chat.web import uploads as queue_of_uploads
from rag_chat.web.backend import Loading
from rag_chat.web.documents import documents_html
from rag_chat.web.uploads import Upload, Uploads
from rag_chat.web.where import Where


def until(condition, seconds=5.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


@pytest.fixture
def started(tmp_path):
    """Makes a queue over what adds documents; called again it is the next life of the same library."""

    def start(add) -> tuple[Loading, Uploads]:
        backend = replace(ScriptedBackend().backend(), add_document=add)
        loading = Loading(lambda: backend)
        return loading, Uploads(loading, Incoming(tmp_path / "library"))

    return start


def incoming(folder):
    return sorted(path.name for path in (folder / "library" / "incoming").iterdir())


def file(folder, name):
    (folder / name).mkdir()
    path = folder / name / "upload.pdf"
    path.write_bytes(b"%PDF-1.4")
    return path, name


def test_files_are_ingested_in_order_and_removed(tmp_path, started):
    seen = []
    loading, uploads = started(
        lambda path, name, progress, **options: seen.append(name) or IngestReport(name, "0", "ready")
    )
    files = [file(tmp_path, name) for name in ("b.pdf", "a.pdf")]
    uploads.add(files)
    loading.start()
    until(lambda: not uploads.all())
    assert seen == ["b.pdf", "a.pdf"]
    assert not any(path.parent.exists() for path, _ in files)


def test_upload_waits_while_the_models_load(tmp_path, started):
    loading, uploads = started(lambda path, name, progress, **options: IngestReport(name, "0", "ready"))
    uploads.add([file(tmp_path, "a.pdf")])
    time.sleep(0.1)
    assert [upload.stage for upload in uploads.all()] == ["waiting"]
    loading.start()
    until(lambda: not uploads.busy())


def test_sample_is_kept(tmp_path, started):
    loading, uploads = started(lambda path, name, progress, **options: IngestReport(name, "0", "ready"))
    path, name = file(tmp_path, "a.pdf")
    uploads.add([(path, name)], keep=True)
    loading.start()
    until(lambda: not uploads.all())
    assert path.exists()


def test_one_bad_file_says_why_and_the_next_is_ingested(tmp_path, started):
    def add(path, name, progress, **options):
        if name == "bad.pdf":
            raise DocumentError("It is damaged.")
        if name == "worse.pdf":
            raise KeyError("/srv/secret/path")
        return IngestReport(name, "0", "ready")

    loading, uploads = started(add)
    uploads.add([file(tmp_path, name) for name in ("bad.pdf", "worse.pdf", "good.pdf")])
    loading.start()
    until(lambda: not uploads.busy())
    said = {upload.name: upload.report.error for upload in uploads.all()}
    assert said["bad.pdf"] == "It is damaged."
    assert "KeyError" in said["worse.pdf"] and "secret" not in said["worse.pdf"]
    assert "good.pdf" not in said
    uploads.dismiss(uploads.all()[0].id)
    assert [upload.name for upload in uploads.all()] == ["worse.pdf"]


def test_upload_fails_with_the_reason_when_the_models_cannot_be_loaded(tmp_path):
    def fail():
        raise WeightsMissing("No weights.")

    loading = Loading(fail)
    uploads = Uploads(loading, Incoming(tmp_path / "library"))
    uploads.add([file(tmp_path, "a.pdf")])
    loading.start()
    until(lambda: not uploads.busy())
    assert uploads.all()[0].report.error == "No weights."


def test_progress_is_shown_with_the_time_left(tmp_path, started):
    go, reached = threading.Event(), threading.Event()

    def add(path, name, progress, **options):
        progress(ScriptedStep("embedding", 1, 40))
        time.sleep(0.2)
        progress(ScriptedStep("embedding", 20, 40))
        reached.set()
        go.wait(5)
        return IngestReport(name, "0", "ready")

    loading, uploads = started(add)
    uploads.add([file(tmp_path, "a.pdf")])
    loading.start()
    assert reached.wait(5)
    html = documents_html([], uploads.all(), Where())
    assert 'aria-valuenow="50"' in html
    assert "learning passages · 20 of 40 · about 1 s left" in html
    go.set()
    until(lambda: not uploads.all())


def test_time_left_is_not_guessed_before_something_is_done():
    upload = Upload(1, "a", None, False, "embedding", 1, 100, stage_started=0.0)
    assert upload.seconds_left(10) is None
    assert replace(upload, done=50).seconds_left(10) == 10.0


def test_stopped_while_it_is_read_nothing_of_it_stays(tmp_path, started):
    reached = threading.Event()

    def add(path, name, progress, **options):
        if name == "b.pdf":
            return IngestReport(name, "0", "ready")
        for done in range(1000):
            progress(ScriptedStep("reading", done, 1000))
            reached.set()
            time.sleep(0.01)
        raise AssertionError("it was never stopped")

    loading, uploads = started(add)
    uploads.add([file(tmp_path, "a.pdf"), file(tmp_path, "b.pdf")])
    loading.start()
    assert reached.wait(5)
    assert 'aria-label="Stop a.pdf"' in documents_html([], uploads.all(), Where())
    uploads.dismiss(uploads.all()[0].id)
    until(lambda: not uploads.all())
    assert incoming(tmp_path) == []


def test_stopped_while_it_waits_it_is_never_read(tmp_path, started):
    seen = []
    loading, uploads = started(
        lambda path, name, progress, **options: seen.append(name) or IngestReport(name, "0", "ready")
    )
    uploads.add([file(tmp_path, "a.pdf"), file(tmp_path, "b.pdf")])
    uploads.dismiss(uploads.all()[0].id)
    loading.start()
    until(lambda: not uploads.all())
    assert seen == ["b.pdf"] and incoming(tmp_path) == []


class Ahead:
    """What is told of the file whose turn comes next; each file that is added waits for `go_on` in its middle."""

    def __init__(self):
        self.told, self.go_on, self.embedding = [], threading.Event(), threading.Event()

    def __call__(self, path, name, progress, **options):
        progress(Progress(name, "reading", 1, 2))
        self.told.append(f"{name} is read")
        progress(Progress(name, "embedding", 0, 2))
        self.embedding.set()
        assert self.go_on.wait(5)
        progress(Progress(name, "embedding", 2, 2))
        return IngestReport(name, "0", "ready")

    def queue(self, folder):
        backend = replace(
            ScriptedBackend().backend(),
            add_document=self,
            read_ahead=lambda path, name: self.told.append(f"{name} ahead"),
            drop_ahead=lambda path: self.told.append(f"{path.name} dropped"),
        )
        loading = Loading(lambda: backend)
        return loading, Uploads(loading, Incoming(folder / "library"))


def test_next_one_is_read_ahead_once_the_one_before_it_is_read(tmp_path):
    ahead = Ahead()
    loading, uploads = ahead.queue(tmp_path)
    uploads.add([file(tmp_path, "a.pdf")])
    loading.start()
    assert ahead.embedding.wait(5)
    assert ahead.told == ["a.pdf is read"]
    uploads.add([file(tmp_path, name) for name in ("b.pdf", "c.pdf")])
    ahead.go_on.set()
    until(lambda: not uploads.all())
    assert ahead.told == [
        "a.pdf is read", "b.pdf ahead", "b.pdf is read", "c.pdf ahead", "c.pdf ahead", "c.pdf is read"
    ]  # fmt: skip


def test_one_that_is_stopped_while_it_waits_is_dropped_and_the_one_after_it_read_ahead(tmp_path):
    ahead = Ahead()
    loading, uploads = ahead.queue(tmp_path)
    uploads.add([file(tmp_path, name) for name in ("a.pdf", "b.pdf", "c.pdf")])
    loading.start()
    assert ahead.embedding.wait(5)
    b = uploads.all()[1]
    uploads.dismiss(b.id)
    ahead.go_on.set()
    until(lambda: not uploads.all())
    told = list(dict.fromkeys(ahead.told))  # it is dropped before and after its file goes
    assert told[:5] == ["a.pdf is read", "b.pdf ahead", f"{b.path.name} dropped", "c.pdf ahead", "c.pdf is read"]


def test_what_was_at_work_when_the_process_ended_is_read_alone(tmp_path):
    before = Incoming(tmp_path / "library")
    for number, name in enumerate(("a.pdf", "b.pdf", "c.pdf", "d.pdf"), 1):
        waiting = before.keep(number, file(tmp_path, name)[0], name)
        if name in ("a.pdf", "c.pdf"):
            before.begin(waiting)
    ahead = Ahead()
    ahead.go_on.set()
    loading, uploads = ahead.queue(tmp_path)
    loading.start()
    until(lambda: not uploads.busy())
    assert ahead.told == [f"{name}.pdf is read" for name in "abcd"]  # neither beside a or c nor they beside others


def test_what_waits_goes_by_a_scan_whose_pages_are_recognised(tmp_path, started):
    events, go_on = [], threading.Event()

    def add(path, name, progress, **options):
        progress(Progress(name, "recognizing" if "scan" in name else "reading", 0, 2))
        events.append(f"{name} begins")
        assert "scan" not in name or go_on.wait(5)
        events.append(f"{name} ends")
        return IngestReport(name, name, "ready")

    loading, uploads = started(add)
    uploads.add([file(tmp_path, name) for name in ("scan 1.pdf", "a.pdf", "scan 2.pdf", "b.pdf")])
    loading.start()
    until(lambda: len(uploads.all()) == 2)
    assert [event for event in events if "scan" not in event] == [
        "a.pdf begins",
        "a.pdf ends",
        "b.pdf begins",
        "b.pdf ends",
    ]
    assert [upload.name for upload in uploads.all()] == ["scan 1.pdf", "scan 2.pdf"]
    go_on.set()
    until(lambda: not uploads.all())


def test_a_scan_at_which_the_process_ended_before_is_read_alone(tmp_path):
    before = Incoming(tmp_path / "library")
    for number, name in enumerate(("scan 1.pdf", "scan 2.pdf", "a.pdf"), 1):
        waiting = before.keep(number, file(tmp_path, name)[0], name)
        if name == "scan 2.pdf":
            before.begin(waiting)
    events = []

    def add(path, name, progress, **options):
        events.append(f"{name} begins")
        progress(Progress(name, "recognizing", 0, 2))
        time.sleep(0.1)
        events.append(f"{name} ends")
        return IngestReport(name, name, "ready")

    loading = Loading(lambda: replace(ScriptedBackend().backend(), add_document=add))
    uploads = Uploads(loading, before)
    loading.start()
    until(lambda: not uploads.busy())
    assert events == [f"{name}.pdf {what}" for name in ("scan 1", "scan 2", "a") for what in ("begins", "ends")]


def test_time_left_counts_only_what_was_read_in_its_turn(tmp_path, started):
    left = []

    def add(path, name, progress, **options):
        for done, total in ((0, 0), (50, 100), (60, 100)):
            progress(Progress(name, "recognizing", done, total))
            upload = uploads.all()[0]
            left.append(upload.seconds_left(upload.stage_started + 10))
        return IngestReport(name, "0", "ready")

    loading, uploads = started(add)
    uploads.add([file(tmp_path, "a.pdf")])
    loading.start()
    until(lambda: not uploads.all())
    assert left == [None, None, 40.0]


def test_failed_one_can_be_tried_again(tmp_path, started):
    answers = [IngestReport("a.pdf", None, "failed", error="No space."), IngestReport("a.pdf", "0", "ready")]
    loading, uploads = started(lambda path, name, progress, **options: answers.pop(0))
    uploads.add([file(tmp_path, "a.pdf")])
    loading.start()
    until(lambda: not uploads.busy())
    id_ = uploads.all()[0].id
    assert f'data-retry="{id_}"' in documents_html([], uploads.all(), Where())
    uploads.retry(id_)
    until(lambda: not uploads.all())
    assert answers == [] and incoming(tmp_path) == []


def test_one_that_is_tried_again_waits_behind_the_others(tmp_path, started):
    go_on = threading.Event()

    def add(path, name, progress, **options):
        if name == "bad.pdf":
            raise DocumentError("It is damaged.")
        assert go_on.wait(5)
        return IngestReport(name, "0", "ready")

    loading, uploads = started(add)
    uploads.add([file(tmp_path, name) for name in ("bad.pdf", "a.pdf", "b.pdf")])
    loading.start()
    until(lambda: uploads.all()[0].report is not None)
    uploads.retry(uploads.all()[0].id)
    assert [upload.name for upload in uploads.all()] == ["a.pdf", "b.pdf", "bad.pdf"]
    go_on.set()
    until(lambda: not uploads.busy())


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


def fails(code="E_DAMAGED", said="Damaged."):
    return lambda path, name, progress, **options: IngestReport(name, None, "failed", error=said, code=code)


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


def test_what_failed_is_dismissed_with_its_file(tmp_path, started):
    loading, uploads = started(fails())
    uploads.add([file(tmp_path, "bad.pdf")])
    loading.start()
    until(lambda: not uploads.busy())
    assert len(incoming(tmp_path)) == 2
    uploads.dismiss(uploads.all()[0].id)
    assert incoming(tmp_path) == [] and uploads.all() == []


def test_password_is_given_to_the_one_that_needs_it_and_kept_nowhere(tmp_path, started):
    given = []

    def add(path, name, progress, *, password=None):
        given.append((name, password))
        if name == "open.pdf" or password == "open sesame":
            return IngestReport(name, "0", "ready")
        code = "E_ENCRYPTED" if password is None else "E_BAD_PASSWORD"
        return IngestReport(name, None, "failed", error="Encrypted.", code=code)

    loading, uploads = started(add)
    uploads.add([file(tmp_path, name) for name in ("locked.pdf", "open.pdf")])
    loading.start()
    for password in ("wrong one", "open sesame"):
        until(lambda: not uploads.busy())
        (locked,) = uploads.all()
        assert locked.path.is_file() and locked.password is None
        assert "wrong one" not in repr(locked) + documents_html([], [locked], Where())
        uploads.retry(locked.id, password)
        assert "sesame" not in repr(uploads.all())
        assert not [p for p in tmp_path.rglob("*") if p.is_file() and password.encode() in p.read_bytes()]
    until(lambda: not uploads.all())
    asked = [("locked.pdf", None), ("open.pdf", None), ("locked.pdf", "wrong one"), ("locked.pdf", "open sesame")]
    assert given == asked and incoming(tmp_path) == []


def refuse(monkeypatch, *methods):
    """The folder becomes one that cannot be written, also for root."""

    def refusing(original):
        def method(path, *rest, **options):
            if FOLDER in (path.name, path.parent.name):
                raise PermissionError(errno.EACCES, "Permission denied")
            return original(path, *rest, **options)

        return method

    for name in methods:
        monkeypatch.setattr(Path, name, refusing(getattr(Path, name)))


@pytest.mark.parametrize("names", [("unlink",), ("rename",), ("iterdir",), ("unlink", "rename", "iterdir")])
def test_folder_that_cannot_be_written_does_not_stop_the_queue(tmp_path, started, monkeypatch, names):
    _, before = started(lambda path, name, progress, **options: IngestReport(name, "0", "ready"))
    before.add([file(tmp_path, "left.pdf")])
    (tmp_path / "library" / "incoming" / "9.upload").write_bytes(b"half")  # to be swept
    go_on = threading.Event()

    def add(path, name, progress, **options):
        assert go_on.wait(5)
        return fails()(path, name, progress) if name == "bad.pdf" else IngestReport(name, "0", "ready")

    loading, uploads = started(add)
    uploads.add([file(tmp_path, name) for name in ("bad.pdf", "a.pdf")])
    with monkeypatch.context() as refusing:
        refuse(refusing, *names)
        loading.start()
        go_on.set()
        until(lambda: not uploads.busy())
        assert {upload.report.status for upload in uploads.all()} <= {"failed"}
        if "rename" in names:
            said = "The library's folder cannot be written (Permission denied)"
            assert all(upload.report.error.startswith(said) for upload in uploads.all())
        if "unlink" in names:
            with pytest.raises(LibraryError, match="cannot be written"):
                uploads.dismiss(uploads.all()[0].id)
            assert uploads.all() != []
        uploads.close()
    uploads.add([file(tmp_path, "after.pdf")])


def test_file_that_cannot_be_stored_can_be_tried_again_or_dismissed(tmp_path, started, monkeypatch):
    loading, uploads = started(lambda path, name, progress, **options: IngestReport(name, "0", "ready"))
    loading.start()
    until(lambda: not uploads.busy())
    files = [file(tmp_path, name) for name in ("a.pdf", "b.pdf")]
    (tmp_path / "library").mkdir(exist_ok=True)
    (tmp_path / "library" / "incoming").write_text("a file where the folder should be")
    uploads.add(files)
    assert ["cannot be written" in upload.report.error for upload in uploads.all()] == [True, True]
    (tmp_path / "library" / "incoming").unlink()
    uploads.dismiss(uploads.all()[0].id)
    uploads.retry(uploads.all()[0].id)
    until(lambda: not uploads.all())
    assert incoming(tmp_path) == [] and not any(path.parent.exists() for path, _ in files)


def test_no_more_than_so_many_are_taken_and_the_rest_is_removed(tmp_path, started, monkeypatch):
    monkeypatch.setattr(queue_of_uploads, "MOST", 2)
    _, uploads = started(fails())
    files = [file(tmp_path, f"{letter}.pdf") for letter in "abc"]
    assert uploads.add(files) == 2
    assert not any(path.exists() for path, _ in files)


def test_what_the_user_should_know_of_a_file_stays_until_it_is_dismissed(tmp_path, started):
    loading, uploads = started(
        lambda path, name, _, **options: IngestReport(name, "0", "ready", notice="It looks <b>German</b>.")
    )
    uploads.add([file(tmp_path, "a.pdf")])
    loading.start()
    until(lambda: not uploads.busy())
    html = documents_html([], uploads.all(), Where())
    assert "It looks &lt;b&gt;German&lt;/b&gt;." in html
    assert 'role="alert"' not in html
    assert incoming(tmp_path) == []
    uploads.dismiss(uploads.all()[0].id)
    assert uploads.all() == []
