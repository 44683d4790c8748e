"""One question from its first word to its last: kept in the conversation at every step, shown as it grows.

A generator: closing it, as a stop or a closed tab does, closes the engine's iterator, which stops the model, and what
was written by then is kept as stopped. Knows nothing of Gradio.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, replace

from rag_chat.errors import RagChatError
from rag_chat.library.conversations import Exchange
from rag_chat.render import counted
from rag_chat.types import Answer, Event, Finished, PageRange, Retrieved, Token
from rag_chat.web.backend import Backend
from rag_chat.web.conversation import LOOKING, turns
from rag_chat.web.where import pages_said

FRAME = 0.08  # seconds between two paintings of a growing answer
KEPT_EVERY = 1.0  # seconds between two savings of it


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: `search` is looked for in the question's place where a person has changed it."""

    text: str
    search: str | None = None
    doc_ids: tuple[str, ...] | None = None  # None: of all documents
    pages: PageRange | None = None
    replaces: int | None = None  # an earlier turn, which goes once this one is answered


@dataclass(frozen=True, slots=True)
class Step:
    """The exchange as it stands, and what is being done."""

    exchange: Exchange
    stage: str = LOOKING


def answering(
    backend: Backend, conversation: str, number: int, asked: Question, stop: threading.Event
) -> Generator[Step]:
    """The exchange as it grows; the last one is answered, stopped or failed, and kept as that."""
    exchange = Exchange(number, asked.text, doc_ids=asked.doc_ids, pages=asked.pages)

    def keep() -> None:
        backend.conversations.keep(conversation, number, exchange.state, said=exchange.said, answer=exchange.answer)

    try:
        events = _events(backend, conversation, number, asked)
        with closing(_followed(events, exchange, stop, backend, conversation)) as steps:
            for step in steps:
                exchange = step.exchange
                if exchange.state != "asking":
                    keep()  # before it is shown: the page asks for its sources at once
                yield step
    except RagChatError as error:
        exchange = replace(exchange, state="failed", said=str(error))
        keep()
        yield Step(exchange)
    except Exception as error:  # an outer edge: a UI event
        said = f"The question could not be answered ({type(error).__name__}); ask again, or run 'rag-chat doctor'."
        exchange = replace(exchange, state="failed", said=said)
        keep()
        yield Step(exchange)
    finally:
        if exchange.state == "asking":  # closed from outside
            exchange = replace(exchange, state="stopped")
            keep()


def _events(backend: Backend, conversation: str, number: int, asked: Question) -> Iterator[Event]:
    if asked.search is not None:  # searched as it is written
        return backend.engine.ask(asked.search, (), doc_ids=asked.doc_ids, pages=asked.pages)
    before = number if asked.replaces is None else asked.replaces
    earlier = [exchange for exchange in backend.conversations.exchanges(conversation) if exchange.number < before]
    return backend.engine.ask(asked.text, turns(earlier), doc_ids=asked.doc_ids, pages=asked.pages)


def _followed(
    events: Iterator[Event], exchange: Exchange, stop: threading.Event, backend: Backend, conversation: str
) -> Generator[Step]:
    painted = kept = 0.0
    try:
        for event in events:
            if stop.is_set():
                yield Step(replace(exchange, state="stopped"))
                return
            if isinstance(event, Retrieved):
                exchange = replace(exchange, answer=_draft(exchange.question, event))
                backend.conversations.keep(conversation, exchange.number, "asking", answer=exchange.answer)
                yield Step(exchange, f"Reading {counted(len(event.passages), 'passage')}…")
            elif isinstance(event, Token):
                exchange = replace(exchange, said=exchange.said + event.text)
                if time.monotonic() - kept > KEPT_EVERY:
                    kept = time.monotonic()
                    backend.conversations.keep(conversation, exchange.number, "asking", said=exchange.said)
                if time.monotonic() - painted > FRAME:
                    painted = time.monotonic()
                    yield Step(exchange)
            elif isinstance(event, Finished):
                answer = replace(
                    event.answer, question=exchange.question, notices=(*event.answer.notices, *_narrowed(exchange))
                )
                yield Step(replace(exchange, state="answered", said=answer.text, answer=answer))
                return
    finally:
        close = getattr(events, "close", None)
        if close is not None:
            close()


def _narrowed(exchange: Exchange) -> tuple[str, ...]:
    return () if exchange.pages is None else (f"Searched on {pages_said(exchange.pages)} only.",)


def _draft(question: str, found: Retrieved) -> Answer:
    """What an interrupted question has to show: the passages that were found."""
    return Answer(
        question, found.standalone_question, "", False, (), (), found.passages, found.candidates, mode=found.mode
    )
