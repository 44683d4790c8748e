"""An exact vector store in memory: one matrix product over everything.

For tests, for libraries that fit, and wherever the vector index on disk is not to be trusted. Limit: 1.5 kB a chunk
at 384 dimensions, and time that grows with the number of chunks (100,000 in about 10 ms).
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np

from rag_chat.types import Vectors


class InMemory:
    """A VectorStore. Safe to use from several threads."""

    def __init__(self) -> None:
        self._documents: dict[str, dict[str, Vectors]] = {}
        self._lock = threading.Lock()
        self._matrices: dict[str, tuple[list[str], Vectors]] = {}  # by document, made at the first search

    def upsert(self, ids: Sequence[str], doc_ids: Sequence[str], vectors: Vectors) -> None:
        with self._lock:
            for chunk_id, doc_id, vector in zip(ids, doc_ids, vectors, strict=True):
                self._documents.setdefault(doc_id, {})[chunk_id] = vector
                self._matrices.pop(doc_id, None)

    def search(self, vector: Vectors, top_k: int, doc_ids: Sequence[str] | None = None) -> list[tuple[str, float]]:
        with self._lock:
            names = self._documents if doc_ids is None else [d for d in dict.fromkeys(doc_ids) if d in self._documents]
            parts = [self._matrix(name) for name in names]
        if not parts:
            return []
        ids = [chunk_id for part_ids, _ in parts for chunk_id in part_ids]
        scores = np.concatenate([matrix @ vector for _, matrix in parts])  # (chunks,)
        best = np.argsort(-scores, kind="stable")[:top_k]
        return [(ids[i], float(scores[i])) for i in best]

    def delete(self, doc_id: str) -> None:
        with self._lock:
            self._documents.pop(doc_id, None)
            self._matrices.pop(doc_id, None)

    def count(self, doc_id: str | None = None) -> int:
        with self._lock:
            if doc_id is not None:
                return len(self._documents.get(doc_id, {}))
            return sum(len(chunks) for chunks in self._documents.values())

    def clear(self) -> None:
        with self._lock:
            self._documents.clear()
            self._matrices.clear()

    def _matrix(self, doc_id: str) -> tuple[list[str], Vectors]:
        if doc_id not in self._matrices:
            chunks = self._documents[doc_id]
            self._matrices[doc_id] = (list(chunks), np.stack(list(chunks.values())))
        return self._matrices[doc_id]
