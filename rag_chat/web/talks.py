"""The conversations of the library: their list as HTML, and the routes that read, rename, delete, rate and export them.

What a browser may change comes as JSON from this page alone (`guard` refuses other origins).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

from fastapi import FastAPI
from fastapi.responses import HTMLResponse, JSONResponse, Response
from pydantic import BaseModel, Field

from rag_chat.errors import NotFound, RagChatError
from rag_chat.export import conversation_json, conversation_markdown
from rag_chat.library.conversations import Conversation, Conversations, Exchange
from rag_chat.render import Markup, name, plain
from rag_chat.types import Mode
from rag_chat.web.backend import Backend
from rag_chat.web.conversation import exchange_html
from rag_chat.web.pages import refusal
from rag_chat.web.sources import sources_html
from rag_chat.web.why import Compared, modes_to_compare, why_html

LOADING = "The library is still being opened."
GONE = "No such conversation is in the library; it may have been deleted."


class Rename(BaseModel):
    title: str = Field(max_length=1000)


class Vote(BaseModel):
    chunk: str = Field(max_length=200)
    vote: int = Field(ge=-1, le=1)


def talks_html(conversations: Sequence[Conversation], *, search: str = "") -> Markup:
    if not conversations:
        said = "No conversation holds these words." if search.strip() else "Your conversations will be kept here."
        return Markup('<p class="hint">{}</p>').format(said)
    rows = [
        Markup(
            '<li><a href="/?c={id}" data-open="{id}" title="{title}"><span class="name">{name}</span>'
            '<span class="facts">{day} · {turns}</span></a></li>'
        ).format(
            id=conversation.id,
            title=plain(conversation.title),
            name=name(conversation.title),
            day=conversation.changed[:10],
            turns="1 question" if conversation.turns == 1 else f"{conversation.turns} questions",
        )
        for conversation in conversations
    ]
    return Markup('<ul class="talks">{}</ul>').format(Markup("").join(rows))


def add_talk_routes(app: FastAPI, backend: Callable[[], Backend | None]) -> None:
    _add_reading(app, backend)
    _add_exports(app, backend)
    _add_changes(app, backend)


def _add_reading(app: FastAPI, backend: Callable[[], Backend | None]) -> None:
    @app.get("/conversations", include_in_schema=False)
    def listed(search: str = "") -> Response:
        opened = backend()
        if opened is None:  # asked for while the page waits for the models: no failure
            return fragment(Markup('<p class="hint">{}</p>').format(LOADING))
        return fragment(talks_html(opened.conversations.all(search[:1000]), search=search))

    def of(conversation: str, turn: int, html: Callable[[Backend, Exchange], Markup]) -> Response:
        opened = backend()
        if opened is None:
            return refusal(503, LOADING)
        found = opened.conversations.exchange(conversation, turn)
        return refusal(404, GONE) if found is None else fragment(html(opened, found))

    @app.get("/conversations/{conversation}/{turn}", include_in_schema=False)
    def exchange(conversation: str, turn: int) -> Response:
        return of(conversation, turn, lambda opened, it: exchange_html(it, opened.document))

    @app.get("/conversations/{conversation}/{turn}/sources", include_in_schema=False)
    def sources(conversation: str, turn: int) -> Response:
        return of(conversation, turn, lambda opened, it: sources_html(it, opened.document))

    @app.get("/conversations/{conversation}/{turn}/why", include_in_schema=False)
    def why(conversation: str, turn: int, compare: str = "") -> Response:
        return of(
            conversation, turn, lambda opened, it: why_html(it, compared(opened, it, compare) if compare else None)
        )


def compared(opened: Backend, exchange: Exchange, mode: str) -> Compared | None:
    """The same search of the same documents and pages, as far as they are there, in another mode."""
    answer = exchange.answer
    if answer is None or mode not in modes_to_compare(answer):
        return None
    only = [doc_id for doc_id in exchange.doc_ids or () if opened.document(doc_id) is not None] or None
    try:
        found = opened.engine.search(
            answer.standalone_question, mode=cast(Mode, mode), doc_ids=only, pages=exchange.pages
        )
        return Compared(mode, found)
    except RagChatError as error:
        return Compared(mode, error=str(error))


def _add_exports(app: FastAPI, backend: Callable[[], Backend | None]) -> None:
    @app.get("/conversations/{conversation}.{form}", include_in_schema=False)
    def exported(conversation: str, form: str) -> Response:
        opened = backend()
        found = opened.conversations.get(conversation) if opened is not None else None
        if opened is None or found is None or form not in ("md", "json"):
            return refusal(404, GONE)
        headers = {"Content-Disposition": f'attachment; filename="conversation-{found.started[:10]}.{form}"'}
        exchanges = opened.conversations.exchanges(conversation)
        if form == "json":
            return JSONResponse(conversation_json(found, exchanges), headers=headers)
        return Response(conversation_markdown(found, exchanges), media_type="text/markdown", headers=headers)


def _add_changes(app: FastAPI, backend: Callable[[], Backend | None]) -> None:
    @app.patch("/conversations/{conversation}", include_in_schema=False)
    def rename(conversation: str, wanted: Rename) -> Response:
        return _changed(backend, lambda kept: kept.rename(conversation, wanted.title))

    @app.delete("/conversations/{conversation}", include_in_schema=False)
    def delete(conversation: str) -> Response:
        return _changed(backend, lambda kept: kept.delete(conversation))

    @app.post("/conversations/{conversation}/{turn}/votes", include_in_schema=False)
    def vote(conversation: str, turn: int, given: Vote) -> Response:
        return _changed(backend, lambda kept: kept.vote(conversation, turn, given.chunk, given.vote))


def _changed(backend: Callable[[], Backend | None], change: Callable[[Conversations], None]) -> Response:
    opened = backend()
    if opened is None:
        return refusal(503, LOADING)
    try:
        change(opened.conversations)
    except RagChatError as error:
        return refusal(404 if isinstance(error, NotFound) else 500, str(error))
    return Response(status_code=204)


def fragment(html: Markup) -> Response:
    """A part of the page; what it says may change at any time."""
    return HTMLResponse(str(html), headers={"Cache-Control": "no-store"})
