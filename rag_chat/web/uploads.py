"""The queue of uploaded files: one after the other is ingested in a thread that no open page is needed for, and those
behind a scan go by it while its pages are recognised.

A file is taken into the library's folder at once and stays there, while the models load and over restarts, until it
is in the library or a person dismisses it. Knows nothing of HTML.
"""

from __future__ import annotations

import contextlib
import itertools
import queue
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from rag_chat.errors import DiskFull, DocumentError, FailureCode, LibraryError, RagChatError
from rag_chat.library import names
from rag_chat.library.incoming import Incoming, Waiting
from rag_chat.progress import WITHOUT_READER, Progress
from rag_chat.types import IngestReport
from rag_chat.web.backend import Backend, Loading
from rag_chat.web.turns import Turns

MOST = 500  # files waiting or shown
MOST_ATTEMPTS = 2  # that ended with the process
STEADY = 0.05  # of a stage must be done before the time left is estimated


@dataclass(frozen=True, slots=True)
class Upload:
    """One file on its way; `report` is there when it has arrived or failed, `older` where it arrived beside others of
    its name."""

    id: int
    name: str
    path: Path
    keep: bool  # the file is not ours to remove: one of the samples
    stage: str = "waiting"
    done: int = 0
    total: int = 0
    stage_started: float = 0.0
    stage_first: int = 0  # how much was done by then, as reading may begin before its turn
    report: IngestReport | None = None
    attempts: int = 0
    password: str | None = field(default=None, repr=False)  # until it was tried
    older: tuple[str, ...] = ()  # document ids

    @property
    def can_be_tried_again(self) -> bool:
        return self.report is not None and self.report.status == "failed" and self.path.is_file()

    @property
    def share(self) -> float:
        return min(1.0, self.done / self.total) if self.total else 0.0

    def seconds_left(self, now: float) -> float | None:
        """Of the present stage, from its own speed; None while that is not known."""
        done = self.done - self.stage_first
        if self.report is not None or self.share >= 1 or not self.total or done < STEADY * self.total:
            return None
        return (now - self.stage_started) * (self.total - self.done) / done


