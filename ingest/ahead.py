"""The document whose turn comes next is read already, in a thread and a reading process of its own.

At most one is, beside those whose turn has come while they are still being read. What came of it, its pages or its
error, is kept until its turn takes it or it is dropped; nothing is written, so that one which nobody takes leaves
nothing behind.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ingest.digest import digest
from ingest.parse import parse
from ingest.parsed import Limits, Parsed
from rag_chat.library.begun import Begun, Unfinished
from rag_chat.progress import Listener, Progress
from rag_chat.sandbox import Sandbox


@dataclass(frozen=True, slots=True)
class File:
    """What is to be read; its name decides too as what."""

    path: Path
    name: str
    password: str | None


def read(
    file: File, limits: Limits, sandbox: Sandbox, recognition: threading.Lock, tell: Listener, begun: Unfinished
) -> Parsed:  # fmt: skip
    """Raises DocumentError. One file at a time has its pages recognised."""
    return parse(
        file.path, limits, sandbox, name=file.name, password=file.password,
        progress=lambda done, total: tell(Progress(file.name, "reading", done, total)),
        recognizing=lambda done, total: tell(Progress(file.name, "recognizing", done, total)),
        recognition=recognition, begun=begun,
    )  # fmt: skip


class ReaderAhead:
    """Safe to use from several threads. `is_wanted` is asked whether a document of this id is to be read at all."""

    def __init__(
        self, limits: Limits, new_sandbox: Callable[[], Sandbox], recognition: threading.Lock,
        is_wanted: Callable[[str], bool], begun: Begun,
    ) -> None:  # fmt: skip
        self._read = partial(read, limits=limits, recognition=recognition)
        self._new_sandbox = new_sandbox
        self._is_wanted = is_wanted
        self._begun = begun
        self._idle: Sandbox | None = None  # its process has started
        self._reading: _Reading | None = None
        self._taken: set[_Reading] = set()  # waited for in their turn; another may begin beside them
        self._lock = threading.Lock()
        self._closed = False

    def start(self, file: File) -> None:
        """Begins to read it, unless that was begun before; what was read of another is dropped."""
        with self._lock:
            if self._closed or (self._reading is not None and self._reading.file == file):
                return
            self._end()
            sandbox, self._idle = self._idle or self._new_sandbox(), None
            self._reading = _Reading(file, self._read, sandbox, self._is_wanted, self._begun)

    def take(self, file: File, doc_id: str, tell: Listener) -> Parsed | None:
        """What was read of these bytes, waiting for what is left to read; None where they were not read. Raises what
        reading them raised."""
        with self._lock:
            reading = self._reading
            if reading is None or reading.file != file:
                return None
            self._reading = None
            self._taken.add(reading)
        try:
            return reading.outcome(doc_id, tell)
        finally:
            with self._lock:
                self._taken.discard(reading)
                self._release(reading)

    def drop(self, path: Path) -> None:
        with self._lock:
            if self._reading is not None and self._reading.file.path == path:
                self._end()
            for reading in self._taken:
                if reading.file.path == path:
                    reading.stop()

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._end()
            for reading in self._taken:
                reading.stop()
            if self._idle is not None:
                self._idle.close()

    def _end(self) -> None:
        if self._reading is not None:
            self._release(self._reading)
        self._reading = None

    def _release(self, reading: _Reading) -> None:
        """Nobody waits for it any more; its process serves the next one."""
        reading.stop()
        if reading.stopped:
            return
        if self._closed or self._idle is not None:
            reading.sandbox.close()
        else:
            self._idle = reading.sandbox


class _Reading:
    """A thread that reads one file, and what came of it."""

    def __init__(
        self, file: File, read: Callable[..., Parsed], sandbox: Sandbox, is_wanted: Callable[[str], bool], begun: Begun
    ) -> None:  # fmt: skip
        self.file, self.sandbox = file, sandbox
        self.stopped = False  # and its sandbox closed
        self._steps: queue.SimpleQueue[Progress | None] = queue.SimpleQueue()  # None: it is over
        self._doc_id: str | None = None
        self._parsed: Parsed | None = None
        self._error: Exception | None = None
        self._thread = threading.Thread(
            target=self._run, args=(read, is_wanted, begun), name="reading ahead", daemon=True
        )
        self._thread.start()

    def outcome(self, doc_id: str, tell: Listener) -> Parsed | None:
        while (step := self._latest()) is not None:
            tell(step)
        self._thread.join()  # it is at its last line
        if self._doc_id != doc_id:
            return None  # the file is another by now
        if self._error is not None:
            raise self._error
        return self._parsed

    def stop(self) -> None:
        if self._thread.is_alive():
            self.stopped = True
            self.sandbox.close()
            self._thread.join(1)  # a disk that hangs is not waited for

    def _latest(self) -> Progress | None:
        """The last step there is, so that whoever listens hears where it is and not how it got there."""
        step = self._steps.get()
        while step is not None and not self._steps.empty():
            step = self._steps.get()
        return step

    def _run(self, read: Callable[..., Parsed], is_wanted: Callable[[str], bool], begun: Begun) -> None:
        try:
            self._doc_id = digest(self.file.path)
            if is_wanted(self._doc_id):
                self._parsed = read(self.file, sandbox=self.sandbox, tell=self._steps.put, begun=begun.of(self._doc_id))
        except Exception as error:  # raised where its turn comes
            self._error = error
        finally:
            self._steps.put(None)
