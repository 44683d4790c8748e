"""Stage one twice: by vectors and by words, and everything that either of them found.

Vectors find what is said in other words, BM25 finds the names and numbers that vectors blur. Fusing both lists and
cutting the result would lose what only one of them knows, so the union goes to the second stage, which can judge.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag_chat.library.catalog import Catalog
from rag_chat.protocols import Embedder, VectorStore
from rag_chat.retrieval.lookup import Found, Lookup
from rag_chat.scoring import fused
from rag_chat.trace import Trace
from rag_chat.types import Candidate


class HybridRetriever:
    """At most `top_k` candidates of each kind, by their reciprocal ranks (Cormack and others 2009)."""

    def __init__(self, embedder: Embedder, store: VectorStore, catalog: Catalog) -> None:
        self._embedder = embedder
        self._store = store
        self._catalog = catalog
        self._lookup = Lookup(catalog)

    def retrieve(
        self, query: str, top_k: int, doc_ids: Sequence[str] | None = None, *, trace: Trace
    ) -> list[Candidate]:
        with trace.stage("embed"):
            vector = self._embedder.encode_query(query)
        with trace.stage("retrieve"):
            nearest = dict(self._store.search(vector, top_k, doc_ids))
            worded = [chunk_id for chunk_id, _ in self._catalog.word_matches(query, top_k, doc_ids)]
            ranks = {chunk_id: rank for rank, chunk_id in enumerate(nearest, start=1)}
            # A chunk that words alone found gets its cosine too: the final order needs it of every candidate.
            vectors = self._catalog.vectors_of([chunk_id for chunk_id in worded if chunk_id not in nearest])
            cosines = nearest | {chunk_id: float(found @ vector) for chunk_id, found in vectors.items()}
            order = [chunk_id for chunk_id in fused([list(nearest), worded]) if chunk_id in cosines]
            return self._lookup.candidates([Found(id_, cosines[id_], ranks.get(id_)) for id_ in order])
