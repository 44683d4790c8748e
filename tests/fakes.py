"""Small deterministic stand-ins for models; nothing here stands in for a store, a parser or a server."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from rag_chat.scoring import reordered
from rag_chat.types import Brief, Candidate, Vectors

WORD = re.compile(r"\w+")


class HashEmbedder:
    """A bi-encoder whose vector counts a text's words by hash: equal words, near vectors."""

    def __init__(self, name: str = "hash", dimension: int = 64) -> None:
        self.name = name
        self.dimension = dimension
        self.longest = 8192
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


class HashTokens:
    """A token encoder: each word, by itself, has a direction of its own."""

    name = "hash-tokens"
    dimension = 384

    def encode_question(self, text: str) -> tuple[Vectors, Vectors]:
        (vectors,) = self.encode_passages([text])
        return vectors, np.full(len(vectors), 1 / max(1, len(vectors)), dtype=np.float32)

    def encode_passages(self, texts: Sequence[str]) -> list[Vectors]:
        return [self._vectors(WORD.findall(text.lower())) for text in texts]

    def _vectors(self, words: Sequence[str]) -> Vectors:
        seeds = [np.random.default_rng(zlib.crc32(word.encode())) for word in words]
        rows = np.array([seed.normal(size=self.dimension) for seed in seeds], dtype=np.float32)
        rows = rows.reshape(-1, self.dimension)
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


class OverlapReranker:
    """Reranker and PairScorer: the share of the question's words that a text has."""

    name = "overlap"

    def __init__(self, pairs_per_second: float = 0.0) -> None:
        self.pairs_per_second = pairs_per_second
        self.ranked: list[int] = []  # how many candidates each call was given

    def rerank(self, query: str, candidates: Sequence[Candidate]) -> list[Candidate]:
        self.ranked.append(len(candidates))
        return reordered(candidates, self.score(query, [c.chunk.text for c in candidates]))

    def score(self, question: str, texts: Sequence[str]) -> list[float]:
        asked = set(WORD.findall(question.lower()))
        return [len(asked & set(WORD.findall(text.lower()))) / max(1, len(asked)) for text in texts]


class ScriptedGenerator:
    """Says what was enqueued, piece by piece; remembers what it was asked and whether it was closed early."""

    name = "scripted"

    def __init__(self, *, trusted: bool = False) -> None:
        self.trusted = trusted
        self.briefs: list[Brief] = []
        self.closed = 0
        self._answers: list[list[str]] = []

    def enqueue(self, *pieces: str) -> ScriptedGenerator:
        self._answers.append(list(pieces))
        return self

    def generate(self, brief: Brief) -> Iterator[str]:
        self.briefs.append(brief)
        try:
            yield from self._answers.pop(0)
        except GeneratorExit:
            self.closed += 1
            raise
