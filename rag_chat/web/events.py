"""What happens when a person does something on the page: Gradio's events, answered with the page's HTML.

Knows the components' values, not their layout. A tab holds nothing but the id of its conversation; the library holds
the rest. One session asks one question at a time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr

from rag_chat.errors import NotFound, RagChatError
from rag_chat.library.conversations import Exchange
from rag_chat.render import Markup
from rag_chat.web.asking import FRAME, Question, answering
from rag_chat.web.backend import Backend, Loading
from rag_chat.web.conversation import conversation_html, exchange_html, welcome_html
from rag_chat.web.documents import adding_html, documents_html
from rag_chat.web.uploads import MOST, Uploads
from rag_chat.web.where import Where

TICK = 0.4  # seconds between two looks at uploads or at loading
LONGEST_STOP = 20.0  # seconds that a model may take to stop
LONGEST_PASSWORD = 200  # characters
TOO_MANY = "{left} not taken, as no more than {most} can wait here; add the rest once these are done or dismissed."
OPENING, UNOPENED = "Opening the library…", "The library is not open."
GONE = "This conversation is not in the library; it may have been deleted."

NOTHING_CHANGED = (gr.skip(),) * 4
Shown = tuple[Any, ...]  # question box, conversation id, earlier exchanges, the last one


@dataclass(frozen=True, slots=True)
class Sample:
    """A document that comes with the product, and questions that it answers."""

    path: Path
    questions: tuple[str, ...]


class Running:
    """A question that a session has running."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.over = False  # its last frame is on its way to the page


