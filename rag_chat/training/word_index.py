"""BM25 (Robertson and Zaragoza 2009) of a question over many texts that stay the same; numpy alone.

Weighs words as `lexical` does, whose match is made anew for every few texts and would take hours over a corpus.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rag_chat import words
from rag_chat.lexical import LENGTH, SATURATION, idf


class WordIndex:
    def __init__(self, texts: Sequence[str]) -> None:
        counts = [Counter(words.content(text)) for text in texts]
        lengths = np.array([found.total() for found in counts], dtype=np.float32)
        self._flat = SATURATION * (1 - LENGTH + LENGTH * lengths / (lengths.mean() or 1.0))
        held: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        for row, found in enumerate(counts):
            for word, count in found.items():
                held[word].append((row, count))
        self._held = {word: np.array(places, dtype=np.int32) for word, places in held.items()}

    def scores(self, question: str) -> NDArray[np.float32]:
        """(texts,): 0 where a text has no word of the question."""
        scores = np.zeros(len(self._flat), dtype=np.float32)
        for word in set(words.content(question)) & self._held.keys():
            rows, counts = self._held[word].T
            scores[rows] += idf(len(rows), len(scores)) * counts * (SATURATION + 1) / (counts + self._flat[rows])
        return scores
