"""The right column: the sources of every answer so far, and the checked route that serves images of pages.

The route takes nothing but a document id of the library, a page number and character ranges, all checked; no path
ever comes from a request.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from urllib.parse import urlencode

from fastapi import FastAPI, Query
from fastapi.responses import JSONResponse, Response

from rag_chat.errors import RagChatError
from rag_chat.render import Markup, passages_html, sources_html
from rag_chat.types import Answer, Citation, Passage
from rag_chat.web.backend import Backend

DOC_ID = re.compile(r"[0-9a-f]{64}")
WIDTHS = (900, 1600)  # pixels: in its card, enlarged
MOST_SPANS = 20
MOST_CHARACTERS = 10_000_000


def evidence_html(sections: Sequence[Markup]) -> Markup:
    """Every answer's sources; the page's script shows one answer's at a time, the newest first."""
    if not sections:
        return Markup('<p class="hint">The passages that an answer rests on appear here, with their pages.</p>')
    return Markup('<div class="evidence">{}</div>').format(Markup("").join(sections))


def reading(passages: Sequence[Passage], turn: int) -> Markup:
    return passages_html(passages, page_url, turn=turn)


def answered(answer: Answer, turn: int) -> Markup:
    return sources_html(answer, page_url, turn=turn)


def page_url(shown: Sequence[Citation] | Passage) -> str:
    """The image of the page with the quotes boxed, or with the passage's own words."""
    if isinstance(shown, Passage):
        span = shown.chunk.spans[0]
        return _url(shown.chunk.doc_id, span.page, [(span.start, span.end)])
    return _url(shown[0].doc_id, shown[0].page, [(citation.start, citation.end) for citation in shown])


def _url(doc_id: str, page: int, spans: Sequence[tuple[int, int]]) -> str:
    pairs = [pair for start, end in spans[:MOST_SPANS] for pair in (("start", start), ("end", end))]
    return f"/pages/{doc_id}/{page}.png?{urlencode(pairs)}"


def add_page_route(app: FastAPI, backend: Callable[[], Backend | None]) -> None:
    """`backend` gives None while the models are loading."""

    @app.get("/pages/{doc_id}/{page}.png", include_in_schema=False)
    def page_image(
        doc_id: str,
        page: int,
        start: list[int] = Query(default=[]),  # noqa: B008 FastAPI reads it as a declaration
        end: list[int] = Query(default=[]),  # noqa: B008
        width: int = WIDTHS[0],
    ) -> Response:
        opened = backend()
        if opened is None:
            return _refusal(503, "The models are still loading; try again in a few seconds.")
        document = opened.document(doc_id) if DOC_ID.fullmatch(doc_id) else None
        if document is None or not 1 <= page <= document.pages:
            return _refusal(404, "No such page is in the library.")
        if width not in WIDTHS or not _are_spans(start, end):
            return _refusal(422, "start and end must be pairs of character offsets, width one of 900 and 1600.")
        try:
            png = opened.images.image(opened.file(doc_id), page, list(zip(start, end, strict=True)), width=width)
        except RagChatError as error:
            return _refusal(422, str(error))
        # The id is the hash of the file's bytes: the same address can never mean another picture.
        return Response(png, media_type="image/png", headers={"Cache-Control": "private, max-age=86400, immutable"})


def _are_spans(start: Sequence[int], end: Sequence[int]) -> bool:
    return len(start) == len(end) <= MOST_SPANS and all(
        0 <= a < b <= MOST_CHARACTERS for a, b in zip(start, end, strict=True)
    )


def _refusal(status: int, said: str) -> JSONResponse:
    return JSONResponse({"error": said}, status_code=status)
