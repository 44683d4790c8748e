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
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from rag_chat.child import Child, served
from rag_chat.errors import ModelFailed, RagChatError
from rag_chat.generation.local import LESS, PATIENCE_S, PromptWriter
from rag_chat.types import Brief
from rag_chat.weights import Weights

LOADING_S = 600.0  # a large model from a slow disk; one from a hub may take any time
STOPPING_S = 5.0  # for the token that is being made
FIRST_TO_GO = "800"  # of 1,000, when the kernel looks for whom to end


class GeneratorApart:
    """A Generator. One answer at a time; safe to share between threads. Making one does not wait for the model."""

    def __init__(self, weights: Weights, writers: tuple[PromptWriter, PromptWriter], *, cache: Path, most: int) -> None:
        self.name = weights.name
        self._made_of = weights, writers, cache, most
        self._lock = threading.Lock()
        self._child: Child | None = None
        self._loaded = False
        self._trusted = False  # as the process says when it has loaded the model
        self._begin()

    @property
    def trusted(self) -> bool:
        """Waits for the model. Raises ModelFailed where it cannot be loaded."""
        if not self._loaded:
            with self._lock:
                self._ready()
        return self._trusted

    def generate(self, brief: Brief) -> Iterator[str]:
        """Raises ModelFailed, after which it may be asked again."""
        with self._lock:
            child, under_way = self._ready(), True
            try:
                child.connection.send(brief)
                while under_way:
                    said = self._said(child, PATIENCE_S)
                    under_way = said is not None
                    if isinstance(said, str):
                        yield said
            except (EOFError, OSError) as error:
                raise self._death(child) from error
            finally:
                if under_way and self._child is child:
                    self._stop(child)

    def _begin(self) -> Child:
        try:
            child = Child("rag_chat.generation.apart")
        except OSError as error:
            said = f"The process of the language model '{self.name}' cannot be started ({error.strerror}); ask again."
            raise ModelFailed(said) from error
        self._child, self._loaded = child, False
        weakref.finalize(self, child.end, 0)  # nobody waits for its answer any more, and it has nothing to close
        with contextlib.suppress(OSError):  # its end is told by the first answer
            child.connection.send(self._made_of)
        return child

    def _ready(self) -> Child:
        child = self._child or self._begin()
        if not self._loaded:
            try:
                self._trusted = bool(self._said(child, LOADING_S if self._made_of[0].path is not None else None))
            except (EOFError, OSError) as error:
                raise self._death(child) from error
            self._loaded = True
        return child

    def _said(self, child: Child, seconds: float | None) -> Any:
        if not child.connection.poll(seconds):
            self._end(child)
            raise ModelFailed(
                f"The language model '{self.name}' wrote nothing for {seconds:g} s; ask again, or name a smaller one in"
                " RAG_CHAT_GENERATOR."
            )
        said = child.connection.recv()
        if isinstance(said, RagChatError):
            self._end(child)  # a device that failed once may fail for good in that process
            raise said
        return said

    def _stop(self, child: Child) -> None:
        try:
            child.connection.send("stop")
            while self._said(child, STOPPING_S) is not None:
                pass
        except (EOFError, OSError, RagChatError):
            self._end(child)
        except BaseException:  # Ctrl-C once more: what is left of this answer must not be the next one's
            self._end(child)
            raise

    def _death(self, child: Child) -> ModelFailed:
        code = self._end(child)
        if code == -signal.SIGKILL and not child.was_killed:
            return ModelFailed(
                f"The language model '{self.name}' was ended by the system, as happens where memory runs out;"
                f" {LESS}, and ask again."
            )
        how = signal.Signals(-code).name if code < 0 and not child.was_killed else "without a word"
        return ModelFailed(f"The language model '{self.name}' ended by itself ({how}); ask again.")

    def _end(self, child: Child) -> int:
        self._child, self._loaded = None, False
        return child.end()


def serve(descriptor: str, lifeline: str) -> None:
    """The child's whole life: says whether the model is trusted, then one brief after the other, each as its pieces and
    None. An error of ours is said in their place."""
    connection = served(descriptor, lifeline)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(FIRST_TO_GO, encoding="ascii")
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        made_of = connection.recv()
        try:
            _serve(connection, *made_of)
        except RagChatError as error:
            connection.send(error.with_traceback(None))
        except Exception as error:  # an outer edge: there is nobody else to tell
            connection.send(ModelFailed(f"The language model '{made_of[0].name}' failed ({type(error).__name__})."))


def _serve(
    connection: Connection[Any, Any], weights: Weights, writers: tuple[PromptWriter, PromptWriter], cache: Path,
    most: int,
) -> None:  # fmt: skip
    from rag_chat.generation.local import LocalGenerator

    generator = LocalGenerator(weights, writers, cache=cache, most=most)
    connection.send(generator.trusted)
    while True:
        brief = connection.recv()
        if brief == "stop":  # it came after the answer's end
            continue
        with contextlib.closing(generator.generate(brief)) as pieces:  # type: ignore[type-var]
            for piece in pieces:
                connection.send(piece)
                if connection.poll():
                    break
        connection.send(None)
