"""BM25 over the words of every chunk, through SQLite's FTS5; triggers keep it in step inside the catalog's own commits.

The index holds words and places only (the text stays in `chunks`), stemmed by Porter's rules, without accents. Chinese,
Japanese and Korean text has no blanks: each of its characters counts as a word, and neighbouring pairs are looked for.
Limit: `chunks` must keep its row numbers, so whoever runs VACUUM on the catalog must call `refill` after it.
"""

from __future__ import annotations

import itertools
import re
import sqlite3
from collections.abc import Iterator, Sequence

from rag_chat import words
from rag_chat.library.scope import EVERYWHERE, condition
from rag_chat.types import PageRange

HEADING_WEIGHT, TEXT_WEIGHT = 1.0, 1.0  # of the columns, in their order
MOST_TERMS = 64  # of a question; the rarest words of a longer one are in all probability among them
_NO_BLANKS = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
_CHARACTER = re.compile(f"([{_NO_BLANKS}])")
_RUN = re.compile(f"[{_NO_BLANKS}]+|[^\\W_]+")

TOKENS = '"porter unicode61 remove_diacritics 2"'  # how FTS5 makes words of a text
_INDEX = f"CREATE VIRTUAL TABLE IF NOT EXISTS chunk_words USING fts5(heading, text, content='', tokenize={TOKENS})"
_FILL = "INSERT INTO chunk_words(rowid, heading, text) SELECT rowid, parted(heading), parted(text) FROM chunks"
_TRIGGERS = """
CREATE TRIGGER IF NOT EXISTS chunk_words_added AFTER INSERT ON chunks BEGIN
    INSERT INTO chunk_words(rowid, heading, text) VALUES (new.rowid, parted(new.heading), parted(new.text)); END;
CREATE TRIGGER IF NOT EXISTS chunk_words_removed AFTER DELETE ON chunks BEGIN
    INSERT INTO chunk_words(chunk_words, rowid, heading, text)
    VALUES ('delete', old.rowid, parted(old.heading), parted(old.text)); END;
"""
_HIDDEN = "SELECT c.rowid FROM documents d JOIN chunks c ON c.doc_id = d.doc_id WHERE d.state <> 'ready'"


def prepare(db: sqlite3.Connection) -> None:
    """Makes the index where there is none yet, from what the catalog holds; call it once after the schema."""
    db.create_function("parted", 1, parted, deterministic=True)
    if not _is_there(db):
        db.execute("BEGIN IMMEDIATE")
        if not _is_there(db):  # another process may have made it meanwhile
            db.execute(_INDEX)
            db.execute(_FILL)
        db.execute("COMMIT")
    db.executescript(_TRIGGERS)


def refill(db: sqlite3.Connection) -> None:
    """All of it anew, inside the caller's transaction."""
    db.execute("INSERT INTO chunk_words(chunk_words) VALUES ('delete-all')")
    db.execute(_FILL)


def forget(db: sqlite3.Connection) -> None:
    """Rewrites the index, so that no word of what was deleted stays in the file."""
    db.execute("INSERT INTO chunk_words(chunk_words) VALUES ('optimize')")


def strays(db: sqlite3.Connection) -> int:
    """Chunks that are gone but have words in the index."""
    (count,) = db.execute(
        "SELECT count(*) FROM chunk_words_docsize WHERE id NOT IN (SELECT rowid FROM chunks)"
    ).fetchone()
    return int(count)


def lacking(db: sqlite3.Connection) -> int:
    """Chunks that have no words in the index."""
    (count,) = db.execute(
        "SELECT count(*) FROM chunks WHERE rowid NOT IN (SELECT id FROM chunk_words_docsize)"
    ).fetchone()
    return int(count)


def parted(text: str) -> str:
    """The text with a blank around every character of a script that is written without them."""
    return _CHARACTER.sub(r" \1 ", text)


def expression(question: str, join: str = " OR ") -> str:
    """The question's content words and pairs of characters, any of them, as FTS5 reads it; '' where there are none."""
    terms = list(dict.fromkeys(_terms(question)))[:MOST_TERMS]
    return join.join(f'"{term}"' for term in terms)


def matches(
    db: sqlite3.Connection,
    question: str,
    most: int,
    doc_ids: Sequence[str] | None = None,
    pages: PageRange | None = None,
) -> list[tuple[str, float]]:
    """(chunk id, BM25) of ready documents, best first.

    The index alone chooses the best rows, and only those are joined with their chunks: a common word stands in half of
    the library. "+" keeps SQLite from asking the index anew for every row that is allowed.
    """
    found = _best(db, expression(question), most, condition(doc_ids, pages))
    return [(str(chunk_id), float(score)) for chunk_id, _, score in found]


def saying(
    db: sqlite3.Connection, question: str, doc_ids: Sequence[str] | None = None, pages: PageRange | None = None
) -> list[str]:
    """Of each ready document the id of the chunk that says all the question's words best, the best document first."""
    found = _best(db, expression(question, " AND "), -1, condition(doc_ids, pages))
    best: dict[str, str] = {}
    for chunk_id, doc_id, _ in found:
        best.setdefault(doc_id, chunk_id)
    return list(best.values())


def _best(
    db: sqlite3.Connection, wanted: str, most: int, allowed: tuple[str, Sequence[object]]
) -> list[tuple[str, str, float]]:
    """(chunk id, document id, BM25); every row that matches where `most` is -1."""
    if not wanted:
        return []
    where, values = allowed
    some = "" if where == EVERYWHERE else f" AND +rowid IN (SELECT c.rowid FROM chunks c WHERE {where})"
    return db.execute(
        "SELECT c.id, c.doc_id, -best.score FROM ("
        f"SELECT rowid AS place, bm25(chunk_words, {HEADING_WEIGHT}, {TEXT_WEIGHT}) AS score FROM chunk_words"
        f" WHERE chunk_words MATCH ? AND +rowid NOT IN ({_HIDDEN}){some} ORDER BY score, rowid LIMIT ?"
        ") best JOIN chunks c ON c.rowid = best.place ORDER BY best.score, c.rowid",
        (wanted, *values, most),
    ).fetchall()


def _terms(question: str) -> Iterator[str]:
    for run in _RUN.findall(question):
        if not _CHARACTER.match(run):
            if run.lower() not in words.STOP:
                yield run
        elif len(run) == 1:
            yield run
        else:
            yield from (f"{a} {b}" for a, b in itertools.pairwise(run))


def _is_there(db: sqlite3.Connection) -> bool:
    return db.execute("SELECT 1 FROM sqlite_master WHERE name = 'chunk_words'").fetchone() is not None
