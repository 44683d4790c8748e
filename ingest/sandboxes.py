"""Sandboxes for callers that come at the same time: each has one of its own while it needs it, and one is kept warm."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rag_chat.sandbox import Sandbox


class Sandboxes:
    """Safe to use from several threads."""

    def __init__(self, new: Callable[[], Sandbox]) -> None:
        self._new = new
        self._spare: Sandbox | None = new()  # its process starts with the first call
        self._lent: set[Sandbox] = set()
        self._lock = threading.Lock()
        self._closed = False

    @contextmanager
    def one(self) -> Iterator[Sandbox]:
        with self._lock:
            sandbox, self._spare = self._spare or self._new(), None
            self._lent.add(sandbox)
            if self._closed:
                sandbox.close()  # what it is asked ends as canceled
        try:
            yield sandbox
        finally:
            with self._lock:
                self._lent.discard(sandbox)
                kept = self._spare is None and not self._closed
                if kept:
                    self._spare = sandbox
            if not kept:
                sandbox.close()

    def close(self) -> None:
        """Nobody waits for what is under way in other threads: it ends there as canceled."""
        with self._lock:
            self._closed = True
            closing = [*self._lent, *([self._spare] if self._spare else [])]
        for sandbox in closing:
            sandbox.close()
