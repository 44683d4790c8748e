"""What happens when a person does something: generators that turn engine events into the page's HTML.

Knows the components' values, not their layout. One session asks one question at a time; stopping or closing the tab
closes the engine's iterator, which stops the model.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr

from rag_chat.errors import RagChatError
from rag_chat.render import Markup
from rag_chat.types import Event, Finished, Retrieved, Token
from rag_chat.web.backend import Loading
from rag_chat.web.conversation import Exchange, conversation_html, turns
from rag_chat.web.documents import documents_html
from rag_chat.web.evidence import answered, evidence_html, reading
from rag_chat.web.uploads import Uploads

TICK = 0.4  # seconds between two looks at uploads or at loading
MOST_SELECTED = 10_000
MOST_EXCHANGES = 50  # shown of one conversation; the oldest go first
FRAME = 0.08  # seconds between two paintings of a growing answer


@dataclass(frozen=True, slots=True)
class Sample:
    """A document that comes with the product, and questions that it answers."""

    path: Path
    questions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Talk:
    """One tab's conversation: the exchanges, and the sources of each as HTML."""

    exchanges: tuple[Exchange, ...] = ()
    sections: tuple[str, ...] = ()

    def with_question(self, question: str) -> Talk:
        number = self.exchanges[-1].number + 1 if self.exchanges else 1
        exchanges = (*self.exchanges, Exchange(number, question))
        return Talk(exchanges[-MOST_EXCHANGES:], (*self.sections, "")[-MOST_EXCHANGES:])

    def with_last(self, exchange: Exchange, section: Markup | None = None) -> Talk:
        sections = self.sections if section is None else (*self.sections[:-1], str(section))
        return Talk((*self.exchanges[:-1], exchange), sections)

    def without_last(self) -> Talk:
        return Talk(self.exchanges[:-1], self.sections[:-1])


