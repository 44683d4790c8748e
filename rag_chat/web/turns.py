"""Whose turn it is in a queue: one at a time, but who is at something slow lets the next ones by."""

from __future__ import annotations

import threading

MOST = 8  # at once: those by which others went, and who has the turn


class Turns:
    """Safe to use from several threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._whose: int | None = None
        self._begun: set[int] = set()

    def take(self, id_: int, *, alone: bool) -> None:
        """Waits for its turn; `alone`: until all others have ended."""
        with self._changed:
            self._changed.wait_for(lambda: self._whose is None and not (alone and self._begun))
            self._whose = id_
            self._begun.add(id_)

    def pass_on(self, id_: int) -> None:
        """The next one may begin, though this one goes on."""
        with self._changed:
            if self._whose == id_ and len(self._begun) < MOST:
                self._whose = None
                self._changed.notify_all()

    def end(self, id_: int) -> None:
        with self._changed:
            self._begun.discard(id_)
            if self._whose == id_:
                self._whose = None
            self._changed.notify_all()
