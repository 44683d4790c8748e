"""What an encoder reads in front of a chunk: which document, which section. A table says neither by itself."""

from __future__ import annotations

from collections.abc import Sequence

from rag_chat import document_name, words
from rag_chat.document_name import ENDING
from rag_chat.search_copy import searchable
from rag_chat.types import Candidate

SHARED = 0.8  # of the titles: a word that stands in so many tells their passages apart no longer
FEWEST_LEFT = 2  # content words that a question keeps
LONGEST_NAME, LONGEST_HEADING = 60, 100  # characters


def line(document: str, heading: str) -> str:
    """'PFIZER 2021 10K | Item 7 > Revenues'; '' where neither is known."""
    stem = ENDING.sub("", document).replace("_", " ")
    parts = (" ".join(stem.split())[:LONGEST_NAME], heading[:LONGEST_HEADING])
    return searchable(" | ".join(part for part in parts if part))


def before(document: str, heading: str, text: str) -> str:
    """The text as an encoder reads it: its searchable copy, its line in front."""
    front = line(document, heading)
    return f"{front}\n{searchable(text)}" if front else searchable(text)


def of(candidate: Candidate) -> str:
    """The candidate's text as an encoder reads it."""
    name = document_name.called(candidate.document, candidate.title)
    return before(name, candidate.chunk.heading, candidate.chunk.text)


def within(question: str, titles: Sequence[str]) -> str:
    """The question without the words that nearly every candidate's document bears in its title.

    Asked of one company's report, the company's name is no clue: a passage that repeats the name would beat the one
    that answers. Given back unchanged where hardly anything would be left.
    """
    borne = [set(words.content(title)) for title in titles]
    asked = set(words.content(question))
    dropped = {stem for stem in asked if borne and sum(stem in stems for stems in borne) >= SHARED * len(borne)}
    if not dropped or len(asked - dropped) < FEWEST_LEFT:
        return question
    kept = words.WORD.sub(lambda found: "" if _is_among(found[0], dropped) else found[0], question)
    return " ".join(kept.split())


def _is_among(run: str, dropped: set[str]) -> bool:
    """All its words; where no blanks are written, a run has several."""
    stems = set(words.content(run))
    return bool(stems) and stems <= dropped
