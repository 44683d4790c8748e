"""What the tests let a sandbox's worker do."""

import os
import sys
import time
from collections.abc import Iterator

from rag_chat.errors import NotFound


def add(a: int, b: int) -> int:
    return a + b


def count(n: int) -> Iterator[int]:
    yield from range(n)


def pid() -> int:
    return os.getpid()


def modules() -> list[str]:
    return list(sys.modules)


def die(number: int) -> None:
    os.kill(os.getpid(), number)
    time.sleep(10)


def slow_stream(pause: float) -> Iterator[int]:
    for i in range(100):
        time.sleep(pause)
        yield i


def eat(megabytes: int) -> int:
    return len(bytearray(megabytes * 1024 * 1024))


def raise_ours() -> None:
    raise NotFound("no page 7")


def raise_foreign() -> float:
    return 1 / 0


def eat_and_abort(megabytes):
    """As C++ ends where it gets no more memory."""
    eaten = b"x" * (megabytes * 1024 * 1024)
    time.sleep(0.3)
    os.abort() if eaten else None


def only_on(core: int) -> None:
    os.sched_setaffinity(0, {core})


def compute(seconds: float) -> float:
    """So many of the processor's seconds."""
    while (used := time.process_time()) < seconds:
        pass
    return used
