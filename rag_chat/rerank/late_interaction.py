"""Second stage by late interaction: MaxSim of the question's token vectors with the passages' own, kept in the library.

A passage is encoded once, whatever is asked later, so that a few hundred candidates cost a matrix product and no
encoder. The price is disk (`library/token_vectors.py`) and that no layer ever reads question and passage together.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import replace

from rag_chat import front, lexical, token_codes
from rag_chat.errors import LibraryError
from rag_chat.library.catalog import Catalog
from rag_chat.protocols import TokenEncoder
from rag_chat.scoring import Combination, reordered
from rag_chat.token_codes import Codes
from rag_chat.types import Candidate

TITLES = 10  # of the nearest candidates' documents, to see what they have in common
ALONE = Combination(0.0, 1.0, 0.0)  # MaxSim by itself, a mean of cosines


class LateInteractionReranker:
    """With an `order` cosine, MaxSim and the match of words are combined by it; without one MaxSim orders alone."""

    def __init__(self, encoder: TokenEncoder, catalog: Catalog, order: Combination | None = None) -> None:
        self.name = encoder.name
        self.pairs_per_second = 0.0
        self._encoder = encoder
        self._key = token_codes.key(encoder)
        self._catalog = catalog
        self._order = order

    def rerank(self, query: str, candidates: Sequence[Candidate]) -> list[Candidate]:
        if not candidates:
            return []
        start = time.perf_counter()
        asked = front.within(query, [f"{c.document} {c.title}" for c in candidates[:TITLES]])
        texts = [front.of(c) for c in candidates]
        passages = self._passages(candidates, texts)
        vectors, weights = self._encoder.encode_question(asked)
        found = zip(
            candidates, token_codes.maxsim(vectors, weights, passages), lexical.match(asked, texts), strict=True
        )
        marked = [
            replace(c, signals=replace(c.signals, maxsim=similarity, lexical=matched))
            for c, similarity, matched in found
        ]
        self.pairs_per_second = len(candidates) / (time.perf_counter() - start)
        return reordered(marked, [self._score(c) for c in marked])

    def _score(self, candidate: Candidate) -> float:
        if self._order is not None:
            return self._order.probability(candidate.signals)
        return min(1.0, max(0.0, ALONE.logit(candidate.signals)))

    def _passages(self, candidates: Sequence[Candidate], texts: Sequence[str]) -> list[Codes]:
        """From the library, and what it lacks from the encoder."""
        ids = [c.chunk.id for c in candidates]
        found = self._catalog.kept_tokens(ids, self._key)
        missing = {chunk_id: text for chunk_id, text in zip(ids, texts, strict=True) if chunk_id not in found}
        if missing:
            made = token_codes.encoded(self._encoder, list(missing.values()))
            fresh = dict(zip(missing, made, strict=True))
            found |= fresh
            with contextlib.suppress(LibraryError):  # another process writes, or the disk is full: made again next time
                self._catalog.keep_tokens(fresh, self._key)
        return [found[chunk_id] for chunk_id in ids]
