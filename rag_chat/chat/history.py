"""Makes a follow-up question stand alone, so that retrieval finds what it is about. No language model is asked."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag_chat import words
from rag_chat.types import Turn

OPENERS = re.compile(r"^\s*(?:and|but|so|what about|how about|why( not)?\??$|what else|and then|also)\b", re.IGNORECASE)
PRONOUNS = frozenset("it its they them their theirs he him his she her hers one ones former latter".split())
POINTERS = PRONOUNS | frozenset("this that these those there".split())
COUNTING = frozenset("much many long often far".split())  # "how much" says nothing of what
FEWEST_STEMS = 3  # a question with fewer content words of its own, and no name, is about something said before


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
    if words.names(question):
        return False
    found = [word.lower() for word in words.WORD.findall(question)]
    # "that" after a noun is a conjunction; near the start or at the end it stands for something.
    if PRONOUNS & set(found) or POINTERS & set(found[:4]) or (found and found[-1] in POINTERS):
        return True
    return len(set(words.content(question)) - COUNTING) < FEWEST_STEMS
