"""What the catalog's rows say, as values, and chunks as rows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from rag_chat.types import WITHOUT_TEXT, Chunk, Document, Page, Span, Vectors


def document(row: tuple[Any, ...], noted: Iterable[tuple[Any, ...]]) -> Document:
    """`noted`: number, state and hidden of the pages that a report names."""
    pages = sorted(noted)
    by_state = {
        state: tuple(number for number, own, _ in pages if own == state)
        for state in ("ocr", "failed", "garbled", "layer")
    }
    without = tuple(number for number, state, _ in pages if state in WITHOUT_TEXT)
    hidden = tuple(number for number, _, hides in pages if hides)
    doc_id, name, title, count, chunks, size, added, kind, repaired = row
    return Document(
        doc_id, name, title, count, chunks, size, added, without, by_state["ocr"], by_state["failed"], hidden, kind,
        by_state["garbled"], by_state["layer"], bool(repaired),
    )  # fmt: skip


def page(row: tuple[Any, ...]) -> Page:
    number, label, text, state, hidden = row
    return Page(number, label, text, state, bool(hidden))


def chunk(row: tuple[Any, ...]) -> Chunk:
    chunk_id, doc_id, ordinal, spans, heading, text = row
    return Chunk(chunk_id, doc_id, ordinal, tuple(Span(*span) for span in json.loads(spans)), heading, text)


def rows_of(chunks: Sequence[Chunk], vectors: Vectors) -> Iterator[tuple[Any, ...]]:
    blobs = np.ascontiguousarray(vectors, dtype="<f4")
    for i, c in enumerate(chunks):
        spans = json.dumps([(s.page, s.start, s.end, *([True] if s.header else [])) for s in c.spans])
        yield c.id, c.doc_id, c.ordinal, spans, c.heading, c.text, blobs[i].tobytes()
