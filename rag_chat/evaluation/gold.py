"""Compares an answer with gold answers as SQuAD's own evaluation does: without case, punctuation and articles.

Knows strings only. Limit: words are what blanks part, so languages written without blanks are not measured.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence

ARTICLES = frozenset(("a", "an", "the"))


def normalised(text: str) -> list[str]:
    """The words that count, in order. Symbols go too: SQuAD's list of punctuation holds '$', '+' and '='."""
    plain = unicodedata.normalize("NFKC", text).lower()
    kept = "".join(sign for sign in plain if unicodedata.category(sign)[0] not in "PS")
    return [word for word in kept.split() if word not in ARTICLES]


def contains(text: str, gold: Sequence[str]) -> bool:
    """Whether one of the gold answers stands in the text, whole words in a row.

    One that is nothing but articles and punctuation cannot be found.
    """
    words = f" {' '.join(normalised(text))} "
    return any(f" {' '.join(wanted)} " in words for wanted in map(normalised, gold) if wanted)


def token_f1(text: str, gold: Sequence[str]) -> float:
    """The best over the gold answers of the harmonic mean of shared words' shares; 0..1."""
    return max((_f1(normalised(text), normalised(one)) for one in gold), default=0.0)


def _f1(words: Sequence[str], wanted: Sequence[str]) -> float:
    shared = sum((Counter(words) & Counter(wanted)).values())
    return 2 * shared / (len(words) + len(wanted)) if shared else 0.0
