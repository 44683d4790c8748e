"""Is there an answer here at all? What finds the quotes, and the gate between retrieval and generation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rag_chat import language
from rag_chat.chat.passages import best_quotes
from rag_chat.protocols import AnswerReader, PairScorer
from rag_chat.scoring import QuoteOrder
from rag_chat.types import Passage, Quote

# Weights and offset were set on 120 questions of XQuAD de, es and zh (README, "Limits").
BY_WORDS = QuoteOrder(sentence=1.2, passage=0.1, reading=7.0, offset=-5.0)
REFUSAL = "The documents do not say."


@dataclass(frozen=True, slots=True)
class Evidence:
    """Quotes by probability of answering; under `threshold` for the best one the documents do not say it.

    Without a reader the sentence's and the passage's scores decide alone. The reader reads English: in other languages
    words decide in its place, so that the same threshold refuses about as many questions that are answered.
    """

    scorer: PairScorer
    reader: AnswerReader | None = None
    order: QuoteOrder = field(default_factory=QuoteOrder)
    threshold: float = 0.0

    def quotes(self, question: str, passages: Sequence[Passage], count: int) -> tuple[Quote, ...]:
        """The sentences of the passages that answer the question best, best first, each text once."""
        if self.reader is not None and _is_foreign(question, passages):
            return best_quotes(question, passages, self.scorer, count, order=BY_WORDS)
        return best_quotes(question, passages, self.scorer, count, reader=self.reader, order=self.order)

    def enough(self, quotes: Sequence[Quote], threshold: float | None = None) -> bool:
        """Whether the best quote reaches the threshold, the user's own where there is one."""
        wanted = self.threshold if threshold is None else threshold
        return bool(quotes) and quotes[0].score >= wanted


def _is_foreign(question: str, passages: Sequence[Passage]) -> bool:
    return bool(language.foreign(question) or language.foreign("\n".join(p.chunk.text for p in passages)))
