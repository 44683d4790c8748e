"""Stage one by late interaction: MaxSim over the token vectors that the library keeps of every passage.

It finds what one vector for a whole passage blurs: a name, a number, half a sentence. Up to `MOST` passages all are
compared; of more those that are nearest by vectors, and those that share most words. What hybrid finds is looked at
too, as it knows documents by their names. Where the library does not keep the vectors of all, hybrid is all there is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rag_chat import token_codes
from rag_chat.library.catalog import Catalog
from rag_chat.protocols import Embedder, Retriever, TokenEncoder, VectorStore
from rag_chat.retrieval.lookup import Found, Lookup
from rag_chat.token_codes import Codes
from rag_chat.trace import Trace
from rag_chat.types import Candidate, PageRange, Vectors

MOST = 1000  # passages, compared within a third of a second on one core


class LateInteractionRetriever:
    """Half of `top_k` by MaxSim, half by hybrid, all in the order of MaxSim; all by hybrid where not all is kept."""

    def __init__(
        self, tokens: TokenEncoder, hybrid: Retriever, embedder: Embedder, store: VectorStore, catalog: Catalog
    ) -> None:
        self._tokens = tokens
        self._key = token_codes.key(tokens)
        self._hybrid = hybrid
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
        if not self._catalog.has_all_tokens(self._key, doc_ids):
            return self._hybrid.retrieve(query, top_k, doc_ids, pages=pages, trace=trace)
        half = max(1, top_k // 2)
        known = self._hybrid.retrieve(query, half, doc_ids, pages=pages, trace=trace)
        with trace.stage("embed"):
            vector = self._embedder.encode_query(query)
            asked, weights = self._tokens.encode_question(query)
        with trace.stage("retrieve"):
            kept = self._compared(query, vector, doc_ids, pages)
            kept |= self._catalog.kept_tokens([c.chunk.id for c in known if c.chunk.id not in kept], self._key)
            similar = dict(zip(kept, token_codes.maxsim(asked, weights, list(kept.values())), strict=True))
            there = {c.chunk.id for c in known}
            new = [i for i in sorted(similar, key=lambda i: -similar[i]) if i not in there][:half]
            return _ordered([*known, *self._candidates(query, vector, new)], similar)

    def _compared(
        self, query: str, vector: Vectors, doc_ids: Sequence[str] | None, pages: PageRange | None
    ) -> dict[str, Codes]:
        """What is kept of the passages that are looked at, by chunk id."""
        if self._catalog.chunk_count(doc_ids, pages) <= MOST:
            return self._catalog.all_tokens(self._key, doc_ids, pages)
        near = self._lookup.nearest(vector, MOST // 2, doc_ids, pages)
        worded = self._catalog.word_matches(query, MOST // 2, doc_ids, pages)
        return self._catalog.kept_tokens(list(dict.fromkeys(i for i, _ in (*near, *worded))), self._key)

    def _candidates(self, query: str, vector: Vectors, ids: Sequence[str]) -> list[Candidate]:
        vectors = self._catalog.vectors_of(ids)
        found = [Found(i, float(vectors[i] @ vector), None) for i in ids if i in vectors]
        return self._lookup.candidates(query, found, self._lookup.named(query))


def _ordered(candidates: Sequence[Candidate], similar: dict[str, float]) -> list[Candidate]:
    """By MaxSim, the first rank 1; what has none, as its chunk goes just now, comes last."""
    order = sorted(candidates, key=lambda c: -similar.get(c.chunk.id, 0.0))
    return [replace(c, rank=rank) for rank, c in enumerate(order, start=1)]
