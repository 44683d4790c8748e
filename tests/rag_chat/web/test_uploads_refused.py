"""Uploads that fail, need a password, or cannot be stored."""

from __future__ import annotations

import errno
import threading
from pathlib import Path

import pytest
from uploading import fails, file, incoming, until

from rag_chat.errors import LibraryError
from rag_chat.library.incoming import FOLDER
from rag_chat.types import IngestReport
from rag_chat.web import uploads as queue_of_uploads
from rag_chat.web.documents import documents_html
from rag_chat.web.where import Where


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
