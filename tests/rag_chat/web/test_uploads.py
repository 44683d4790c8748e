"""The queue of uploads: order, failure of one file, progress, and nothing left behind."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

from scripted_engine import ScriptedStep
from uploading import file, incoming, until

from rag_chat.errors import DocumentError, WeightsMissing
from rag_chat.library.incoming import Incoming
from rag_chat.types import IngestReport
from rag_chat.web.backend import Loading
from rag_chat.web.documents import documents_html
from rag_chat.web.uploads import Upload, Uploads
from rag_chat.web.where import Where


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
