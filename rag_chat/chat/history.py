"""Whether a question follows the one before, and how it reads joined to that one. No language model is asked."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag_chat import words
from rag_chat.chat import substitution
from rag_chat.chat.citations import MARKER
from rag_chat.chat.passages import OF_A_CODE
from rag_chat.sentences import split
from rag_chat.types import Answer, Turn

OPENERS = re.compile(r"^\s*(?:(?:and|but|so|what about|how about|what else|also)\b|why(?: not)?\W*$)", re.IGNORECASE)
EXISTS = re.compile(r"\b(?:is|are|was|were) there\b", re.IGNORECASE)  # this "there" stands for no place
WHY = re.compile(
    r"^\s*(?:(?:and|but|so)\s+)?(?:why(?: (?:is|was) (?:that|this|it))?(?: so)?|how come)\W*$", re.IGNORECASE
)
REASONS = frozenset("because since due owing thanks therefore thus hence reason".split())
SAID = 0.9  # of the last answer's words: a sentence that has so many says it again
PRONOUNS = frozenset("it its they them their theirs he him his she her hers one ones former latter".split())
POINTERS = PRONOUNS | frozenset("this that these those there".split())
PERSONS = frozenset("he him his she her hers".split())
COUNTING = frozenset("much many long often far".split())  # "how much" says nothing of what
FEWEST_STEMS = 3  # a question with fewer content words of its own, and no name, may be about something said before


def turn_of(answer: Answer) -> Turn:
    """What a later question may know of an answer."""
    cited = answer.citations[0].doc_id if answer.citations else ""
    return Turn(answer.question, answer.text, answer.standalone_question, cited)


def forms(question: str, history: Sequence[Turn], *, elsewhere: bool = False) -> tuple[str, ...]:
    """How the question may be meant: as it was asked, joined to what was said before, or, where that is in doubt, both.

    `elsewhere`: it names another document than the one that was spoken of.
    """
    joined = standalone(question, history)
    if joined == question:
        return (question,)
    return (joined,) if leans(question) and not elsewhere else (question, joined)


def standalone(question: str, history: Sequence[Turn]) -> str:
    """The question itself where it stands alone for sure, the one before with another year or name where it says no
    more than these, else behind the last one that did stand and the one before it: "When does the lease end?", "And the
    rent?", "How is that indexed?" are one question."""
    if not history or not needs_history(question):
        return question
    if changed := substitution.substituted(question, _put(history[-1])):
        return changed
    first = next((place for place in reversed(range(len(history))) if _stood(history[place])), 0)
    since = [turn.question for turn in history[first + 1 :] if _own(turn.question)]
    return " ".join(part.strip() for part in (_put(history[first]), *since[-1:], question))


def needs_history(question: str) -> bool:
    """Whether it leans on something said before, or has so few words of its own that it may."""
    if OPENERS.search(question):
        return True
    if words.names(question):
        return False
    return leans(question) or bool(PERSONS & set(_words(question))) or len(_own(question)) < FEWEST_STEMS


def read_for(question: str, searched: str) -> str:
    """What passages are read for: the question as it was asked, since joined to an earlier one that one's answer would
    be the best quote; "Why?" and "And in 2019?" say too little and are read as they were searched, and of a code "And
    what does that mean?" from where it was named."""
    if words.codes(searched) and OF_A_CODE.issuperset(words.content(question)):
        parts = [searched[start:end] for start, end in split(searched)]
        named = max((place for place, part in enumerate(parts) if words.codes(part)), default=0)
        return " ".join(parts[named:])
    return question if _own(question) and not substitution.only_names(question) else searched


def answers_why(question: str, history: Sequence[Turn], sentence: str) -> bool:
    """False for a sentence that says again what a bare "Why?" asks the reason of, and gives none."""
    if not history or not WHY.match(question):
        return True
    said = words.content(MARKER.sub("", history[-1].answer))
    again = words.coverage(said, words.content(sentence)) >= SAID
    return not again or bool(REASONS & set(_words(sentence)))


def leans(question: str) -> bool:
    """Whether it opens like a follow-up, points at something unnamed, or has no words of its own: nothing else can be
    meant."""
    if OPENERS.search(question) or not _own(question):
        return True
    found = _words(EXISTS.sub(" ", question))
    if _names_a_person(found):
        found = [word for word in found if word not in PERSONS]
    # "that" after a noun is a conjunction; near the start or at the end it stands for something.
    return bool(PRONOUNS & set(found) or POINTERS & set(found[:4]) or (found and found[-1] in POINTERS))


def _stood(turn: Turn) -> bool:
    """Whether it stood alone as it was asked, or was searched in other words that do."""
    if not turn.searched:
        return not needs_history(turn.question)
    return turn.searched == turn.question or not turn.searched.endswith(turn.question.strip())


def _put(turn: Turn) -> str:
    return turn.searched if turn.searched and _stood(turn) else turn.question


def _names_a_person(found: Sequence[str]) -> bool:
    """Whether a word of its own comes before "she", who may then be "the chair" of this very question."""
    first = next((place for place, word in enumerate(found) if word in PERSONS), 0)
    return bool(_own(" ".join(found[:first])))


def _words(question: str) -> list[str]:
    return [word.lower() for word in words.WORD.findall(question)]


def _own(question: str) -> set[str]:
    return set(words.content(question)) - COUNTING
