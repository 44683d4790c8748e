"""Is there an answer here at all? The gate between retrieval and generation."""

from __future__ import annotations

from collections.abc import Sequence

from rag_chat.types import Passage, Quote

REFUSAL = "The documents do not say."


def enough(passages: Sequence[Passage], quotes: Sequence[Quote], threshold: float) -> bool:
    """Whether the best passage's calibrated score reaches the threshold and a sentence of it can be quoted."""
    return bool(quotes) and max((p.candidate.score for p in passages), default=0.0) >= threshold