class Uploads:
    """Safe to use from several threads. What an earlier life left in `incoming` goes on."""

    def __init__(self, loading: Loading, incoming: Incoming) -> None:
        self._loading = loading
        self._incoming = incoming
        self._lock = threading.Lock()
        self._uploads: dict[int, Upload] = {}
        self._cancelled: set[int] = set()
        self._taken_up = False  # what earlier lives left
        self._closed = False
        self._waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._turns = Turns()
        # Above those of earlier lives, also where the clock was put back since.
        self._ids = itertools.count(max(time.time_ns() // 1000, incoming.last() + 1))
        threading.Thread(target=self._work, name="uploads", daemon=True).start()

    def add(self, files: Sequence[tuple[Path, str]], *, keep: bool = False) -> int:
        """Queues (path, name) pairs; how many were taken."""
        with self._lock:
            room = max(0, MOST - len(self._uploads))
            for path, name in files[:room]:
                self._queue(self._taken(Upload(next(self._ids), name, path, keep)))
        if not keep:
            for path, _ in files[room:]:
                _remove(path)
        return len(files[:room])

    def all(self) -> list[Upload]:
        """Those on their way, those that failed, and those of which a person is asked something."""
        with self._lock:
            return list(self._uploads.values())

    def get(self, id_: int) -> Upload | None:
        with self._lock:
            return self._uploads.get(id_)

    def busy(self) -> bool:
        return not self._taken_up or any(upload.report is None for upload in self.all())

    def dismiss(self, id_: int) -> None:
        """Forgets a finished one, or stops one on its way: nothing of it stays."""
        if (waiting := self.get(id_)) is not None and waiting.stage == "waiting":
            self._drop_ahead(waiting)  # first, as it may keep what it reads
        with self._lock:
            upload = self._uploads.get(id_)
            if upload is None:
                return
            if upload.report is None and upload.stage != "waiting":
                self._cancelled.add(id_)  # its own thread ends it at the next step
                return
            self._drop(upload)
            del self._uploads[id_]
            self._cancelled.discard(id_)
        self._drop_ahead(upload)

    def _drop_ahead(self, upload: Upload) -> None:
        if self._loading.ready and (backend := self._loading.wait()) is not None:
            backend.drop_ahead(upload.path)

    def retry(self, id_: int, password: str | None = None) -> None:
        """Queues a failed one again."""
        with self._lock:
            upload = self._uploads.get(id_)
            if upload is None or not upload.can_be_tried_again:
                return
            self._cancelled.discard(id_)
            del self._uploads[id_]  # it waits behind the others
            again = replace(
                upload, report=None, stage="waiting", done=0, total=0, attempts=0, password=password
            )  # fmt: skip
            self._queue(self._taken(again))

    def close(self) -> None:
        """The process ends in good order: what waits, or is being read, goes on at the next start, what failed is shown
        again then."""
        with self._lock:
            self._closed = True
        for upload in self.all():
            with contextlib.suppress(LibraryError):  # then it is at the next start what it was before
                if upload.keep:
                    continue
                if upload.report is None:
                    self._incoming.pause(_waiting(upload))
                elif self._loading.refused:
                    self._incoming.drop(upload.id)

    def _taken(self, upload: Upload) -> Upload:
        """It is in the library's folder, or failed because it cannot be put there."""
        try:
            if self._incoming.holds(upload.path):
                self._incoming.pause(_waiting(upload))
            elif not upload.keep:
                kept = self._incoming.keep(upload.id, upload.path, upload.name)
                _remove(upload.path)  # and the folder it came in
                return replace(upload, path=kept.path)
        except LibraryError as error:
            return replace(upload, report=_failed(upload, error))
        return upload

    def _queue(self, upload: Upload) -> None:
        self._uploads[upload.id] = upload
        if upload.report is None:
            self._waiting.put(upload.id)

    def _drop(self, upload: Upload) -> None:
        """Its file and its note."""
        if not upload.keep:
            self._incoming.drop(upload.id)
        if not upload.keep and not self._incoming.holds(upload.path):
            _remove(upload.path)

    def _work(self) -> None:
        with contextlib.suppress(RagChatError):  # which `_report` says of each file
            self._loading.wait()
            self._take_up()
        self._taken_up = True
        while True:
            id_ = self._waiting.get()
            if (upload := self.get(id_)) is None:
                continue  # stopped while it waited
            self._turns.take(id_, alone=upload.attempts > 0)
            threading.Thread(target=self._in_turn, args=(id_,), name="upload", daemon=True).start()

    def _in_turn(self, id_: int) -> None:
        try:
            self._ingest(id_)
        finally:
            self._turns.end(id_)

    def _take_up(self) -> None:
        """What earlier lives left, before what is new; only now, as now the library is ours alone."""
        with self._lock:
            for left in self._incoming.all():
                if left.number not in self._uploads:
                    self._uploads[left.number] = _left(left)
            self._uploads = dict(sorted(self._uploads.items()))
            self._waiting = queue.SimpleQueue()
            for upload in self._uploads.values():
                self._queue(upload)
            self._incoming.sweep()

    def _ingest(self, id_: int) -> None:
        upload = self.get(id_)
        if upload is None:
            return  # stopped while it waited
        report = self._report(upload)
        older = self._older(report) if report.status == "ready" else ()
        with self._lock:
            if id_ not in self._uploads or self._closed:
                return
            self._uploads[id_] = replace(self._uploads[id_], report=report, older=older, password=None)
            was_stopped = report.code == "E_CANCELED" and id_ in self._cancelled  # by a person, who wants no word of it
            if was_stopped or (report.status == "ready" and not older and not report.notice):
                del self._uploads[id_]
                self._cancelled.discard(id_)
            with contextlib.suppress(LibraryError):  # then the next start begins it anew, and it ends as it did
                self._settle(upload, report, was_stopped=was_stopped)

    def _settle(self, upload: Upload, report: IngestReport, *, was_stopped: bool) -> None:
        """In the library's folder, as in memory."""
        if report.status != "failed" or was_stopped:
            self._drop(upload)
        elif not upload.keep:
            self._incoming.fail(_waiting(upload), report.code or "E_INTERNAL", report.error or "")

    def _older(self, report: IngestReport) -> tuple[str, ...]:
        """The other documents that bear its name."""
        with contextlib.suppress(RagChatError):
            if (backend := self._loading.wait()) is not None:
                others = (d for d in backend.documents() if d.doc_id != report.doc_id)
                return tuple(d.doc_id for d in others if names.same(d.name, report.document))
        return ()

    def _report(self, upload: Upload) -> IngestReport:
        try:
            backend = self._loading.wait()
            assert backend is not None  # wait() without a timeout returns it or raises
            self._begin(upload)
            return backend.add_document(
                upload.path, upload.name, lambda step: self._progress(upload.id, step, backend),
                password=upload.password,
            )  # fmt: skip
        except RagChatError as error:
            return _failed(upload, error)
        except Exception as error:  # an outer edge: one file of a run
            said = f"It could not be read ({type(error).__name__}); the other files are not affected."
            return IngestReport(upload.name, None, "failed", error=said, code="E_INTERNAL")

    def _begin(self, upload: Upload) -> None:
        if upload.attempts >= MOST_ATTEMPTS:
            said = f"The app ended {upload.attempts} times while it was read; try again, or leave it out."
            raise DocumentError(said, "E_PARSER_CRASH")
        if not upload.keep:
            self._incoming.begin(_waiting(upload))

    def _progress(self, id_: int, step: Progress, backend: Backend) -> None:
        with self._lock:
            if id_ in self._cancelled or id_ not in self._uploads:
                raise DocumentError("It was stopped; nothing of it was kept.", "E_CANCELED")
            upload = self._uploads[id_]
            if upload.stage != step.stage or not upload.total:
                upload = replace(upload, stage_started=time.monotonic(), stage_first=step.done)
            self._uploads[id_] = replace(upload, stage=step.stage, done=step.done, total=step.total)
            if step.stage == "recognizing" and not upload.attempts:  # which takes seconds a page
                self._turns.pass_on(id_)
            if step.stage in WITHOUT_READER and (following := self._following(upload)) is not None:
                backend.read_ahead(following.path, following.name)

    def _following(self, upload: Upload) -> Upload | None:
        """Whose turn comes next, where that can be read already: whatever ended the process before is read alone, so
        that it is blamed and no other."""
        waiting = next((u for u in self._uploads.values() if u.report is None and u.stage == "waiting"), None)
        if waiting is None or waiting.attempts or upload.attempts or waiting.password is not None:
            return None
        return waiting


def _waiting(upload: Upload) -> Waiting:
    return Waiting(upload.id, upload.name, upload.attempts, upload.path)


def _left(waiting: Waiting) -> Upload:
    """One of an earlier life; its password went with that."""
    upload = Upload(waiting.number, waiting.name, waiting.path, False, attempts=waiting.attempts)
    if waiting.error is None:
        return upload
    return replace(
        upload, report=IngestReport(waiting.name, None, "failed", error=waiting.error, code=waiting.code)
    )  # fmt: skip


def _failed(upload: Upload, error: RagChatError) -> IngestReport:
    full: FailureCode = "E_DISK_FULL" if isinstance(error, DiskFull) else "E_INTERNAL"
    code = error.code if isinstance(error, DocumentError) else full
    return IngestReport(upload.name, None, "failed", error=str(error), code=code)


def _remove(path: Path) -> None:
    """A file of the upload folder, and the folder of this upload alone."""
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)
        path.parent.rmdir()
