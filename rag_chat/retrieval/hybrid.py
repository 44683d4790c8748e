"""Stage one three times: by vectors, by words, and by both in the documents that the question names.

Vectors find what is said in other words, BM25 finds the names and numbers that vectors blur. Fusing ranks and cutting
would lose what only one of them knows. So the union is ordered by all that is known of a candidate before a network
reads it (its cosine, the match of words and phrases, the document's name, rows of figures, lines of a statement), and
the best are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rag_chat import front, lexical, statements
from rag_chat.library.catalog import Catalog
from rag_chat.protocols import Embedder, VectorStore
from rag_chat.retrieval.lookup import Found, Lookup
from rag_chat.retrieval.naming import NAMED_BEST
from rag_chat.scoring import Combination
from rag_chat.trace import Trace
from rag_chat.types import Candidate, PageRange, Vectors

WIDER = 2  # times as many are looked for where lines of a statement are asked for: it shares few words with a question
ORDER = Combination(cosine=24.0, maxsim=0.0, joint=0.0, lexical=12.0)


class HybridRetriever:
    """At most `top_k` candidates of the union of as many by vectors and by words."""

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
            named = self._lookup.named(query)
            depth = WIDER * top_k if statements.asked_for(query) else top_k
            found = self._union(query, vector, depth, doc_ids, pages)
            best = [doc_id for doc_id, share in named.items() if share >= NAMED_BEST]
            here = best if doc_ids is None else [doc_id for doc_id in best if doc_id in doc_ids]
            if here:
                inside = self._union(query, vector, depth, here, pages).values()
                found = {one.chunk_id: replace(one, dense_rank=None) for one in inside} | found
            candidates = self._lookup.candidates(query, list(found.values()), named)
            return _ordered(query, candidates)[:top_k]

    def _union(
        self, query: str, vector: Vectors, top_k: int, doc_ids: Sequence[str] | None, pages: PageRange | None
    ) -> dict[str, Found]:
        """By chunk id. A chunk that words alone found gets its cosine too: every order needs it of every candidate."""
        nearest = self._lookup.nearest(vector, top_k, doc_ids, pages)
        found = {chunk_id: Found(chunk_id, cosine, rank) for rank, (chunk_id, cosine) in enumerate(nearest, start=1)}
        worded = [i for i, _ in self._catalog.word_matches(query, top_k, doc_ids, pages) if i not in found]
        vectors = self._catalog.vectors_of(worded)
        return found | {i: Found(i, float(vectors[i] @ vector), None) for i in worded if i in vectors}


def _ordered(query: str, candidates: Sequence[Candidate]) -> list[Candidate]:
    """By what is known without a network, the first rank 1."""
    asked = front.within(query, [f"{c.document} {c.title}" for c in candidates])
    texts = [front.of(c) for c in candidates]
    known = [
        replace(c, signals=replace(c.signals, lexical=matched))
        for c, matched in zip(candidates, lexical.match(asked, texts), strict=True)
    ]
    order = sorted(known, key=lambda c: -ORDER.logit(c.signals))
    return [replace(c, rank=rank) for rank, c in enumerate(order, start=1)]
