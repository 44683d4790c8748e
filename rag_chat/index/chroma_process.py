"""Chroma in a process of its own: what it does there can neither stop nor end the app.

Chroma's native writer holds Python's global lock while it builds its graph (seconds for a long report, in which no
page would answer), was seen to wait for ever on a full disk, and dies with its process where its files are torn. Here
a write takes time from nobody, one that does not come back is given up, and a crash is an error with one sentence.
The process ends with its parent, however that ends. Limit: calls are answered one after the other.
"""

from __future__ import annotations

import contextlib
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from rag_chat.child import Child, served
from rag_chat.errors import DiskFull, LibraryError, RagChatError
from rag_chat.library.files import folder_errors_are_ours
from rag_chat.types import Vectors

SECONDS = 120.0  # for one call; the longest take a few
SECONDS_WHEN_FULL = 10.0  # where the disk has no room left
NO_ROOM = 1_000_000  # bytes
_LOOK_SECONDS = 0.5
_AT_ONCE = 500  # chunks in one write, so that a search waits for a fraction of a second at most
# A new graph's file is written with whatever its memory held before, a deleted document's vectors may be among it: so
# glibc is to take every large piece of memory from the system, which gives it empty.
_CLEAN = {"MALLOC_MMAP_THRESHOLD_": "65536"}
_ANEW = "restart the app: it is made anew from the catalog."


class ChromaProcess:
    """A VectorStore over `Chroma` in a child process. Safe to use from several threads.

    Making one does not wait for the child, which loads Chroma meanwhile; an index that cannot be opened is an error of
    the first call. `held` are open files that the child keeps open too: the lock of a library stays locked until the
    last write ended.
    """

    def __init__(self, folder: Path, held: Sequence[int] = ()) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self._held = folder, tuple(held)
        self._exchanges = ThreadPoolExecutor(1, "chroma")  # one at a time, in the order of asking
        self._gone: RagChatError | None = None  # why nothing can be asked any more
        self._was_full = False  # a Chroma that met a full disk may wait for ever in its next write
        self._begin()
        self._exchanges.submit(self._opened)

    def _begin(self) -> None:
        self._child = Child(__name__, str(self.folder), held=self._held, environment=_CLEAN)

    @property
    def pid(self) -> int:
        return self._child.pid

    def upsert(self, ids: Sequence[str], doc_ids: Sequence[str], vectors: Vectors) -> None:
        for start in range(0, len(ids), _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            self._ask("upsert", ids[part], doc_ids[part], vectors[part])

    def search(self, vector: Vectors, top_k: int, doc_ids: Sequence[str] | None = None) -> list[tuple[str, float]]:
        found: list[tuple[str, float]] = self._ask("search", vector, top_k, doc_ids)
        return found

    def delete(self, doc_id: str) -> None:
        self._ask("delete", doc_id)

    def delete_ids(self, ids: Sequence[str]) -> None:
        for start in range(0, len(ids), _AT_ONCE):
            self._ask("delete_ids", ids[start : start + _AT_ONCE])

    def count(self, doc_id: str | None = None) -> int:
        return int(self._ask("count", doc_id))

    def clear(self) -> None:
        self._ask("clear")

    def ids(self) -> set[str]:
        found: set[str] = self._ask("ids")
        return found

    def rows(self) -> list[tuple[list[str], Vectors]]:
        found: list[tuple[list[str], Vectors]] = self._ask("rows")
        return found

    def renew(self) -> None:
        """Throws an index that cannot be used away, and starts an empty one."""
        self._submit(self._renewed)

    def restart(self) -> None:
        """A fresh process over the same files."""
        self._submit(self._start_again)

    def close(self) -> bool:
        """Whether it ended in order."""
        try:
            self._ask("close")
            orderly = True
        except LibraryError:
            orderly = False
        self._exchanges.shutdown()
        self._child.end()
        return orderly

    def _ask(self, method: str, *args: object) -> Any:
        """Whoever asks may be interrupted; the exchange goes on, and the next one waits for its end."""
        return self._submit(lambda: self._exchange(method, args))

    def _submit(self, call: Callable[[], Any]) -> Any:
        try:
            exchange = self._exchanges.submit(call)
        except RuntimeError:
            raise LibraryError("The library is closed.") from None
        return exchange.result()

    def _opened(self) -> None:
        try:
            self._answer()
        except RagChatError as error:
            self._gone, self._was_full = error, isinstance(error, DiskFull)
            self._child.end()

    def _renewed(self) -> None:
        self._child.end()
        throw_away(self.folder)
        self.folder.mkdir()
        self._start_again()

    def _start_again(self) -> None:
        self._child.end()
        self._gone, self._was_full = None, False
        self._begin()
        self._opened()

    def _exchange(self, method: str, args: tuple[object, ...]) -> Any:
        if self._was_full:
            self._start_again()
        if self._gone is not None:
            raise self._gone.with_traceback(None)
        try:
            self._child.connection.send((method, args))
        except OSError:
            raise self._death() from None
        try:
            return self._answer()
        except DiskFull:
            self._was_full = True
            raise

    def _answer(self) -> Any:
        started = time.monotonic()
        try:
            while not self._child.connection.poll(_LOOK_SECONDS):
                self._give_up_after(time.monotonic() - started)
            error, value = self._child.connection.recv()
        except (EOFError, OSError):
            raise self._death() from None
        if error is not None:
            raise error
        return value

    def _give_up_after(self, waited: float) -> None:
        full = shutil.disk_usage(self.folder).free < NO_ROOM
        if waited < (SECONDS_WHEN_FULL if full else SECONDS):
            return
        self._child.end()
        if full:
            raise DiskFull("No space is left for the vector index; free some space and try again.")
        self._gone = LibraryError(f"The vector index has not answered for {waited:.0f} s; {_ANEW}")
        raise self._gone

    def _death(self) -> RagChatError:
        code = self._child.end()
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        self._gone = LibraryError(f"The vector index ended by itself ({how}); {_ANEW}")
        return self._gone


def throw_away(folder: Path) -> None:
    """Nothing of an index is kept: its vectors may be a deleted document's."""
    with folder_errors_are_ours(), contextlib.suppress(FileNotFoundError):
        shutil.rmtree(folder)


def serve(descriptor: str, lifeline: str, folder: str) -> None:
    """The child's whole life: one call after the other until it is closed or the parent is gone."""
    connection = served(descriptor, lifeline)
    from rag_chat.index.chroma import Chroma

    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        try:
            store = Chroma(Path(folder))
        except RagChatError as error:
            connection.send((error.with_traceback(None), None))
            return
        connection.send((None, None))
        method = ""
        while method != "close":
            method, args = connection.recv()
            connection.send(_outcome(store, method, args))


def _outcome(store: object, method: str, args: tuple[Any, ...]) -> tuple[RagChatError | None, Any]:
    try:
        value = getattr(store, method)(*args)
        return None, list(value) if isinstance(value, Iterator) else value
    except RagChatError as error:
        return error.with_traceback(None), None
