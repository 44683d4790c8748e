"""The queue of uploaded files: one after the other is ingested in a thread that no open page is needed for.

A file waits here while the models load. It is removed from the upload folder as soon as it has been dealt with, so
that nothing of a document is left outside the library. Knows nothing of HTML.
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

from rag_chat.errors import RagChatError
from rag_chat.types import IngestReport
from rag_chat.web.backend import Loading, Step

MOST = 500  # files waiting or shown
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
    report: IngestReport | None = None

    @property
    def share(self) -> float:
        return min(1.0, self.done / self.total) if self.total else 0.0

    def seconds_left(self, now: float) -> float | None:
        """Of the present stage, from its own speed; None while that is not known."""
        if self.report is not None or self.share < STEADY or self.share >= 1:
            return None
        return (now - self.stage_started) * (1 - self.share) / self.share


class Uploads:
    def __init__(self, loading: Loading) -> None:
        self._loading = loading
        self._lock = threading.Lock()
        self._uploads: dict[int, Upload] = {}
        self._waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._ids = itertools.count(1)
        threading.Thread(target=self._work, name="uploads", daemon=True).start()

    def add(self, files: Sequence[tuple[Path, str]], *, keep: bool = False) -> int:
        """Queues (path, name) pairs; how many were taken."""
        with self._lock:
            room = max(0, MOST - sum(upload.report is None for upload in self._uploads.values()))
            taken = files[:room]
            for path, name in taken:
                upload = Upload(next(self._ids), name, path, keep)
                self._uploads[upload.id] = upload
                self._waiting.put(upload.id)
        if not keep:
            for path, _ in files[room:]:
                path.unlink(missing_ok=True)
        return len(taken)

    def all(self) -> list[Upload]:
        """Those on their way and those that failed; what arrived is in the library."""
        with self._lock:
            return list(self._uploads.values())

    def busy(self) -> bool:
        return any(upload.report is None for upload in self.all())

    def dismiss(self, id_: int) -> None:
        """Forgets a finished one."""
        with self._lock:
            if id_ in self._uploads and self._uploads[id_].report is not None:
                del self._uploads[id_]

    def _work(self) -> None:
        while True:
            self._ingest(self._waiting.get())

    def _ingest(self, id_: int) -> None:
        upload = self._uploads[id_]
        report = self._report(upload)
        if not upload.keep:
            with contextlib.suppress(OSError):
                upload.path.unlink(missing_ok=True)
                upload.path.parent.rmdir()  # the folder of this upload alone
        with self._lock:
            if report.status == "ready":
                del self._uploads[id_]
            else:
                self._uploads[id_] = replace(self._uploads[id_], report=report)

    def _report(self, upload: Upload) -> IngestReport:
        try:
            backend = self._loading.wait()
            assert backend is not None  # wait() without a timeout returns it or raises
            return backend.add_document(upload.path, upload.name, lambda step: self._progress(upload.id, step))
        except RagChatError as error:
            return IngestReport(upload.name, None, "failed", error=str(error), code="E_INTERNAL")
        except Exception as error:  # an outer edge: one file of a run
            said = f"It could not be read ({type(error).__name__}); the other files are not affected."
            return IngestReport(upload.name, None, "failed", error=said, code="E_INTERNAL")

    def _progress(self, id_: int, step: Step) -> None:
        with self._lock:
            upload = self._uploads[id_]
            started = upload.stage_started if upload.stage == step.stage else time.monotonic()
            self._uploads[id_] = replace(
                upload, stage=step.stage, done=step.done, total=step.total, stage_started=started
            )
