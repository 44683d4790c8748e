"""How often a document's password was guessed wrong: after a few wrong ones none is tried for a while.

Kept in memory: it slows down who guesses through an app that runs, not who has the file and a program of their own.
"""

from __future__ import annotations

import math
import time

from rag_chat.errors import DocumentError

MOST = 6
WAIT = 60.0  # seconds in which so many wrong ones are too many


class Guesses:
    """For one thread at a time. What is older than the wait is forgotten."""

    def __init__(self) -> None:
        self._wrong: list[tuple[float, str]] = []  # when, and of which document

    def check(self, doc_id: str) -> None:
        """Raises DocumentError where it is to wait, also for the right one."""
        now = time.monotonic()
        self._wrong = [(when, of) for when, of in self._wrong if now - when < WAIT]
        times = [when for when, of in self._wrong if of == doc_id]
        if len(times) >= MOST:
            seconds = math.ceil(times[-MOST] + WAIT - now)
            said = f"{len(times)} wrong passwords were given for it; wait {seconds} s, then give the right one."
            raise DocumentError(said, "E_BAD_PASSWORD")

    def wrong(self, doc_id: str) -> None:
        self._wrong.append((time.monotonic(), doc_id))
