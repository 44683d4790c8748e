"""Small deterministic stand-ins for models; nothing here stands in for a store, a parser or a server."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Sequence

import numpy as np

from rag_chat.types import Vectors

WORD = re.compile(r"\w+")


class HashEmbedder:
    """A bi-encoder whose vector counts a text's words by hash: equal words, near vectors."""

    def __init__(self, name: str = "hash", dimension: int = 64) -> None:
        self.name = name
        self.dimension = dimension
        self.encoded: list[str] = []  # every passage that was ever embedded

    def encode_query(self, text: str) -> Vectors:
        vector = np.zeros(self.dimension, dtype=np.float32)
        for word in WORD.findall(text.lower()):
            vector[zlib.crc32(word.encode()) % self.dimension] += 1
        norm = float(np.linalg.norm(vector))
        if norm == 0:
            vector[0] = norm = 1.0
        return np.asarray(vector / norm, dtype=np.float32)

    def encode_passages(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        self.encoded.extend(texts)
        vectors = [self.encode_query(text) for text in texts]
        if progress is not None:
            progress(len(texts))
        return np.stack(vectors) if vectors else np.zeros((0, self.dimension), dtype=np.float32)

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """About 1.3 tokens a word, as word pieces have it."""
        return [sum(1 + (zlib.crc32(word.encode()) % 10 < 3) for word in text.split()) for text in texts]
