"""Does a quote carry a sentence? Exact faults of numbers, names and negation, and a reader of both texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from rag_chat import units, words
from rag_chat.scoring import SupportOrder

SUPPORTED = 0.5  # probability from which on a quote counts as carrying a sentence
WEAK = 0.25  # ... and as carrying it in part: shown, and said to be doubtful


class ClaimReader(Protocol):
    """Reads a sentence and a quote together."""

    def carried(self, sentences: Sequence[str], quotes: Sequence[str]) -> list[float]:
        """The logit, for each sentence with its quote, that the quote carries it."""
        ...


class ReadSupport:
    """SupportChecker. A sentence that a quote holds word for word, under no other negation, needs no reading; one whose
    numbers the quote has of something else is not carried, whatever the reader says."""

    def __init__(self, reader: ClaimReader, order: SupportOrder) -> None:
        self._reader = reader
        self._order = order

    def support(self, sentence: str, quotes: Sequence[str]) -> list[float]:
        """Probability for each quote that it carries the sentence."""
        found = [1.0 if copies(sentence, quote) else 0.0 for quote in quotes]
        unread = [i for i, score in enumerate(found) if not score]
        logits = self._reader.carried([sentence] * len(unread), [quotes[i] for i in unread])
        for i, logit in zip(unread, logits, strict=True):
            carried = self._order.probability(faults(sentence, quotes[i]), logit)
            found[i] = min(carried, ExactSupport.WRONG_NUMBER) if units.contradicts(sentence, quotes[i]) else carried
        return found


class ExactSupport:
    """SupportChecker by words alone: overlap with vetoes. It reads no meaning: a paraphrase scores low, and a
    comparison that is turned round with the same words scores high."""

    WRONG_NUMBER, WRONG_NAME, WRONG_SENSE = 0.1, 0.4, 0.35  # the most a sentence can score with such a fault

    def support(self, sentence: str, quotes: Sequence[str]) -> list[float]:
        return [self._one(sentence, quote) for quote in quotes]

    def _one(self, sentence: str, quote: str) -> float:
        overlap, number, name, sense = faults(sentence, quote)
        most = ((number, self.WRONG_NUMBER), (name, self.WRONG_NAME), (sense, self.WRONG_SENSE))
        return min([overlap, *(limit for fault, limit in most if fault)])


def copies(sentence: str, quote: str) -> bool:
    """Whether the quote says the sentence word for word, its signs of money and measure too."""
    return words.word_for_word(sentence, quote) and not units.contradicts(sentence, quote)


def faults(sentence: str, quote: str) -> tuple[float, float, float, float]:
    """Share of the sentence's content words that the quote has; then 1 for a number that the quote lacks or has of
    something else, for a name that it lacks, and for a negation on one side only."""
    there = set(words.content(quote))
    return (
        words.coverage(words.content(sentence), there),
        float(bool(words.numbers(sentence) - words.numbers(quote)) or units.contradicts(sentence, quote)),
        float(bool(words.names(sentence) - there - words.names(quote))),
        float(words.negated(sentence) != words.negated(quote)),
    )
