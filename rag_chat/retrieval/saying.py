"""Which documents say something: of each the passage that says all the words, by BM25. Exact, over the whole library.

The nearest fifty passages may all be of one document; a question over documents asks for every one.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag_chat.library.catalog import Catalog
from rag_chat.protocols import Embedder, VectorStore
from rag_chat.retrieval.lookup import Found, Lookup
from rag_chat.trace import Trace
from rag_chat.types import Candidate, PageRange


class SayingRetriever:
    """One candidate a document, the best first; a document that nowhere says all of the query is left out."""

    def __init__(self, embedder: Embedder, store: VectorStore, catalog: Catalog) -> None:
        self._embedder = embedder
        self._catalog = catalog
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
            chunk_ids = self._catalog.saying(query, doc_ids, pages)[:top_k]
            vectors = self._catalog.vectors_of(chunk_ids)
            found = [Found(i, float(vectors[i] @ vector), None) for i in chunk_ids if i in vectors]
            return self._lookup.candidates(query, found, {})
