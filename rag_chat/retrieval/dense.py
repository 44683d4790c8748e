"""Stage one: the question's vector against every chunk's, by cosine, from the vector store."""

from __future__ import annotations

from collections.abc import Sequence

from rag_chat.library.catalog import Catalog
from rag_chat.protocols import Embedder, VectorStore
from rag_chat.trace import Trace
from rag_chat.types import Candidate


class DenseRetriever:
    """Asked for as many candidates as there are chunks it is the exhaustive first stage of a small library."""

    def __init__(self, embedder: Embedder, store: VectorStore, catalog: Catalog) -> None:
        self._embedder = embedder
        self._store = store
        self._catalog = catalog

    def retrieve(
        self, query: str, top_k: int, doc_ids: Sequence[str] | None = None, *, trace: Trace
    ) -> list[Candidate]:
        with trace.stage("embed"):
            vector = self._embedder.encode_query(query)
        with trace.stage("retrieve"):
            found = self._store.search(vector, top_k, doc_ids)
            chunks = self._catalog.chunks([chunk_id for chunk_id, _ in found])
            # The catalog decides what exists: a vector whose chunk is gone or not ready is passed over.
            kept = [(chunks[chunk_id], score) for chunk_id, score in found if chunk_id in chunks]
            documents = {d.doc_id: d for d in self._catalog.documents()}
            labels = {place: self._label(*place) for place in {(chunk.doc_id, chunk.first_page) for chunk, _ in kept}}
            return [
                Candidate(
                    chunk=chunk,
                    document=documents[chunk.doc_id].name,
                    title=documents[chunk.doc_id].title,
                    page_label=labels[chunk.doc_id, chunk.first_page],
                    rank=rank,
                    score=score,
                    stage1_rank=rank,
                    stage1_score=score,
                )
                for rank, (chunk, score) in enumerate(kept, start=1)
            ]

    def _label(self, doc_id: str, number: int) -> str:
        page = self._catalog.page(doc_id, number)
        return page.label if page else str(number)
