"""The local language model in a process of its own: one that hangs, crashes or takes all memory ends an answer with one
sentence, and the next question has a fresh one.

The process loads the model while its parent loads everything else, and is what the kernel ends first where memory runs
out. Closing an answer's iterator stops it at the model's next token.
"""

from __future__ import annotations

import contextlib
import signal
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rag_chat.child import Child, served
from rag_chat.errors import ModelFailed
from rag_chat.generation.local import LESS, PATIENCE_S, PromptWriter
from rag_chat.types import Brief
from rag_chat.weights import Weights

LOADING_S = 600.0  # a large model from a slow disk
STOPPING_S = 5.0  # for the token that is being made
FIRST_TO_GO = "800"  # of 1,000, when the kernel looks for whom to end


class GeneratorApart:
    """A Generator. One answer at a time; safe to share between threads. Making one does not wait for the model."""

    def __init__(self, weights: Weights, writers: tuple[PromptWriter, PromptWriter], *, cache: Path, most: int) -> None:
        self.name = weights.name
        self._made_of = weights, writers, cache, most
        self._lock = threading.Lock()
        self._child: Child | None = None
        self._trusted: bool | None = None  # None until the model is loaded
        self._begin()

    @property
    def trusted(self) -> bool:
        """Waits for the model. Raises ModelFailed where it cannot be loaded."""
        if self._trusted is None:
            with self._lock:
                self._ready()
        return bool(self._trusted)

    def generate(self, brief: Brief) -> Iterator[str]:
        """Raises ModelFailed, after which it may be asked again."""
        with self._lock:
            child, over = self._ready(), False
            try:
                child.connection.send(brief)
                while not over:
                    said = self._said(child, PATIENCE_S)
                    over = said is None
                    if isinstance(said, str):
                        yield said
            except (EOFError, OSError) as error:
                over = True
                raise self._death(child) from error
            except ModelFailed:
                over = True
                raise
            finally:
                if not over:
                    self._stop(child)

    def _begin(self) -> Child:
        self._child = child = Child("rag_chat.generation.apart")
        weakref.finalize(self, child.end)
        with contextlib.suppress(OSError):  # its end is told by the first answer
            child.connection.send(self._made_of)
        self._trusted = None
        return child

    def _ready(self) -> Child:
        child = self._child or self._begin()
        if self._trusted is None:
            try:
                self._trusted = bool(self._said(child, LOADING_S))
            except (EOFError, OSError) as error:
                raise self._death(child) from error
        return child

    def _said(self, child: Child, seconds: float) -> Any:
        if not child.connection.poll(seconds):
            self._end(child)
            raise ModelFailed(
                f"The language model '{self.name}' wrote nothing for {seconds:g} s; ask again, or name a smaller one in"
                " RAG_CHAT_GENERATOR."
            )
        said = child.connection.recv()
        if isinstance(said, ModelFailed):
            self._end(child)  # a device that failed once may fail for good in that process
            raise said
        return said

    def _stop(self, child: Child) -> None:
        try:
            child.connection.send("stop")
            while self._said(child, STOPPING_S) is not None:
                pass
        except (EOFError, OSError, ModelFailed):
            self._end(child)

    def _death(self, child: Child) -> ModelFailed:
        code = self._end(child)
        if code == -signal.SIGKILL:
            return ModelFailed(
                f"The language model '{self.name}' was ended by the system, as happens where memory runs out;"
                f" {LESS}, and ask again."
            )
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return ModelFailed(f"The language model '{self.name}' ended by itself ({how}); ask again.")

    def _end(self, child: Child) -> int:
        self._child = None
        return child.end()


def serve(descriptor: str, lifeline: str) -> None:
    """The child's whole life: says whether the model is trusted, then one brief after the other, each as its pieces and
    None. An error of ours is said in their place."""
    connection = served(descriptor, lifeline)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(FIRST_TO_GO, encoding="ascii")
    from rag_chat.generation.local import LocalGenerator

    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        weights, writers, cache, most = connection.recv()
        try:
            generator = LocalGenerator(weights, writers, cache=cache, most=most)
        except ModelFailed as error:
            connection.send(error.with_traceback(None))
            return
        connection.send(generator.trusted)
        while True:
            brief = connection.recv()
            if brief == "stop":  # it came after the answer's end
                continue
            try:
                with contextlib.closing(generator.generate(brief)) as pieces:  # type: ignore[type-var]
                    for piece in pieces:
                        connection.send(piece)
                        if connection.poll():
                            break
            except ModelFailed as error:
                connection.send(error.with_traceback(None))
                return
            connection.send(None)
