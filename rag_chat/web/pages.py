"""The checked routes that serve images of pages, the PDF itself at a page, and files without pages.

They take nothing but a document id of the library, a page number and character ranges, all checked; no path ever
comes from a request, and a deleted document is gone here at once.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TypeAlias
from urllib.parse import urlencode

from fastapi import FastAPI, Query
from fastapi.responses import FileResponse, JSONResponse, Response

from rag_chat.errors import RagChatError
from rag_chat.highlight import PageImage
from rag_chat.types import Document
from rag_chat.web.backend import Backend

DOC_ID = re.compile(r"[0-9a-f]{64}")
WIDTHS = (900, 1600)  # pixels: in its card, enlarged
MOST_SPANS = 20
MOST_CHARACTERS = 10_000_000
MOST_BOXES = 40  # of one quote that are told
MOST_IMAGES = 64  # kept, some 15 MB
# The reader that a browser shows a PDF in brings its own styles; the PDF itself may load and run nothing.
PDF_POLICY = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"

_Key: TypeAlias = tuple[str, int, tuple[tuple[int, int], ...], int]


def page_url(doc_id: str, page: int, spans: Sequence[tuple[int, int]] = ()) -> str:
    """The image of the page with these characters boxed."""
    pairs = [pair for start, end in spans[:MOST_SPANS] for pair in (("start", start), ("end", end))]
    return f"/pages/{doc_id}/{page}.png" + (f"?{urlencode(pairs)}" if pairs else "")


def pdf_url(doc_id: str, page: int) -> str:
    return f"/documents/{doc_id}.pdf#page={page}"


def file_url(doc_id: str) -> str:
    return f"/documents/{doc_id}"


def add_page_routes(app: FastAPI, backend: Callable[[], Backend | None]) -> None:
    """`backend` gives None while the models are loading."""
    kept = _Kept()

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
            return refusal(503, "The models are still loading; try again in a few seconds.")
        document = known(opened, doc_id)
        if document is None or document.kind != "pdf" or not 1 <= page <= document.pages:
            return refusal(404, "No such page is in the library.")
        if width not in WIDTHS or not _are_spans(start, end):
            return refusal(422, "start and end must be pairs of character offsets, width one of 900 and 1600.")
        try:
            image = kept.image(opened, (doc_id, page, tuple(zip(start, end, strict=True)), width))
        except RagChatError as error:
            return refusal(422, str(error))
        # The id is the hash of the file's bytes: the same address can never mean another picture.
        headers = {"Cache-Control": "private, max-age=86400, immutable", "X-Boxes": _boxes(image)}
        headers["X-Ink"] = ",".join(f"{share:.4f}" for share in image.ink)
        return Response(image.png, media_type="image/png", headers=headers)

    @app.get("/documents/{doc_id}.pdf", include_in_schema=False)
    def pdf(doc_id: str) -> Response:
        opened = backend()
        document = known(opened, doc_id) if opened else None
        if opened is None or document is None or document.kind != "pdf":
            return refusal(404, "No such PDF is in the library.")
        headers = {"Content-Security-Policy": PDF_POLICY, "Cache-Control": "private, no-cache"}
        return FileResponse(
            opened.file(doc_id),
            media_type="application/pdf",
            filename=document.name,
            content_disposition_type="inline",
            headers=headers,
        )

    @app.get("/documents/{doc_id}", include_in_schema=False)
    def original(doc_id: str) -> Response:
        """To be saved, never shown: it may be a page with scripts."""
        opened = backend()
        document = known(opened, doc_id) if opened else None
        if opened is None or document is None:
            return refusal(404, "No such document is in the library.")
        headers = {"Content-Security-Policy": "sandbox; default-src 'none'", "Cache-Control": "private, no-cache"}
        return FileResponse(
            opened.file(doc_id), media_type="application/octet-stream", filename=document.name, headers=headers
        )


def known(opened: Backend, doc_id: str) -> Document | None:
    return opened.document(doc_id) if DOC_ID.fullmatch(doc_id) else None


def refusal(status: int, said: str) -> JSONResponse:
    return JSONResponse({"error": said}, status_code=status)


class _Kept:
    """The images shown last, so that going back to one costs nothing."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._images: OrderedDict[_Key, PageImage] = OrderedDict()

    def image(self, opened: Backend, key: _Key) -> PageImage:
        with self._lock:
            if key in self._images:
                self._images.move_to_end(key)
                return self._images[key]
        doc_id, page, spans, width = key
        made = opened.images.image(opened.file(doc_id), page, spans, width=width)
        with self._lock:
            self._images[key] = made
            if len(self._images) > MOST_IMAGES:
                self._images.popitem(last=False)
        return made


def _boxes(image: PageImage) -> str:
    """ "left,top,right,bottom;..." as shares of the image's sides, the ranges separated by "|"."""
    return "|".join(
        ";".join(",".join(f"{share:.4f}" for share in box) for box in boxes[:MOST_BOXES]) for boxes in image.boxes
    )


def _are_spans(start: Sequence[int], end: Sequence[int]) -> bool:
    return len(start) == len(end) <= MOST_SPANS and all(
        0 <= a < b <= MOST_CHARACTERS for a, b in zip(start, end, strict=True)
    )
