"""A Generator without a language model: the best sentences of the passages, word for word."""

from __future__ import annotations

from collections.abc import Iterator

from rag_chat.types import Brief, Quote

MOST = 3  # sentences in an answer
NEAR = 0.6  # a further sentence is taken if it scores at least this share of the best one's score


class QuotingGenerator:
    """Cannot invent anything; cannot sum up or count either."""

    name = "quoting"
    trusted = True  # what it says stands in the passages

    def generate(self, brief: Brief) -> Iterator[str]:
        """One quote a line, best first."""
        for quote in quotes_to_show(brief):
            yield f"{quote.text}\n"


def quotes_to_show(brief: Brief) -> list[Quote]:
    """The best quote and what is nearly as good, best first; of a summary all."""
    if brief.summary:
        return list(brief.quotes)
    return [q for q in brief.quotes[:MOST] if q.score >= NEAR * brief.quotes[0].score]
