"""Mends words that no document has, by the words that they do have: "notise peroid" finds what "notice period" would.

Every word one slip of the keyboard away (a letter too many, too few, another, two changed over; Norvig, "How to write a
spelling corrector", 2007) is made, brought to its stem as the word index does it, and looked up there; the word that
most chunks have is taken, as they write it: the index knows stems only, and "summerize" is one of "summer". A word that
is whole in the encoder's vocabulary is no slip, whatever the documents say. Knows Latin letters only.
"""

from __future__ import annotations

import re
import sqlite3
import string
import unicodedata
from collections.abc import Callable, Sequence

from rag_chat import words
from rag_chat.library.full_text import TOKENS

FEWEST_LETTERS = 5  # shorter words have too many neighbours
_WORD = re.compile(r"[^\W\d_]+")
_TABLES = (
    "CREATE VIRTUAL TABLE IF NOT EXISTS temp.vocabulary USING fts5vocab('main', 'chunk_words', 'row')",
    f"CREATE VIRTUAL TABLE IF NOT EXISTS temp.tried USING fts5(word, tokenize={TOKENS})",
    "CREATE VIRTUAL TABLE IF NOT EXISTS temp.stems USING fts5vocab('temp', 'tried', 'instance')",
)
_KNOWN = (
    "SELECT stem.doc FROM temp.stems stem JOIN temp.vocabulary known ON known.term = stem.term"
    " ORDER BY known.doc DESC, stem.doc"
)
_CHUNKS = (
    "SELECT heading, text FROM chunks WHERE rowid IN"
    " (SELECT rowid FROM chunk_words WHERE chunk_words MATCH ? ORDER BY rowid LIMIT ?)"
)
READ = 200  # chunks in which a word is looked for as it is written


def spelled(db: sqlite3.Connection, question: str, pieces: Callable[[Sequence[str]], list[int]]) -> str:
    """The question with its unknown words mended where one slip explains them; unchanged where nothing is to mend.

    `pieces` counts the word pieces of texts, as `Embedder.token_counts` does.
    """
    for table in _TABLES:
        db.execute(table)
    found = list(dict.fromkeys(_WORD.findall(question)))
    slipped = {word for word, count in zip(found, pieces(found), strict=True) if count > 1}
    return _WORD.sub(lambda match: _mended(db, match[0]) if match[0] in slipped else match[0], question)


def slips(word: str) -> list[str]:
    """Every word that one slip makes of this one; exchanges of neighbours, the most common slip, come first."""
    halves = [(word[:i], word[i:]) for i in range(len(word) + 1)]
    exchanged = [a + b[1] + b[0] + b[2:] for a, b in halves if len(b) > 1]
    shorter = [a + b[1:] for a, b in halves if b]
    other = [a + letter + b[1:] for a, b in halves if b for letter in string.ascii_lowercase]
    longer = [a + letter + b for a, b in halves for letter in string.ascii_lowercase]
    return [slip for slip in dict.fromkeys((*exchanged, *shorter, *longer, *other)) if slip != word]


def _mended(db: sqlite3.Connection, word: str) -> str:
    common = words.STOP | words.TASKS
    if len(word) < FEWEST_LETTERS or word.lower() in common or _known(db, [word]):
        return word
    tried = slips(word.lower())
    written = (_written(db, tried[place]) for place in _known(db, tried))
    return next((found for found in written if found), word)


def _known(db: sqlite3.Connection, tried: list[str]) -> list[int]:
    """The places of those whose stem the documents have, that of most chunks first."""
    db.execute("DELETE FROM temp.tried")
    db.executemany("INSERT INTO temp.tried(rowid, word) VALUES (?, ?)", enumerate(tried))
    return [int(row[0]) for row in db.execute(_KNOWN)]


def _written(db: sqlite3.Connection, word: str) -> str:
    """The word as the documents write it, or with an ending more ("guarantee", "guarantees"); "" for none."""
    rows = db.execute(_CHUNKS, (f'"{word}"', READ)).fetchall()
    there = {known for row in rows for part in row for known in _WORD.findall(part.lower())}
    forms = [word, *(word + ending for ending in words.ENDINGS)]
    found = [known for known in sorted(there) if _plain(known) in forms]
    return min(found, key=len, default="")


def _plain(word: str) -> str:
    """Without accents, as the index has it."""
    return "".join(letter for letter in unicodedata.normalize("NFD", word) if not unicodedata.combining(letter))
