"""Mends words that no document has, by the words that they do have: "notise peroid" finds what "notice period" would.

Every word one slip of the keyboard away (a letter too many, too few, another, two changed over; Norvig, "How to write a
spelling corrector", 2007) is made, brought to its stem as the word index does it, and looked up there; the word that
most chunks have is taken. A word that is whole in the encoder's vocabulary is no slip, whatever the documents say.
Knows Latin letters only.
"""

from __future__ import annotations

import re
import sqlite3
import string
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
    " ORDER BY known.doc DESC, stem.doc LIMIT 1"
)


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
    if len(word) < FEWEST_LETTERS or word.lower() in words.STOP or _known(db, [word]) is not None:
        return word
    tried = slips(word.lower())
    place = _known(db, tried)
    return word if place is None else tried[place]


def _known(db: sqlite3.Connection, tried: list[str]) -> int | None:
    """The place of the word that most chunks have."""
    db.execute("DELETE FROM temp.tried")
    db.executemany("INSERT INTO temp.tried(rowid, word) VALUES (?, ?)", enumerate(tried))
    found = db.execute(_KNOWN).fetchone()
    return None if found is None else int(found[0])
