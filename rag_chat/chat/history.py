"""Makes a follow-up question stand alone, so that retrieval finds what it is about. No language model is asked."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag_chat import words
from rag_chat.types import Turn

OPENERS = re.compile(r"^\s*(?:and|but|so|what about|how about|why( not)?\??$|what else|and then|also)\b", re.IGNORECASE)
POINTERS = frozenset(
    "it its they them their theirs he him his she her hers this that these those there one ones former latter".split()
)
FEWEST_STEMS = 2  # a question with fewer content words of its own is about something said before


def standalone(question: str, history: Sequence[Turn]) -> str:
    """The question itself where it stands alone, else with the last question that did in front of it."""
    if not history or not needs_history(question):
        return question
    for turn in reversed(history):
        if not needs_history(turn.question):
            return f"{turn.question.rstrip()} {question.strip()}"
    return f"{history[-1].question.rstrip()} {question.strip()}"


def needs_history(question: str) -> bool:
    """Whether it opens like a follow-up, points at something unnamed, or has hardly any words of its own."""
    if OPENERS.search(question):
        return True
    found = [word.lower() for word in words.WORD.findall(question)]
    # "that" after a noun is a conjunction; a pointer near the start or at the end stands for something.
    if POINTERS & set(found[:4]) or (found and found[-1] in POINTERS):
        return not words.names(question)
    return len(set(words.content(question))) < FEWEST_STEMS
