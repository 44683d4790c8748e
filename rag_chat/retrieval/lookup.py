"""Turns ids that an index found into candidates, with what the catalog knows of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rag_chat.library.catalog import Catalog
from rag_chat.types import Candidate, Signals


@dataclass(frozen=True, slots=True)
class Found:
    """A chunk's id, its cosine with the question, and its rank by vectors, None where words alone found it."""

    chunk_id: str
    cosine: float
    dense_rank: int | None


class Lookup:
    """The catalog decides what exists: an id whose chunk is gone or not ready is passed over."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def candidates(self, found: Sequence[Found]) -> list[Candidate]:
        """In the order given, ranked from 1; the score is the cosine."""
        chunks = self._catalog.chunks([one.chunk_id for one in found])
        kept = [(chunks[one.chunk_id], one) for one in found if one.chunk_id in chunks]
        documents = {d.doc_id: d for d in self._catalog.documents()}
        labels = {place: self._label(*place) for place in {(chunk.doc_id, chunk.first_page) for chunk, _ in kept}}
        return [
            Candidate(
                chunk=chunk,
                document=documents[chunk.doc_id].name,
                title=documents[chunk.doc_id].title,
                page_label=labels[chunk.doc_id, chunk.first_page],
                rank=rank,
                score=one.cosine,
                stage1_rank=one.dense_rank,
                stage1_score=None if one.dense_rank is None else one.cosine,
                signals=Signals(cosine=one.cosine),
            )
            for rank, (chunk, one) in enumerate(kept, start=1)
        ]

    def _label(self, doc_id: str, number: int) -> str:
        page = self._catalog.page(doc_id, number)
        return page.label if page else str(number)
