"""Does a quote carry a sentence? An exact check of numbers, names and negation over word overlap.

It reads words, not meaning: a paraphrase with other words scores low (shown as unsupported), and a sentence that
turns a comparison round with the same words scores high.
"""

from __future__ import annotations

from rag_chat import words

SUPPORTED = 0.65  # share of the sentence's content words that a supporting quote holds at least
WRONG_NUMBER, WRONG_NAME, WRONG_SENSE = 0.2, 0.45, 0.4  # the most a sentence can score with such a fault


class ExactSupport:
    """SupportChecker by overlap with vetoes."""

    def support(self, sentence: str, quote: str) -> float:
        """0..1; at least SUPPORTED means that the quote carries the sentence."""
        score = words.coverage(words.content(sentence), words.content(quote))
        if words.numbers(sentence) - words.numbers(quote):
            return min(score, WRONG_NUMBER)
        if words.names(sentence) - set(words.content(quote)) - words.names(quote):
            score = min(score, WRONG_NAME)
        if words.negated(sentence) != words.negated(quote):
            score = min(score, WRONG_SENSE)
        return score
