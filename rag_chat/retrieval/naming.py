"""Which documents a question names: by words of their file names and titles that few other documents bear.

Asked of thirty annual reports what Acme earned in 2022, vectors find every company's earnings; the name of the file
knows better. File names glue and shorten words ("ACMETOOLS_2022Q4.pdf"), so a capitalised word of the question may be
the beginning of one of theirs, or its capitals their initials ("JnJ"), and a year may be written short ("FY22").
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rag_chat import document_name, words
from rag_chat.document_name import ENDING
from rag_chat.search_copy import searchable
from rag_chat.types import Document

FEWEST_LETTERS = 3  # of a word that may be the beginning of a longer one, and of one that counts at all
FEWEST_CAPITALS = 2
NAMED_BEST = 0.999  # of the shares: the documents that the question names and no others
TIME_SHARE = 0.5  # what a year or quarter counts beside a name
_PART = re.compile(r"(?:19|20)\d\d(?!\d)|q[1-4](?!\d)|[^\W\d_]+|\d+")
_YEAR = re.compile(
    r"(?<!\d)(?:fy|cy|q[1-4])?\s?['’]?((?:19|20)\d\d)(?!\d)|(?<![\w])(?:fy|cy)\s?['’]?(\d\d)(?!\d)", re.I
)
_QUARTER = re.compile(r"(?<![a-z])q([1-4])(?!\d)", re.I)
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


@dataclass(frozen=True, slots=True)
class _Name:
    """A document's file name and title, taken apart once: every question looks at all of them."""

    words: frozenset[str]
    running: str  # the words, each behind a blank
    letters: str  # their first letters, a blank for a number and between name and title

    @classmethod
    def of(cls, *lines: str) -> _Name:
        parts = [_parts(line) for line in lines]
        there = frozenset(word for line in parts for word in line)
        return cls(there, "".join(f" {word}" for word in sorted(there)), " ".join(map(_letters, parts)))


@dataclass(frozen=True, slots=True)
class Names:
    """The documents of a library by the words of their names."""

    named: dict[str, _Name]  # by document id

    @classmethod
    def of(cls, documents: Sequence[Document]) -> Names:
        return cls({d.doc_id: _Name.of(*map(searchable, _lines(d))) for d in documents})

    def shares(self, question: str) -> dict[str, float]:
        """For each document that the question names how much of a name that is, best 1; {} where it names none.

        A word counts by how few documents it may mean; a time says nothing without a name beside it, since half the
        library may be of that year.
        """
        asked = _asked(question)
        meant = {doc_id: asked.meaning(own) for doc_id, own in self.named.items()}
        documents = Counter(word for said in meant.values() for word in said)
        weights = {word: math.log(len(meant) / count) for word, count in documents.items()}
        found = {
            doc_id: sum(weights[word] * (TIME_SHARE if word in asked.times else 1.0) for word in said)
            for doc_id, said in meant.items()
            if any(weights[word] > 0 for word in said - asked.times)
        }
        best = max(found.values(), default=1.0)
        return {doc_id: score / best for doc_id, score in found.items()}


@dataclass(frozen=True, slots=True)
class _Asked:
    beginnings: frozenset[str]  # capitalised words, lower-cased
    initials: frozenset[str]
    times: frozenset[str]  # years and quarters

    def meaning(self, name: _Name) -> frozenset[str]:
        """Which of these the document's name and title say."""
        begun = {said for said in self.beginnings if f" {said}" in name.running}
        return (self.times & name.words) | begun | {said for said in self.initials if said in name.letters}


def _asked(question: str) -> _Asked:
    found = (word for word in _WORD.findall(question) if word[0].isupper() and word.lower() not in words.STOP)
    capitalised = [re.sub(r"['’]s?$", "", word) for word in found]
    years = {four or f"20{two}" for four, two in _YEAR.findall(question)}
    return _Asked(
        beginnings=frozenset(word.lower() for word in capitalised if len(word) >= FEWEST_LETTERS),
        initials=frozenset(capitals for word in capitalised if len(capitals := _capitals(word)) >= FEWEST_CAPITALS),
        # A report compares with the years before its own: of several years the latest is its.
        times=frozenset({max(years, default="")} | {f"q{quarter}" for quarter in _QUARTER.findall(question)}),
    )


def _lines(document: Document) -> tuple[str, ...]:
    """File name and title; a name like "scan0012" only where the title says as little."""
    if document_name.is_telling(document.name):
        return ENDING.sub("", document.name), document.title
    return (ENDING.sub("", document_name.called(document.name, document.title)),)


def _parts(name: str) -> tuple[str, ...]:
    return tuple(_PART.findall(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()))


def _letters(line: Sequence[str]) -> str:
    """The first letters of the words of a name, a blank for a number."""
    return "".join(word[0] if word.isalpha() else " " for word in line)


def _capitals(word: str) -> str:
    return "".join(letter for letter in word if letter.isupper()).lower()