class Events:
    def __init__(self, loading: Loading, uploads: Uploads, samples: Sequence[Sample] = ()) -> None:
        self._loading = loading
        self._uploads = uploads
        self._samples = samples
        self._stops: dict[str, threading.Event] = {}  # by session, while it has a question running
        self._selected: dict[str, tuple[str, ...]] = {}  # by session: ids of the documents that are ticked

    # --- loading and documents -------------------------------------------------------------------------------

    def watch(self, talk: Talk, request: gr.Request) -> Iterator[tuple[Any, Any, Any]]:
        """Banner, documents and (while nothing was asked) the welcome, until nothing is on its way any more."""
        shown: tuple[Any, Any] | None = None
        while True:
            banner, panel = self._banner(), self._panel(_session(request))
            if (banner, panel) != shown:
                shown = banner, panel
                yield banner, panel, gr.skip() if talk.exchanges else str(self._welcome())
            if self._loading.settled and not self._uploads.busy():
                return
            time.sleep(TICK)

    def accept(self, files: list[str] | None) -> None:
        """Takes uploaded files over; the drop zone is emptied at once, so that more can follow."""
        self._uploads.add([(Path(file), Path(file).name) for file in files or []])

    def documents_acted(self, event: gr.EventData, request: gr.Request) -> str:
        """A tick, a deletion, a dismissal or the samples: the documents as they are then."""
        session = _session(request)
        try:
            self._act(str(event._data.get("action")), event._data.get("value"), session)
        except RagChatError as error:
            gr.Warning(str(Markup.escape(error)))
        return self._panel(session)

    def forget(self, request: gr.Request) -> None:
        """The tab was closed."""
        self._selected.pop(_session(request), None)

    def _act(self, action: str, value: Any, session: str) -> None:
        if action == "select" and isinstance(value, list):
            self._selected[session] = tuple(str(doc_id) for doc_id in value[:MOST_SELECTED])
        if action == "delete":
            backend = self._loading.wait(timeout=0)
            if backend is not None and backend.document(str(value)) is not None:
                backend.delete_document(str(value))
            self._selected[session] = tuple(ticked for ticked in self._selected.get(session, ()) if ticked != value)
        if action == "dismiss" and str(value).isdecimal():
            self._uploads.dismiss(int(value))
        if action == "samples":
            self._uploads.add([(sample.path, sample.path.name) for sample in self._samples], keep=True)

    def _banner(self) -> str:
        if self._loading.error is not None:
            return str(Markup('<p class="banner failed" role="alert">{}</p>').format(self._loading.error))
        if self._loading.ready:
            return ""
        seconds = int(self._loading.seconds)
        said = "Loading models… {} s. You can add documents and ask already; both start when the models are there."
        return str(Markup('<p class="banner" role="status">{}</p>').format(said.format(seconds)))

    def _panel(self, session: str) -> str:
        documents = self._documents()
        samples = bool(self._samples) and not documents
        selected = self._selected.get(session, ())
        return str(documents_html(documents, self._uploads.all(), selected, samples=samples))

    def _documents(self) -> list[Any]:
        try:
            backend = self._loading.wait(timeout=0)
            return [] if backend is None else backend.documents()
        except RagChatError:
            return []  # the banner says what is wrong

    def _welcome(self) -> Markup:
        names = {document.name for document in self._documents()}
        examples = [question for sample in self._samples if sample.path.name in names for question in sample.questions]
        return conversation_html((), examples[:4], documents=bool(names))

    # --- the conversation ------------------------------------------------------------------------------------

    def ask(self, question: str, talk: Talk, request: gr.Request) -> Iterator[tuple[Any, ...]]:
        """Yields question box, talk, conversation, sources, and the ask and stop buttons' updates."""
        session = _session(request)
        if session in self._stops:  # its first question is still being answered
            yield (gr.skip(),) * 6
            return
        stop = self._stops[session] = threading.Event()
        talk = talk.with_question(question)
        try:
            yield "", talk, _conversation(talk), gr.skip(), gr.update(visible=False), gr.update(visible=True)
            for step, sources in self._answering(question, talk, session, stop):
                talk = step
                yield gr.skip(), talk, _conversation(talk), _sources(talk) if sources else gr.skip(), *(gr.skip(),) * 2
            yield *(gr.skip(),) * 4, gr.update(visible=True), gr.update(visible=False)
        finally:
            del self._stops[session]

    def retry(self, talk: Talk, request: gr.Request) -> Iterator[tuple[Any, ...]]:
        """Asks the last question again in place of its answer."""
        if not talk.exchanges or _session(request) in self._stops:
            yield (gr.skip(),) * 6
            return
        yield from self.ask(talk.exchanges[-1].question, talk.without_last(), request)

    def stop(self, request: gr.Request) -> None:
        running = self._stops.get(_session(request))
        if running is not None:
            running.set()

    def clear(self, request: gr.Request) -> tuple[Talk, str, str]:
        self.stop(request)
        return Talk(), str(self._welcome()), str(evidence_html(()))

    def example(self, event: gr.EventData) -> str:
        return str(event._data.get("question", ""))[:4000]

    def _answering(self, question: str, talk: Talk, session: str, stop: threading.Event) -> Iterator[tuple[Talk, bool]]:
        """The talk as it grows; True where the sources have changed."""
        exchange = talk.exchanges[-1]
        try:
            while (backend := self._loading.wait(timeout=TICK)) is None:
                if stop.is_set():
                    yield talk.with_last(replace(exchange, stopped=True)), False
                    return
                exchange = replace(exchange, stage=f"Loading models… {int(self._loading.seconds)} s")
                yield talk.with_last(exchange), False
            ticked = self._selected.get(session, ())
            known = [doc_id for doc_id in ticked if backend.document(doc_id) is not None]
            events = backend.engine.ask(question, turns(talk.exchanges[:-1]), doc_ids=known or None)
            yield from _follow(events, talk, stop)
        except RagChatError as error:
            yield talk.with_last(replace(exchange, error=str(error))), False
        except Exception as error:  # an outer edge: a UI event
            said = f"The question could not be answered ({type(error).__name__}); ask again, or run 'rag-chat doctor'."
            yield talk.with_last(replace(exchange, error=said)), False


def _session(request: gr.Request) -> str:
    return str(request.session_hash)


def _follow(events: Iterator[Event], talk: Talk, stop: threading.Event) -> Iterator[tuple[Talk, bool]]:
    painted = 0.0
    try:
        for event in events:
            exchange = talk.exchanges[-1]
            if stop.is_set():
                yield talk.with_last(replace(exchange, stopped=True)), False
                return
            if isinstance(event, Retrieved):
                stage = f"Reading {len(event.passages)} passages…"
                talk = talk.with_last(replace(exchange, stage=stage), reading(event.passages, exchange.number))
                yield talk, True
            elif isinstance(event, Token):
                talk = talk.with_last(replace(exchange, text=exchange.text + event.text))
                if time.monotonic() - painted > FRAME:
                    painted = time.monotonic()
                    yield talk, False
            elif isinstance(event, Finished):
                done = replace(exchange, answer=event.answer)
                yield talk.with_last(done, answered(event.answer, exchange.number)), True
    finally:
        close = getattr(events, "close", None)
        if close is not None:
            close()


def _conversation(talk: Talk) -> str:
    return str(conversation_html(talk.exchanges))


def _sources(talk: Talk) -> str:
    return str(evidence_html([Markup(section) for section in talk.sections]))
