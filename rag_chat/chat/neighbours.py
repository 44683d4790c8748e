"""A passage together with the chunks before and after it, for models that read long passages.

A chunk ends where its tokens do, and the sentence that makes sense of it may stand in the next one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from rag_chat.library.catalog import Catalog
from rag_chat.types import Chunk, Passage, Span


def joined(passages: Sequence[Passage], catalog: Catalog, reach: int) -> tuple[Passage, ...]:
    """Each passage with `reach` chunks on both sides; one that a better passage then covers is left out."""
    kept: list[Passage] = []
    covered: list[tuple[str, range]] = []
    for passage in passages:
        chunk = passage.chunk
        if any(doc_id == chunk.doc_id and chunk.ordinal in places for doc_id, places in covered):
            continue
        places = range(chunk.ordinal - reach, chunk.ordinal + reach + 1)
        covered.append((chunk.doc_id, places))
        wide = _one(chunk, catalog.chunks_at(chunk.doc_id, places), catalog)
        kept.append(Passage(len(kept) + 1, replace(passage.candidate, chunk=wide)))
    return tuple(kept)


def _one(chunk: Chunk, around: Iterable[Chunk], catalog: Catalog) -> Chunk:
    """All their text once, as one chunk with the id of the first one named."""
    spans = _merged(sorted((s for c in around for s in c.spans), key=lambda s: (s.page, s.start)))
    pages = {number: catalog.page(chunk.doc_id, number) for number in {s.page for s in spans}}
    text = "\n".join(page.text[s.start : s.end] for s in spans if (page := pages[s.page]) is not None)
    return replace(chunk, spans=tuple(spans), text=text)


def _merged(spans: Iterable[Span]) -> list[Span]:
    """Overlapping and touching spans of a page as one; chunks overlap by design, and part at a blank."""
    found: list[Span] = []
    for span in spans:
        last = found[-1] if found else None
        if last is not None and last.page == span.page and span.start <= last.end + 2:  # PDFium's line end
            found[-1] = replace(last, end=max(last.end, span.end), header=last.header and span.header)
        else:
            found.append(span)
    return found
