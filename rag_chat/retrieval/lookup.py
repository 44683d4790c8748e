"""Turns ids that an index found into candidates, with all that is known of them before a model reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from rag_chat import figures, statements
from rag_chat.library import places
from rag_chat.library.catalog import Catalog
from rag_chat.protocols import VectorStore
from rag_chat.retrieval.naming import Names
from rag_chat.types import Candidate, Chunk, Document, PageRange, Signals, Vectors


@dataclass(frozen=True, slots=True)
class Found:
    """A chunk's id, its cosine with the question, and its rank by vectors, None where words alone found it."""

    chunk_id: str
    cosine: float
    dense_rank: int | None


class Lookup:
    """The catalog decides what exists: an id whose chunk is gone or not ready is passed over."""

    def __init__(self, catalog: Catalog, store: VectorStore) -> None:
        self._catalog = catalog
        self._store = store
        self._known: tuple[list[Document], Names] = ([], Names.of([]))

    def named(self, query: str) -> dict[str, float]:
        """How much each document is what the query names, best 1; {} where it names none."""
        documents = self._catalog.documents()
        if documents != self._known[0]:
            self._known = (documents, Names.of(documents))
        return self._known[1].shares(query)

    def nearest(
        self, vector: Vectors, top_k: int, doc_ids: Sequence[str] | None, pages: PageRange | None
    ) -> list[tuple[str, float]]:
        """(chunk id, cosine) best first. The store knows no pages: what is on some is compared one by one."""
        if pages is None:
            return self._store.search(vector, top_k, doc_ids)
        there = self._catalog.vectors_on(doc_ids, pages)
        if not there:
            return []
        cosines = np.stack(list(there.values())) @ vector
        found = zip(there, cosines.tolist(), strict=True)
        return sorted(found, key=lambda one: -one[1])[:top_k]

    def candidates(self, query: str, found: Sequence[Found], named: Mapping[str, float]) -> list[Candidate]:
        """In the order given, ranked from 1; the score is the cosine. `named` is what `named` says of the query."""
        chunks = self._catalog.chunks([one.chunk_id for one in found])
        kept = [(chunks[one.chunk_id], one) for one in found if one.chunk_id in chunks]
        documents = {d.doc_id: d for d in self._catalog.documents()}
        labels = self._catalog.labels({(chunk.doc_id, chunk.first_page) for chunk, _ in kept})
        given = self._lines(query, [chunk for chunk, _ in kept])
        counted = figures.asked_for(query)
        return [
            Candidate(
                chunk=chunk,
                document=documents[chunk.doc_id].name,
                title=documents[chunk.doc_id].title,
                page_label=places.exact(
                    self._catalog, chunk, labels.get((chunk.doc_id, chunk.first_page), str(chunk.first_page))
                ),
                rank=rank,
                score=one.cosine,
                stage1_rank=one.dense_rank,
                stage1_score=None if one.dense_rank is None else one.cosine,
                signals=replace(_signals(chunk, one.cosine, named, counted), lines=given.get(chunk.id)),
            )
            for rank, (chunk, one) in enumerate(kept, start=1)
        ]

    def _lines(self, query: str, chunks: Sequence[Chunk]) -> dict[str, float]:
        """For each chunk how much its pages give the lines of a statement that the query asks for; {} for none.

        The page is looked at, not the chunk: a statement is longer than a chunk, and its title stands in the first.
        """
        asked = statements.asked_for(query)
        if not asked:
            return {}
        texts = self._catalog.texts({(chunk.doc_id, span.page) for chunk in chunks for span in chunk.spans})
        shares = {place: statements.share(asked, text) for place, text in texts.items()}
        return {c.id: max(shares.get((c.doc_id, span.page), 0.0) for span in c.spans) for c in chunks}


def _signals(chunk: Chunk, cosine: float, named: Mapping[str, float], counted: bool) -> Signals:
    return Signals(
        cosine=cosine,
        named=named.get(chunk.doc_id, 0.0) - 1.0 if named else 0.0,
        figures=figures.share(chunk.text) if counted else None,
    )
