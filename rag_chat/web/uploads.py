"""The queue of uploaded files: one after the other is ingested in a thread that no open page is needed for.

A file is taken into the library's folder at once and waits there, while the models load and over restarts, until it
has been dealt with. Knows nothing of HTML.
"""

from __future__ import annotations

import contextlib
import itertools
import queue
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rag_chat.errors import DiskFull, DocumentError, RagChatError
from rag_chat.library.incoming import Incoming, Waiting
from rag_chat.progress import WITHOUT_READER, Progress
from rag_chat.types import IngestReport
from rag_chat.web.backend import Backend, Loading

MOST = 500  # files waiting or shown
MOST_ATTEMPTS = 2  # that ended with the process
STEADY = 0.05  # of a stage must be done before the time left is estimated


@dataclass(frozen=True, slots=True)
class Upload:
    """One file on its way; `report` is there when it has arrived or failed."""

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
        # Above those of earlier lives, also where the clock was put back since.
        self._ids = itertools.count(max(time.time_ns() // 1000, incoming.last() + 1))
        threading.Thread(target=self._work, name="uploads", daemon=True).start()

    def add(self, files: Sequence[tuple[Path, str]], *, keep: bool = False) -> int:
        """Queues (path, name) pairs; how many were taken."""
        with self._lock:
            room = max(0, MOST - sum(upload.report is None for upload in self._uploads.values()))
            for path, name in files[:room]:
                self._queue(self._taken(next(self._ids), path, name, keep))
        if not keep:
            for path, _ in files:
                _remove(path)
        return len(files[:room])

    def all(self) -> list[Upload]:
        """Those on their way and those that failed; what arrived is in the library."""
        with self._lock:
            return list(self._uploads.values())

    def busy(self) -> bool:
        return not self._taken_up or any(upload.report is None for upload in self.all())

    def dismiss(self, id_: int) -> None:
        """Forgets a finished one, or stops one on its way: nothing of it stays."""
        with self._lock:
            upload = self._uploads.get(id_)
            if upload is None:
                return
            if upload.report is None and upload.stage != "waiting":
                self._cancelled.add(id_)  # its own thread ends it at the next step
                return
            self._forget(upload)
        if self._loading.ready and (backend := self._loading.wait()) is not None:
            backend.drop_ahead(upload.path)

    def retry(self, id_: int) -> None:
        """Queues a failed one again."""
        with self._lock:
            upload = self._uploads.get(id_)
            if upload is not None and upload.report is not None and upload.path.is_file():
                self._cancelled.discard(id_)
                del self._uploads[id_]  # it waits behind the others
                self._queue(replace(upload, report=None, stage="waiting", done=0, total=0, attempts=0))

    def close(self) -> None:
        """The process ends in good order; what waits, or is being read, goes on at the next start."""
        with self._lock:
            self._closed = True
        for upload in self.all():
            if not upload.keep and upload.report is None:
                self._incoming.pause(_waiting(upload))
            elif not upload.keep:
                self._incoming.drop(upload.id)

    def _taken(self, id_: int, path: Path, name: str, keep: bool) -> Upload:
        if keep:
            return Upload(id_, name, path, keep)
        try:
            return Upload(id_, name, self._incoming.keep(id_, path, name).path, keep)
        except (DiskFull, OSError) as error:
            said = str(error) if isinstance(error, DiskFull) else "It cannot be stored in the library's folder."
            return Upload(
                id_, name, path, keep, report=IngestReport(name, None, "failed", error=said, code="E_DISK_FULL")
            )

    def _queue(self, upload: Upload) -> None:
        self._uploads[upload.id] = upload
        if upload.report is None:
            self._waiting.put(upload.id)

    def _forget(self, upload: Upload) -> None:
        del self._uploads[upload.id]
        self._cancelled.discard(upload.id)
        if not upload.keep:
            self._incoming.drop(upload.id)

    def _work(self) -> None:
        with contextlib.suppress(RagChatError):  # which `_report` says of each file
            self._loading.wait()
            self._take_up()
        self._taken_up = True
        while True:
            self._ingest(self._waiting.get())

    def _take_up(self) -> None:
        """Queues what earlier lives left, before what is new; only now, as now the library is ours alone."""
        with self._lock:
            for left in self._incoming.all():
                if left.number not in self._uploads:
                    self._uploads[left.number] = Upload(
                        left.number, left.name, left.path, False, attempts=left.attempts
                    )
            self._uploads = dict(sorted(self._uploads.items()))
            self._waiting = queue.SimpleQueue()
            for upload in self._uploads.values():
                self._queue(upload)

    def _ingest(self, id_: int) -> None:
        with self._lock:
            upload = self._uploads.get(id_)
        if upload is None:
            return  # stopped while it waited
        report = self._report(upload)
        with self._lock:
            if id_ not in self._uploads or self._closed:
                return
            if (report.status == "ready" and not report.notice) or report.code == "E_CANCELED":
                self._forget(upload)
            else:
                self._uploads[id_] = replace(self._uploads[id_], report=report)
                if report.status != "failed" and not upload.keep:
                    self._incoming.drop(id_)

    def _report(self, upload: Upload) -> IngestReport:
        try:
            backend = self._loading.wait()
            assert backend is not None  # wait() without a timeout returns it or raises
            self._begin(upload)
            return backend.add_document(upload.path, upload.name, lambda step: self._progress(upload.id, step, backend))
        except DocumentError as error:
            return IngestReport(upload.name, None, "failed", error=str(error), code=error.code)
        except RagChatError as error:
            return IngestReport(upload.name, None, "failed", error=str(error), code="E_INTERNAL")
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
            if step.stage in WITHOUT_READER and (following := self._following(upload)) is not None:
                backend.read_ahead(following.path, following.name)

    def _following(self, upload: Upload) -> Upload | None:
        """Whose turn comes next, where that can be read already: whatever ended the process before is read alone, so
        that it is blamed and no other."""
        waiting = next((u for u in self._uploads.values() if u.report is None and u.id != upload.id), None)
        return waiting if waiting is not None and not waiting.attempts and not upload.attempts else None


def _waiting(upload: Upload) -> Waiting:
    return Waiting(upload.id, upload.name, upload.attempts, upload.path)


def _remove(path: Path) -> None:
    """A file of the upload folder, and the folder of this upload alone."""
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)
        path.parent.rmdir()
