"""The routes by which commands beside a running app use its library: `running` is their other end.

Only who knows the secret that the app left in the library's folder is answered. A command that ends before its answer
does ends the work on it.
"""

from __future__ import annotations

import queue
import secrets
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request
from fastapi.responses import StreamingResponse

from rag_chat import orders
from rag_chat.errors import DocumentError, LibraryInUse, ModelFailed, RagChatError
from rag_chat.orders import Add, Ask, Delete, Search
from rag_chat.progress import Progress
from rag_chat.types import IngestReport
from rag_chat.web.backend import Backend


def add_command_routes(app: FastAPI, backend: Callable[[], Backend | None], token: str) -> None:
    """`backend` gives None while the models are loading."""

    def allowed(request: Request) -> None:
        if not secrets.compare_digest(request.headers.get("authorization", "").encode(), f"Bearer {token}".encode()):
            raise HTTPException(401, "Only commands that can read the library's folder are answered here.")

    router = APIRouter(prefix=orders.ROUTE, dependencies=[Depends(allowed)], include_in_schema=False)

    def answer(work: Callable[[Backend], Iterator[Any]]) -> StreamingResponse:
        return StreamingResponse(_lines(backend(), work), media_type="application/x-ndjson")

    @router.get("")
    def here() -> dict[str, str]:
        return {"status": "ok"}

    @router.post("/ask")
    def ask(order: Ask) -> StreamingResponse:
        return answer(lambda b: b.engine.ask(order.question, order.history, doc_ids=order.doc_ids, pages=order.pages))

    @router.post("/search")
    def search(order: Search) -> StreamingResponse:
        return answer(lambda opened: _searched(opened, order))

    @router.post("/delete")
    def delete(order: Delete) -> StreamingResponse:
        return answer(lambda opened: _one(lambda: opened.delete_document(order.doc_id)))

    @router.post("/add")
    def add(order: Add) -> StreamingResponse:
        return answer(lambda opened: _added(opened, order))

    app.include_router(router)


def _lines(opened: Backend | None, work: Callable[[Backend], Iterator[Any]]) -> Generator[bytes]:
    """A line a value; whatever goes wrong is the last one."""
    try:
        if opened is None:
            raise LibraryInUse("The running app is still loading its models; try again in a few seconds.")
        with closing(work(opened)) as values:  # type: ignore[type-var]  # generators, all of them
            for value in values:
                yield orders.line(value)
    except RagChatError as error:
        yield orders.error_line(error)
    except Exception as error:  # an outer edge: the command must hear of it
        said = f"This should not happen in the running app: {type(error).__name__}; run 'rag-chat doctor'."
        yield orders.error_line(ModelFailed(said))


def _one(work: Callable[[], Any]) -> Generator[Any]:
    yield work()


def _searched(opened: Backend, order: Search) -> Generator[Any]:
    yield opened.engine.search(
        order.query, mode=order.mode, candidates=order.candidates, passages=order.passages, doc_ids=order.doc_ids,
        pages=order.pages,
    )  # fmt: skip


def _added(opened: Backend, order: Add) -> Generator[Progress | IngestReport]:
    """The progress as it comes, from a thread, so that closing this stops the work at its next step."""
    heard: queue.SimpleQueue[Progress | IngestReport | Exception] = queue.SimpleQueue()
    stopped = threading.Event()

    def tell(progress: Progress) -> None:
        if stopped.is_set():
            raise DocumentError("It was stopped; nothing of it was kept.", "E_CANCELED")
        heard.put(progress)

    def work() -> None:
        try:
            report = opened.add_document(
                Path(order.path), order.name, tell, password=order.password, replace_same_name=order.replace_same_name
            )
            heard.put(report)
        except Exception as error:  # raised again where it is waited for
            heard.put(error)

    threading.Thread(target=work, name="adding", daemon=True).start()
    try:
        while True:
            value = heard.get()
            if isinstance(value, Exception):
                raise value
            yield value
            if isinstance(value, IngestReport):
                return
    finally:
        stopped.set()
