"""BM25 over the words of every chunk, through SQLite's FTS5; triggers keep it in step inside the catalog's own commits.

The index holds words and places only (the text stays in `chunks`), of the text's searchable copy, stemmed by Porter's
rules, without accents. Chinese, Japanese and Korean text has no blanks: each of its characters counts as a word, and
neighbouring pairs are looked for. Limits: `chunks` must keep its row numbers, so whoever runs VACUUM on the catalog
must call `refill` after it; a deletion takes out the words that `parted` makes of the text, so where that changes, a
migration must drop the index, to be made anew.
"""

from __future__ import annotations

import itertools
import math
import re
import sqlite3
from collections.abc import Iterator, Sequence

from rag_chat import words
from rag_chat.library.scope import EVERYWHERE, condition
from rag_chat.search_copy import searchable
from rag_chat.types import PageRange

HEADING_WEIGHT, TEXT_WEIGHT = 1.0, 1.0  # of the columns, in their order
MOST_TERMS = 64  # of a question; the rarest words of a longer one are in all probability among them
_NO_BLANKS = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
_CHARACTER = re.compile(f"([{_NO_BLANKS}])")
_RUN = re.compile(f"[{_NO_BLANKS}]+|[^\\W_]+")

_OR = re.compile(r"\bor\b", re.IGNORECASE)
_ANY = re.compile(r",?\s*\b(?:and/or|or)\b|,", re.IGNORECASE)
_AND = re.compile(r"\s+(?:and|&)\s+", re.IGNORECASE)
_EACH = re.compile(r",?\s+(?:and|&)\s+|,\s", re.IGNORECASE)

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
DROPPED = (  # as statements of a migration; `prepare` makes it anew
    "DROP TRIGGER IF EXISTS chunk_words_added",
    "DROP TRIGGER IF EXISTS chunk_words_removed",
    "DROP TABLE IF EXISTS chunk_words",
)
# CROSS JOIN keeps SQLite from going through all chunks to find those of the few documents that are not ready.
_HIDDEN = "SELECT c.rowid FROM documents d CROSS JOIN chunks c ON c.doc_id = d.doc_id WHERE d.state <> 'ready'"


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
    """The searchable copy with a blank around every character of a script that is written without them."""
    return _CHARACTER.sub(r" \1 ", searchable(text))


def expression(question: str, join: str = " OR ") -> str:
    """The question's content words and pairs of characters, any of them, as FTS5 reads it; '' where there are none."""
    terms = list(dict.fromkeys(_terms(searchable(question))))[:MOST_TERMS]
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


def ways(subject: str) -> list[list[str]]:
    """What a document may say to mention it: any of these, each with all of its parts.

    "rent or deposit" is mentioned by one of both, "rent and deposit" by both, if in different passages.
    """
    either = _OR.search(subject)
    return [
        [part.strip() for part in (_AND if either else _EACH).split(way) if part.strip()]
        for way in (_ANY.split(subject) if either else [subject])
        if way.strip()
    ]


def saying(
    db: sqlite3.Connection, question: str, doc_ids: Sequence[str] | None = None, pages: PageRange | None = None
) -> list[str]:
    """Of each ready document that mentions what is asked, in one of its `ways`, the id of the chunk that says most of
    it, the best document first; a part of a way is mentioned by a chunk with all its words."""
    allowed = condition(doc_ids, pages)
    best: dict[str, tuple[float, str]] = {}
    for way in ways(question):
        parts = [_best(db, expression(part, " AND "), -1, allowed) for part in way if expression(part)]
        everywhere = set.intersection(*({doc_id for _, doc_id, _ in part} for part in parts)) if parts else set()
        for chunk_id, doc_id, score in (found for part in parts for found in part):
            if doc_id in everywhere and score > best.get(doc_id, (-math.inf, ""))[0]:
                best[doc_id] = (score, chunk_id)
    return [chunk_id for _, chunk_id in sorted(best.values(), key=lambda one: -one[0])]


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
