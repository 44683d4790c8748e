"""A follow-up written anew by a language model that can be trusted with it, as one more form to search.

It has a few seconds: a model that says nothing in time, or fails, is done without, and the rules' forms are searched.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence

from rag_chat.errors import RagChatError
from rag_chat.protocols import Generator
from rag_chat.types import Brief, Turn

SECONDS = 5.0
TURNS = 3  # before the question, that the model is shown
LONGEST = 400  # characters; what is longer is no question


def rewritten(question: str, history: Sequence[Turn], generator: Generator, seconds: float = SECONDS) -> str:
    """The first line that the model writes; "" where it wrote none in time."""
    said: queue.Queue[str] = queue.Queue()
    late = threading.Event()
    brief = Brief(question, (), (), before=tuple(history[-TURNS:]))
    thread = threading.Thread(target=_write, args=(generator, brief, said, late), name="rewrite", daemon=True)
    thread.start()
    try:
        return said.get(timeout=seconds)
    except queue.Empty:
        return ""
    finally:
        late.set()


def _write(generator: Generator, brief: Brief, said: queue.Queue[str], late: threading.Event) -> None:
    text = ""
    try:
        pieces = generator.generate(brief)
        for piece in pieces:
            text += piece
            if late.is_set() or len(text) > LONGEST or "\n" in text.strip():
                break
        if close := getattr(pieces, "close", None):
            close()
    except RagChatError:  # it will be said when the answer is asked for
        text = ""
    line = next(iter(text.strip().splitlines()), "").strip(" \"“”'")
    said.put(line if len(line) <= LONGEST else "")
