"""How much of the question a text repeats, each word weighed by how rare it is among the texts compared.

Rarity is judged within the candidates, not the library: where every candidate names the company, its name tells
them apart no longer, and the one that has the question's rare word stands out (idf as in BM25, Robertson and Zaragoza
2009). Encoders of this size blur such words.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from rag_chat import words


def coverage(question: str, texts: Sequence[str]) -> list[float]:
    """Share of the question's weight that each text holds, 0..1, in the order given."""
    asked = set(words.content(question))
    held = [asked & set(words.content(text)) for text in texts]
    weight = {word: _idf(sum(word in found for found in held), len(texts)) for word in asked}
    total = sum(weight.values())
    return [sum(weight[word] for word in found) / total if total else 0.0 for found in held]


def _idf(holders: int, texts: int) -> float:
    return math.log(1 + (texts - holders + 0.5) / (holders + 0.5))
