"""How well a text repeats the words of a question and their pairs, each weighed by how rare it is among the texts.

BM25 (Robertson and Zaragoza 2009) over words, and the same weights over pairs of neighbouring content words, so that a
phrase counts for more than its words apart. Rarity is judged within the candidates, not the library: where every
candidate names the company, its name tells them apart no longer, and the one that has the question's rare word stands
out. Encoders of this size blur such words.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Container, Sequence
from typing import TypeVar

from rag_chat import words

Term = TypeVar("Term")

SATURATION, LENGTH = 1.2, 0.75  # BM25's k1 and b
PAIRS = 4 / 3  # weight of the pairs beside the words; set on tuning data (README, "Ranking")


def match(question: str, texts: Sequence[str]) -> list[float]:
    """For each text about 1 where it has every word of the question once, and PAIRS more for every pair."""
    asked = words.content(question)
    stems = [words.content(text) for text in texts]
    average = sum(map(len, stems)) / max(1, len(texts)) or 1.0
    single = rarity(set(asked), [set(found) for found in stems])
    pairs = rarity(set(itertools.pairwise(asked)), [set(itertools.pairwise(s)) for s in stems])
    return [
        _bm25(Counter(found), single, len(found) / average)
        + PAIRS * sum(pairs.get(pair, 0.0) for pair in set(itertools.pairwise(found)))
        for found in stems
    ]


def _bm25(counts: Counter[str], weights: dict[str, float], length: float) -> float:
    flat = SATURATION * (1 - LENGTH + LENGTH * length)
    return sum(weight * counts[w] * (SATURATION + 1) / (counts[w] + flat) for w, weight in weights.items() if counts[w])


def rarity(asked: set[Term], held: Sequence[Container[Term]]) -> dict[Term, float]:
    """The inverse document frequency of each term asked for, as shares of their sum."""
    found = {term: idf(sum(term in terms for terms in held), len(held)) for term in asked}
    total = sum(found.values())
    return {term: value / total for term, value in found.items()} if total else {}


def idf(holders: int, texts: int) -> float:
    return math.log(1 + (texts - holders + 0.5) / (holders + 0.5))
