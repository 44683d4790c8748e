"""The next upload is read while the one before it is embedded, and what waits goes by a scan."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

from scripted_engine import ScriptedBackend
from uploading import file, until

from rag_chat.library.incoming import Incoming
from rag_chat.progress import Progress
from rag_chat.types import IngestReport
from rag_chat.web.backend import Loading
from rag_chat.web.uploads import Uploads


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
