"""The catalog's tables, and what a library of an earlier version lacks of them."""

from __future__ import annotations

from rag_chat.errors import LibraryError
from rag_chat.library import full_text
from rag_chat.library.database import Database

SCHEMA_VERSION = 5
TABLES = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS documents (
    doc_id TEXT PRIMARY KEY, state TEXT NOT NULL, name TEXT NOT NULL, title TEXT NOT NULL, size INTEGER NOT NULL,
    added TEXT NOT NULL, pages INTEGER NOT NULL, chunks INTEGER NOT NULL, kind TEXT NOT NULL DEFAULT 'pdf',
    tokens TEXT NOT NULL DEFAULT '', kept TEXT NOT NULL DEFAULT '', repaired INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS pages (
    doc_id TEXT NOT NULL REFERENCES documents ON DELETE CASCADE, number INTEGER NOT NULL, label TEXT NOT NULL,
    text TEXT NOT NULL, state TEXT NOT NULL, hidden INTEGER NOT NULL, PRIMARY KEY (doc_id, number)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS words (
    doc_id TEXT NOT NULL REFERENCES documents ON DELETE CASCADE, number INTEGER NOT NULL, boxes TEXT NOT NULL,
    PRIMARY KEY (doc_id, number)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS outline (
    doc_id TEXT NOT NULL REFERENCES documents ON DELETE CASCADE, ordinal INTEGER NOT NULL, page INTEGER NOT NULL,
    start INTEGER NOT NULL, path TEXT NOT NULL, PRIMARY KEY (doc_id, ordinal)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS chunks (
    id TEXT PRIMARY KEY, doc_id TEXT NOT NULL REFERENCES documents ON DELETE CASCADE, ordinal INTEGER NOT NULL,
    spans TEXT NOT NULL, heading TEXT NOT NULL, text TEXT NOT NULL, vector BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS chunks_by_document ON chunks (doc_id, ordinal);
CREATE TABLE IF NOT EXISTS staged (
    id TEXT PRIMARY KEY, doc_id TEXT NOT NULL, ordinal INTEGER NOT NULL, spans TEXT NOT NULL, heading TEXT NOT NULL,
    text TEXT NOT NULL, vector BLOB NOT NULL);
"""
# What a library of the version before lacks.
_MIGRATIONS = {
    1: (
        "ALTER TABLE pages ADD COLUMN state TEXT NOT NULL DEFAULT 'text'",
        "ALTER TABLE pages ADD COLUMN hidden INTEGER NOT NULL DEFAULT 0",
        "UPDATE pages SET state = 'empty' WHERE trim(text, ' ' || char(9) || char(10) || char(13)) = ''",
        "ALTER TABLE documents DROP COLUMN pages_without_text",
    ),
    2: ("ALTER TABLE documents ADD COLUMN kind TEXT NOT NULL DEFAULT 'pdf'",),
    3: ("DROP TABLE IF EXISTS chunk_tokens", "ALTER TABLE documents ADD COLUMN tokens TEXT NOT NULL DEFAULT ''"),
    4: (
        "ALTER TABLE documents ADD COLUMN kept TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE documents ADD COLUMN repaired INTEGER NOT NULL DEFAULT 0",
        *full_text.DROPPED,
    ),
}


def migrate(database: Database) -> None:
    """Brings the tables to this version; raises LibraryError where a newer one made them."""
    values = dict(database.rows("SELECT key, value FROM meta"))
    seen = int(values.get("schema", SCHEMA_VERSION))
    if seen > SCHEMA_VERSION:
        raise LibraryError(f"The library was made by a newer version (schema {seen}); update rag-chat to open it.")
    if seen < SCHEMA_VERSION or "schema" not in values:
        with database.transaction() as db:
            for version in range(seen, SCHEMA_VERSION):
                for statement in _MIGRATIONS[version]:
                    db.execute(statement)
            db.execute("INSERT OR REPLACE INTO meta VALUES ('schema', ?)", (str(SCHEMA_VERSION),))
