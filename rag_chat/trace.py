"""Seconds per stage of one piece of work; no globals, one `Trace` a question or document."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Trace:
    """Collects seconds by stage name; a stage that runs twice adds up."""

    def __init__(self) -> None:
        self._start = time.perf_counter()
        self._seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self.add(name, time.perf_counter() - start)

    def add(self, name: str, seconds: float) -> None:
        self._seconds[name] = self._seconds.get(name, 0.0) + seconds

    def since_start(self) -> float:
        return time.perf_counter() - self._start

    def seconds(self) -> dict[str, float]:
        """Rounded to a tenth of a millisecond, with `total`."""
        return {name: round(value, 4) for name, value in (*self._seconds.items(), ("total", self.since_start()))}