class Events:
    def __init__(self, loading: Loading, uploads: Uploads, samples: Sequence[Sample] = ()) -> None:
        self._loading = loading
        self._uploads = uploads
        self._samples = samples
        self._running: dict[str, Running] = {}  # by session
        self._beginning = threading.Lock()  # of two questions that come at once, one is asked
        self._watching: dict[str, object] = {}  # by session: the latest watch
        self._where: dict[str, Where] = {}  # by session: what its questions are restricted to

    # --- loading and documents -------------------------------------------------------------------------------

    def watch(self, request: gr.Request) -> Iterator[tuple[str, str, str]]:
        """Banner, documents and the welcome, until nothing is on its way any more or a later watch of the same page has
        begun: what an earlier one has looked at is out of date."""
        session, latest = _session(request), object()
        self._watching[session] = latest
        shown: tuple[str, str] | None = None
        while True:
            # Asked first: what ends after it is looked at again.
            over = self._loading.settled and not self._uploads.busy()
            banner, panel = self._banner(), self._panel(session)
            if self._watching.get(session) is not latest:
                return
            if (banner, panel) != shown:
                shown = banner, panel
                yield banner, panel, str(self._welcome())
            if over:
                return
            time.sleep(TICK)

    def accept(self, files: list[str] | None) -> None:
        """Takes uploaded files over; the drop zone is emptied at once, so that more can follow. Those that came just
        before, and were taken, may still be among them."""
        paths = [path for path in dict.fromkeys(map(Path, files or [])) if path.exists()]  # the same file twice is one
        # A browser writes the quotation mark of a name as %22 (RFC 7578; the HTML standard's multipart encoding).
        left = len(paths) - self._uploads.add([(path, path.name.replace("%22", '"')) for path in paths])
        if left:
            gr.Warning(TOO_MANY.format(left="1 file was" if left == 1 else f"{left} files were", most=MOST))

    def documents_acted(self, event: gr.EventData, request: gr.Request) -> str:
        """A tick, a deletion, or what is done with a file on its way: the documents as they are then."""
        session = _session(request)
        try:
            self._act(str(event._data.get("action")), event._data.get("value"), session)
        except RagChatError as error:
            gr.Warning(str(Markup.escape(error)))
        return self._panel(session)

    def forget(self, request: gr.Request) -> None:
        """The tab was closed."""
        self._where.pop(_session(request), None)
        self._watching.pop(_session(request), None)

    def _act(self, action: str, value: Any, session: str) -> None:
        where = self._where.get(session, Where())
        if action == "select" and isinstance(value, list):
            self._where[session] = where.tick(value)
        elif action == "tick" and isinstance(value, dict):
            others = [ticked for ticked in where.ticked if ticked != value.get("id")]
            self._where[session] = where.tick([*others, value.get("id")] if value.get("on") else others)
        elif action == "narrow" and isinstance(value, dict):
            self._where[session] = where.narrow(value)
        elif action == "all":
            self._where[session] = Where()
        elif action == "delete":
            backend = self._loading.wait(timeout=0)
            if backend is not None and backend.document(str(value)) is not None:
                backend.delete_document(str(value))
            self._where[session] = where.tick([ticked for ticked in where.ticked if ticked != value])
        elif action == "samples":
            self._uploads.add([(sample.path, sample.path.name) for sample in self._samples], keep=True)
        else:
            self._act_on_upload(action, value if isinstance(value, dict) else {"id": value}, session)

    def _act_on_upload(self, action: str, given: dict[str, Any], session: str) -> None:
        if not str(given.get("id")).isdecimal():
            return
        id_ = int(given["id"])
        if action == "dismiss":
            self._uploads.dismiss(id_)
        elif action == "retry":
            self._uploads.retry(id_)
        elif action == "unlock":
            self._uploads.retry(id_, password=str(given.get("password", ""))[:LONGEST_PASSWORD])
        elif action == "replace":
            self._replace_older(id_, session)

    def _replace_older(self, id_: int, session: str) -> None:
        """The new document is ready by now; the others of its name go, and its tick takes the place of theirs."""
        upload, backend = self._uploads.get(id_), self._loading.wait(timeout=0)
        new = None if upload is None or upload.report is None else upload.report.doc_id
        if upload is None or backend is None or new is None or backend.document(new) is None:
            return
        for doc_id in upload.older:
            if backend.document(doc_id) is not None:
                backend.delete_document(doc_id)
        where = self._where.get(session, Where())
        if set(where.ticked) & set(upload.older):
            self._where[session] = where.tick([t for t in where.ticked if t not in upload.older] + [new])
        self._uploads.dismiss(id_)

    def _banner(self) -> str:
        if self._loading.error is not None:
            return str(Markup('<p class="banner failed" role="alert">{}</p>').format(self._loading.error))
        if self._loading.ready:
            return str(adding_html(self._uploads.all()))
        seconds = int(self._loading.seconds)
        said = "Loading models… {} s. You can add documents and ask already; both start when the models are there."
        return str(Markup('<p class="banner" role="status">{}</p>').format(said.format(seconds)))

    def _panel(self, session: str) -> str:
        documents = self._documents()
        samples = bool(self._samples) and not documents
        where = self._where.get(session, Where())
        unopened = "" if self._loading.ready else OPENING if self._loading.error is None else UNOPENED
        return str(documents_html(documents, self._uploads.all(), where, samples=samples, unopened=unopened))

    def _documents(self) -> list[Any]:
        try:
            backend = self._loading.wait(timeout=0)
            return [] if backend is None else backend.documents()
        except RagChatError:
            return []  # the banner says what is wrong

    def _welcome(self) -> Markup:
        names = {document.name for document in self._documents()}
        examples = [question for sample in self._samples if sample.path.name in names for question in sample.questions]
        return welcome_html(examples[:4], documents=bool(names) if self._loading.ready else None)

    # --- the conversation ------------------------------------------------------------------------------------

    def arrive(self, request: gr.Request) -> Shown:
        """The page was opened: with the conversation that its address names, once the library is open."""
        wanted = str(dict(request.query_params or {}).get("c", ""))
        return self._open(wanted) if wanted else NOTHING_CHANGED

    def go(self, event: gr.EventData, request: gr.Request) -> Shown:
        """To another conversation, or to a new one."""
        wanted = str(event._data.get("id", ""))
        self._leave(request)
        return self._open(wanted) if wanted else (gr.skip(), "", "", "")

    def acted(self, event: gr.EventData, conversation: str, request: gr.Request) -> Iterator[Shown]:
        """A button in the conversation."""
        data = event._data
        if data.get("action") == "ask":
            yield from self._ask(Question(str(data.get("question", ""))), conversation, request)
        elif data.get("action") in ("again", "elsewhere") and str(data.get("turn", "")).isdecimal():
            yield from self._ask_otherwise(data, conversation, request)
        elif data.get("action") == "afresh" and str(data.get("turn", "")).isdecimal():
            yield from self._ask_afresh(int(data["turn"]), conversation, request)
        else:
            yield NOTHING_CHANGED

    def ask(self, question: str, conversation: str, request: gr.Request) -> Iterator[Shown]:
        yield from self._ask(Question(question), conversation, request)

    def stop(self, request: gr.Request) -> None:
        running = self._running.get(_session(request))
        if running is not None:
            running.stop.set()

    def _leave(self, request: gr.Request) -> None:
        """Stops what is being answered and waits for its last frame, which would else be shown in the next place."""
        self.stop(request)
        self._await_end(request)

    def _busy(self, request: gr.Request) -> bool:
        """Whether a question is being answered. One whose answer can be read already is waited for: who clicks then
        means the next one."""
        running = self._running.get(_session(request))
        if running is not None and running.over:
            self._await_end(request)
        return _session(request) in self._running

    def _begin(self, request: gr.Request) -> Running | None:
        """None where another question is being answered."""
        if self._busy(request):
            return None
        with self._beginning:
            if _session(request) in self._running:
                return None
            running = self._running[_session(request)] = Running()
            return running

    def _await_end(self, request: gr.Request) -> None:
        end = time.monotonic() + LONGEST_STOP
        while _session(request) in self._running and time.monotonic() < end:
            time.sleep(FRAME)

    def _ask_otherwise(self, data: dict[str, Any], conversation: str, request: gr.Request) -> Iterator[Shown]:
        """An earlier question with another search, or of other documents."""
        backend = self._loading.wait(timeout=0) if self._loading.ready else None
        earlier = backend.conversations.exchange(conversation, int(data["turn"])) if backend is not None else None
        if earlier is None or self._busy(request):
            yield NOTHING_CHANGED
            return
        search = earlier.answer.standalone_question if earlier.answer is not None else None
        if data["action"] == "again":
            search = str(data.get("search", ""))
        elif isinstance(data.get("doc_ids"), list):
            self._where[_session(request)] = Where().tick(data["doc_ids"])
        yield from self._ask(Question(earlier.question, search), conversation, request)

    def _ask_afresh(self, turn: int, conversation: str, request: gr.Request) -> Iterator[Shown]:
        """The same question once more. Its last answer gives way to the new one once that is there; one that somebody
        rated, or that others have followed, stays."""
        backend = self._loading.wait(timeout=0) if self._loading.ready else None
        exchanges = backend.conversations.exchanges(conversation) if backend is not None else []
        again = next((exchange for exchange in exchanges if exchange.number == turn), None)
        if again is None or again.state == "asking" or self._busy(request):
            yield NOTHING_CHANGED
            return
        replaced = turn if again == exchanges[-1] and not again.votes else None
        yield from self._ask(Question(again.question, replaces=replaced), conversation, request)

    def _ask(self, asked: Question, conversation: str, request: gr.Request) -> Iterator[Shown]:
        session = _session(request)
        running = self._begin(request) if asked.text.strip() else None
        if running is None:  # one at a time
            yield NOTHING_CHANGED
            return
        try:
            yield from self._answer(asked, conversation, session, running)
        finally:
            del self._running[session]

    def _answer(self, asked: Question, conversation: str, session: str, running: Running) -> Iterator[Shown]:
        stop = running.stop
        try:
            backend, box = None, ""  # emptied once: a person may be typing the next question
            while backend is None:
                backend = self._loading.wait(timeout=0 if self._loading.ready else TICK)
                if backend is None:
                    waiting = Exchange(0, asked.text, state="stopped" if stop.is_set() else "asking")
                    stage = f"Loading models… {int(self._loading.seconds)} s"
                    yield box, gr.skip(), gr.skip(), str(exchange_html(waiting, _nobody, stage=stage))
                    box = gr.skip()
                if stop.is_set():
                    return
            asked, nowhere = self._restricted(asked, session, backend)
            conversation = _conversation_for(backend, conversation, asked)
            number = backend.conversations.ask(conversation, asked.text, asked.doc_ids, asked.pages)
            first = str(exchange_html(Exchange(number, asked.text), backend.document))
            try:
                yield box, conversation, _earlier(backend, conversation, number), first
            except GeneratorExit:  # the tab was closed before anything was looked for
                backend.conversations.keep(conversation, number, "stopped")
                raise
            if nowhere:  # kept, so that it can be asked again
                yield *(gr.skip(),) * 3, _failed(backend, conversation, number, asked.text, nowhere)
                return
            with closing(answering(backend, conversation, number, asked, stop)) as steps:
                for step in steps:
                    running.over = step.exchange.state != "asking"
                    last = str(exchange_html(step.exchange, backend.document, stage=step.stage))
                    past = gr.skip()
                    if step.exchange.state == "answered" and asked.replaces is not None:
                        backend.conversations.forget(conversation, asked.replaces)
                        past = _earlier(backend, conversation, number)
                    yield *(gr.skip(),) * 2, past, last
            if backend.conversations.get(conversation) is None:  # in another tab, meanwhile
                yield gr.skip(), "", _gone(), gr.skip()
        except RagChatError as error:  # the library cannot be opened, or the conversation cannot be kept
            failed = Exchange(0, asked.text, state="failed", said=str(error))
            yield *(gr.skip(),) * 3, str(exchange_html(failed, _nobody))

    def _restricted(self, asked: Question, session: str, backend: Backend) -> tuple[Question, str]:
        """The question with where it goes, and why it can go nowhere."""
        where = self._where.get(session, Where())
        asked = replace(asked, pages=where.pages)
        try:
            return replace(asked, doc_ids=where.documents(backend.documents())), ""
        except NotFound as error:
            return asked, str(error)

    def _open(self, conversation: str) -> Shown:
        while not self._loading.settled:
            time.sleep(TICK)
        if not self._loading.ready:  # the banner says why
            return NOTHING_CHANGED
        backend = self._loading.wait(timeout=0)
        if backend is None or backend.conversations.get(conversation) is None:
            return gr.skip(), "", _gone(), ""
        return gr.skip(), conversation, _earlier(backend, conversation), ""


def _session(request: gr.Request) -> str:
    return str(request.session_hash)


def _failed(backend: Backend, conversation: str, number: int, question: str, said: str) -> str:
    backend.conversations.keep(conversation, number, "failed", said=said)
    return str(exchange_html(Exchange(number, question, state="failed", said=said), backend.document))


def _gone() -> str:
    return str(Markup('<p class="failure exchange">{}</p>').format(GONE))


def _nobody(_: str) -> None:
    """While no library is open, no document is known."""


def _conversation_for(backend: Backend, conversation: str, asked: Question) -> str:
    """The one that is open, or a new one that bears the question's name."""
    if conversation and backend.conversations.get(conversation) is not None:
        return conversation
    return backend.conversations.start(asked.text)


def _earlier(backend: Backend, conversation: str, before: int | None = None) -> str:
    """The head and the exchanges before a number, all of them without one."""
    kept = backend.conversations
    exchanges = [e for e in kept.exchanges(conversation) if before is None or e.number < before]
    return str(conversation_html(kept.get(conversation), exchanges, backend.document))
