"""Stage one: the question's vector against every chunk's, by cosine, from the vector store."""

from __future__ import annotations

from collections.abc import Sequence

from rag_chat.library.catalog import Catalog
from rag_chat.protocols import Embedder, VectorStore
from rag_chat.retrieval.lookup import Found, Lookup
from rag_chat.trace import Trace
from rag_chat.types import Candidate, PageRange


class DenseRetriever:
    """Asked for as many candidates as there are chunks it is the exhaustive first stage of a small library."""

    def __init__(self, embedder: Embedder, store: VectorStore, catalog: Catalog) -> None:
        self._embedder = embedder
        self._lookup = Lookup(catalog, store)

    def retrieve(
        self,
        query: str,
        top_k: int,
        doc_ids: Sequence[str] | None = None,
        *,
        pages: PageRange | None = None,
        trace: Trace,
    ) -> list[Candidate]:
        with trace.stage("embed"):
            vector = self._embedder.encode_query(query)
        with trace.stage("retrieve"):
            nearest = self._lookup.nearest(vector, top_k, doc_ids, pages)
            found = [Found(chunk_id, cosine, rank) for rank, (chunk_id, cosine) in enumerate(nearest, start=1)]
            return self._lookup.candidates(query, found, self._lookup.named(query))
