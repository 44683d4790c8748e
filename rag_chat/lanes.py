"""One batch on each core, instead of one batch on all of them: no core waits for another inside a model.

Measured on two cores with MiniLM in bfloat16: as fast within the model, and the tokens of the next batch are made
while the other lane computes. On a GPU there is one lane. Knows nothing about models; what runs in a lane must not
itself start threads.
"""

from __future__ import annotations

import functools
import math
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from rag_chat.compute import this_machine

Item = TypeVar("Item")
Result = TypeVar("Result")

AHEAD = 2  # batches a lane that are handed in at once; what another thread asks for waits for no more than these
MOST_TOKENS = 4096  # of a batch, without its padding: larger ones leave the cache
WIDTHS = 16  # tokens; what is padded to few widths needs few kernels and few kinds of blocks of memory
LEAST_TOKENS = 512  # smaller ones cost more in calls than the other lanes gain


class Lanes:
    """A fixed number of threads, each computing with one core. Safe to share between threads."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="lane")
        if count > 1:
            self._give_each_one_core()

    def map(self, work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Results in the order of the items; the first error is raised and the rest is not begun."""
        waiting: deque[Future[Result]] = deque()
        try:
            for item in items:
                waiting.append(self._pool.submit(work, item))
                if len(waiting) >= AHEAD * self.count:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()

    def batches(self, tokens: Sequence[int]) -> list[list[int]]:
        """Places of texts of so many tokens, longest first, so that a batch pads little.

        Little work is cut into as many batches of the same size for every lane, so that none is left waiting for the
        last. Of much work, batches of one width, in steps of `WIDTHS` tokens, have as many rows whatever the work.
        """
        order = sorted(range(len(tokens)), key=lambda i: -tokens[i])
        total = sum(tokens)
        if total > self.count * MOST_TOKENS:
            return _of_few_shapes(order, tokens)
        share = max(1.0, total / max(1, min(self.count, total // LEAST_TOKENS)))
        batches: list[list[int]] = []
        done = 0
        for place in order:
            if done >= share * len(batches):
                batches.append([])
            batches[-1].append(place)
            done += tokens[place]
        return batches

    def _give_each_one_core(self) -> None:
        """torch counts threads by thread, but a new thread starts from the number set last anywhere."""
        import torch

        before = torch.get_num_threads()
        all_here = threading.Barrier(self.count)

        def settle() -> None:
            torch.get_num_threads()  # takes the common number now, so that it is not taken later
            torch.set_num_threads(1)
            all_here.wait()

        for future in [self._pool.submit(settle) for _ in range(self.count)]:
            future.result()
        torch.set_num_threads(before)


def _of_few_shapes(order: Sequence[int], tokens: Sequence[int]) -> list[list[int]]:
    batches, start = [], 0
    while start < len(order):
        width = max(1, math.ceil(tokens[order[start]] / WIDTHS)) * WIDTHS
        rows = max(1, MOST_TOKENS // width)
        batches.append(list(order[start : start + rows]))
        start += rows
    return batches


@functools.cache
def lanes() -> Lanes:
    """The lanes of this process: one a core, or one for the GPU."""
    machine = this_machine()
    return Lanes(machine.threads if machine.device == "cpu" else 1)
