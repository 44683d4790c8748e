"""A Reranker that changes nothing: stage one's order, for `mode=dense` and for comparisons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rag_chat.types import Candidate


class KeepOrder:
    """Scores are stage one's cosines, cut to 0..1; they order, but they are no probabilities."""

    name = "none"
    pairs_per_second = float("inf")

    def rerank(self, query: str, candidates: Sequence[Candidate]) -> list[Candidate]:
        return [replace(c, rank=rank, score=min(1.0, max(0.0, c.score))) for rank, c in enumerate(candidates, start=1)]
