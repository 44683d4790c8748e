"""Token vectors of chunks, as late interaction compares them, kept beside the chunks so that a passage is read once.

About 17 kB a chunk (`token_codes.py`). They go with their chunk. Of a library that is searched by late interaction they
come with every document, in the commit that makes it ready, and the document says whose they are: then all of the
library can be compared. Else only what such a search has looked at is kept, and what is missing is made anew.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rag_chat.library.scope import condition
from rag_chat.token_codes import Codes
from rag_chat.types import PageRange

_TABLES = """
CREATE TABLE IF NOT EXISTS chunk_tokens (
    chunk_id TEXT PRIMARY KEY REFERENCES chunks ON DELETE CASCADE, encoder TEXT NOT NULL, width INTEGER NOT NULL,
    codes BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS staged_tokens (
    chunk_id TEXT PRIMARY KEY, encoder TEXT NOT NULL, width INTEGER NOT NULL, codes BLOB NOT NULL);
"""
_LACKING = "SELECT 1 FROM documents c WHERE c.state = 'ready' AND c.chunks > 0 AND c.tokens <> ? AND "


@dataclass(frozen=True, slots=True)
class TokenCodes:
    """What one encoder made of a document's chunks, in their order."""

    encoder: str
    codes: Sequence[Codes]


def prepare(db: sqlite3.Connection) -> None:
    db.executescript(_TABLES)


def read(db: sqlite3.Connection, ids: Sequence[str], encoder: str) -> dict[str, Codes]:
    """What is kept of these chunks and was made by this encoder; at most 500 ids."""
    rows = db.execute(
        f"SELECT chunk_id, width, codes FROM chunk_tokens WHERE encoder = ? AND chunk_id IN ({_marks(ids)})",
        (encoder, *ids),
    )
    return _decoded(rows)


def read_all(
    db: sqlite3.Connection, encoder: str, doc_ids: Sequence[str] | None, pages: PageRange | None
) -> dict[str, Codes]:
    """The same of every chunk of these documents and pages."""
    where, values = condition(doc_ids, pages)
    return _decoded(
        db.execute(
            "SELECT t.chunk_id, t.width, t.codes FROM chunks c JOIN documents d ON d.doc_id = c.doc_id AND d.state ="
            f" 'ready' JOIN chunk_tokens t ON t.chunk_id = c.id WHERE t.encoder = ? AND {where}",
            (encoder, *values),
        )
    )


def keep(db: sqlite3.Connection, found: Mapping[str, Codes], encoder: str) -> None:
    """Chunks that are gone meanwhile are passed over."""
    db.executemany(
        "INSERT OR REPLACE INTO chunk_tokens SELECT id, ?, ?, ? FROM chunks WHERE id = ?",
        ((encoder, codes.shape[1], codes.tobytes(), chunk_id) for chunk_id, codes in found.items()),
    )


def add(db: sqlite3.Connection, doc_id: str, ids: Sequence[str], tokens: TokenCodes) -> None:
    """Of all chunks of a document, which says so from then on."""
    keep(db, dict(zip(ids, tokens.codes, strict=True)), tokens.encoder)
    db.execute("UPDATE documents SET tokens = ? WHERE doc_id = ?", (tokens.encoder, doc_id))


def stage(db: sqlite3.Connection, ids: Sequence[str], tokens: TokenCodes) -> None:
    db.executemany(
        "INSERT OR REPLACE INTO staged_tokens VALUES (?, ?, ?, ?)",
        ((i, tokens.encoder, codes.shape[1], codes.tobytes()) for i, codes in zip(ids, tokens.codes, strict=True)),
    )


def adopt(db: sqlite3.Connection) -> None:
    """Puts what was staged beside the chunks that took the place of the old ones."""
    db.execute("INSERT INTO chunk_tokens SELECT s.* FROM staged_tokens s JOIN chunks c ON c.id = s.chunk_id")
    db.execute(
        "UPDATE documents SET tokens = coalesce((SELECT t.encoder FROM chunks c JOIN chunk_tokens t"
        " ON t.chunk_id = c.id WHERE c.doc_id = documents.doc_id LIMIT 1), '')"
    )
    drop_staged(db)


def drop_staged(db: sqlite3.Connection) -> None:
    db.execute("DELETE FROM staged_tokens")


def are_whole(db: sqlite3.Connection, encoder: str, doc_ids: Sequence[str] | None) -> bool:
    """Whether every one of these documents came with token vectors of this encoder."""
    where, values = condition(doc_ids)
    return db.execute(f"{_LACKING}{where} LIMIT 1", (encoder, *values)).fetchone() is None


def missing(db: sqlite3.Connection) -> int:
    """Chunks without token vectors in documents that say they have them; 0 in a library that is whole."""
    (count,) = db.execute(
        "SELECT count(*) FROM documents d JOIN chunks c ON c.doc_id = d.doc_id LEFT JOIN chunk_tokens t"
        " ON t.chunk_id = c.id AND t.encoder = d.tokens AND length(t.codes) % t.width = 0"
        " WHERE d.tokens <> '' AND t.chunk_id IS NULL"
    ).fetchone()
    return int(count)


def strays(db: sqlite3.Connection) -> int:
    """Token vectors of chunks that are gone."""
    (kept,) = db.execute("SELECT count(*) FROM chunk_tokens WHERE chunk_id NOT IN (SELECT id FROM chunks)").fetchone()
    (staged,) = db.execute(
        "SELECT count(*) FROM staged_tokens WHERE chunk_id NOT IN (SELECT id FROM staged)"
    ).fetchone()
    return int(kept) + int(staged)


def _decoded(rows: Iterable[tuple[str, int, bytes]]) -> dict[str, Codes]:
    return {i: np.frombuffer(blob, dtype=np.uint8).reshape(-1, width) for i, width, blob in rows}


def _marks(ids: Sequence[str]) -> str:
    return ", ".join("?" * len(ids))
