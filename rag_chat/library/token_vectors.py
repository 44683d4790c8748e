"""Token vectors of chunks, as late interaction compares them, kept beside the chunks so that a passage is read once.

A byte a number: a vector of unit length is scaled to its own largest entry and made one again when it is read, which
moves a cosine by less than 0.01. They go with their chunk, and are never needed: what is missing is made anew. About
70 kB a chunk, of those chunks alone that a search with late interaction has looked at.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from rag_chat.types import Vectors

Packed: TypeAlias = NDArray[np.int8]  # (tokens, dim)

_TABLE = """
CREATE TABLE IF NOT EXISTS chunk_tokens (
    chunk_id TEXT PRIMARY KEY REFERENCES chunks ON DELETE CASCADE, encoder TEXT NOT NULL, dimension INTEGER NOT NULL,
    vectors BLOB NOT NULL)"""


def prepare(db: sqlite3.Connection) -> None:
    db.execute(_TABLE)


def read(db: sqlite3.Connection, ids: Sequence[str], encoder: str) -> dict[str, Packed]:
    """What is kept of these chunks and was made by this encoder; at most 500 ids."""
    rows = db.execute(
        f"SELECT chunk_id, dimension, vectors FROM chunk_tokens WHERE encoder = ? AND chunk_id IN ({_marks(ids)})",
        (encoder, *ids),
    )
    return {str(i): np.frombuffer(blob, dtype=np.int8).reshape(-1, dimension) for i, dimension, blob in rows}


def keep(db: sqlite3.Connection, found: Mapping[str, Packed], encoder: str) -> None:
    """Chunks that are gone meanwhile are passed over."""
    db.executemany(
        "INSERT OR REPLACE INTO chunk_tokens SELECT id, ?, ?, ? FROM chunks WHERE id = ?",
        ((encoder, packed.shape[1], packed.tobytes(), chunk_id) for chunk_id, packed in found.items()),
    )


def pack(vectors: Vectors) -> Packed:
    """(tokens, dim) bytes from rows of unit length."""
    largest = np.maximum(np.abs(vectors).max(axis=1, keepdims=True), 1e-12)
    packed: Packed = np.rint(vectors * (127 / largest)).astype(np.int8)
    return packed


def _marks(ids: Sequence[str]) -> str:
    return ", ".join("?" * len(ids))
