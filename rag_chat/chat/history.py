"""Makes a follow-up question stand alone, so that retrieval finds what it is about. No language model is asked."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag_chat import words
from rag_chat.types import Turn

OPENERS = re.compile(r"^\s*(?:and|but|so|what about|how about|why( not)?\??$|what else|and then|also)\b", re.IGNORECASE)
PRONOUNS = frozenset("it its they them their theirs he him his she her hers one ones former latter".split())
POINTERS = PRONOUNS | frozenset("this that these those there".split())
# "How much in total?", "In which year exactly?": they ask for something, but say nothing of what.
VAGUE = frozenset(
    map(
        words.stem,
        "much many long often far year month day date time amount number total exactly reason example details more"
        " please explain tell describe".split(),
    )
)


def standalone(question: str, history: Sequence[Turn]) -> str:
    """The question itself where it stands alone, else with the last question that did in front of it."""
    if not history or not needs_history(question):
        return question
    for turn in reversed(history):
        if not needs_history(turn.question):
            return f"{turn.question.rstrip()} {question.strip()}"
    return f"{history[-1].question.rstrip()} {question.strip()}"


def needs_history(question: str) -> bool:
    """Whether it opens like a follow-up, points at something unnamed, or has no words of its own.

    One word of its own is enough: an earlier question put before one that needs none is what gets answered instead.
    """
    if OPENERS.search(question):
        return True
    if words.names(question):
        return False
    found = [word.lower() for word in words.WORD.findall(question)]
    # "that" after a noun is a conjunction; near the start or at the end it stands for something.
    if PRONOUNS & set(found) or POINTERS & set(found[:4]) or (found and found[-1] in POINTERS):
        return True
    return all(word in VAGUE or word[0].isdigit() for word in words.content(question))
