"""Chroma in a folder: approximate nearest neighbours by cosine over vectors that we computed.

The only file that imports chromadb, and only when a store is opened. What it holds is derived from the catalog and
disposable. Limit: one process at a time may write, which the library's lock sees to.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from rag_chat.errors import DiskFull, LibraryError
from rag_chat.types import Vectors

COLLECTION = "chunks"
_HNSW = {"space": "cosine", "ef_construction": 200, "ef_search": 200}
# How Chroma words a full disk: SQLite's codes for "full" and "cannot write", and the system's own words.
_FULL = ("(code: 13)", "(code: 778)", "disk is full", "No space left", "File too large")
_PAGE = 5000  # rows in one read
_FULL_BYTES = 1_000_000  # free space under which whatever Chroma says about a write means "full"


class Chroma:
    """A VectorStore over `chromadb.PersistentClient`. Safe to use from several threads of one process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open()

    def upsert(self, ids: Sequence[str], doc_ids: Sequence[str], vectors: Vectors) -> None:
        with _errors_are_ours(self._folder):
            for start in range(0, len(ids), self._at_once):
                part = slice(start, start + self._at_once)
                self._collection.upsert(
                    ids=list(ids[part]),
                    embeddings=np.ascontiguousarray(vectors[part], dtype=np.float32),
                    metadatas=[{"doc_id": doc_id} for doc_id in doc_ids[part]],
                )

    def search(self, vector: Vectors, top_k: int, doc_ids: Sequence[str] | None = None) -> list[tuple[str, float]]:
        if top_k < 1 or (doc_ids is not None and not doc_ids):  # Chroma refuses both
            return []
        with _errors_are_ours(self._folder):
            found = self._collection.query(
                query_embeddings=np.asarray(vector, dtype=np.float32)[None, :],
                n_results=top_k,
                where=None if doc_ids is None else {"doc_id": {"$in": list(doc_ids)}},
                include=["distances"],
            )
        return [(i, 1.0 - float(d)) for i, d in zip(found["ids"][0], found["distances"][0], strict=True)]

    def delete(self, doc_id: str) -> None:
        with _errors_are_ours(self._folder):
            self._collection.delete(where={"doc_id": doc_id})

    def delete_ids(self, ids: Sequence[str]) -> None:
        with _errors_are_ours(self._folder):
            for start in range(0, len(ids), self._at_once):
                self._collection.delete(ids=list(ids[start : start + self._at_once]))

    def count(self, doc_id: str | None = None) -> int:
        with _errors_are_ours(self._folder):
            if doc_id is None:
                return int(self._collection.count())
            return len(self._collection.get(where={"doc_id": doc_id}, include=[])["ids"])

    def clear(self) -> None:
        """Throws its files away: what is deleted within Chroma stays readable in them."""
        with _errors_are_ours(self._folder):
            self._client.close()
            shutil.rmtree(self._folder)
        self._open()

    def ids(self) -> set[str]:
        with _errors_are_ours(self._folder):
            return set(self._collection.get(include=[])["ids"])

    def rows(self) -> Iterator[tuple[list[str], Vectors]]:
        """Everything it holds, in parts: ids and (n, dim) float32."""
        with _errors_are_ours(self._folder):
            for start in range(0, self._collection.count(), _PAGE):
                got = self._collection.get(limit=_PAGE, offset=start, include=["embeddings"])
                yield got["ids"], np.asarray(got["embeddings"], dtype=np.float32)

    def close(self) -> None:
        self._client.close()

    def _open(self) -> None:
        os.environ.setdefault("ANONYMIZED_TELEMETRY", "False")
        import chromadb
        from chromadb.config import Settings

        with _errors_are_ours(self._folder):
            self._client = chromadb.PersistentClient(str(self._folder), Settings(anonymized_telemetry=False))
            self._at_once = self._client.get_max_batch_size()
            self._collection: Any = self._client.get_or_create_collection(
                COLLECTION, configuration={"hnsw": _HNSW}, embedding_function=None
            )


def dump(folder: str) -> Iterator[tuple[list[str], Vectors]]:
    """`rows` for a worker process, because a torn index can take down the process that reads it."""
    store = Chroma(Path(folder))
    for ids, vectors in store.rows():
        if ids:
            store.search(vectors[0], 1)  # the graph is read too, not only the vectors
        yield ids, vectors
    store.close()


@contextmanager
def _errors_are_ours(folder: Path) -> Iterator[None]:
    from chromadb.errors import ChromaError

    try:
        yield
    except (ChromaError, ValueError, OSError, RuntimeError) as error:
        text = str(error)
        if any(sign in text for sign in _FULL) or shutil.disk_usage(folder).free < _FULL_BYTES:
            raise DiskFull("No space is left for the vector index; free some space and try again.") from error
        raise LibraryError(
            f"The vector index cannot be used ({text.splitlines()[0][:200] if text else type(error).__name__});"
            " run rag-ingest --rebuild."
        ) from error
