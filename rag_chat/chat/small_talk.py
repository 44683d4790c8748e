"""What is said without asking anything: thanks, a greeting, a lone question mark. Nothing is searched for it."""

from __future__ import annotations

from collections.abc import Sequence

from rag_chat import words
from rag_chat.types import Turn

REPLY = "Happy to help: ask in a few words what you want to know from your documents."
COURTESIES = frozenset(
    (
        "thanks thank thx ty cheers hello hi hey bye goodbye please sorry ok okay alright sure yes yeah yep no nope"
        " great good nice cool perfect wonderful excellent awesome wow hm hmm"
        " danke merci gracias grazie obrigado obrigada спасибо شكرا ありがとう ありがとうございます"
        " 谢谢 謝謝 감사합니다"
    ).split()
)
AROUND = frozenset(
    (
        "a all and answer answers day done evening for have help i it's lot morning much my night now oh really so"
        " that's the then there too very well you your"
    ).split()
)


def asks_nothing(question: str, history: Sequence[Turn]) -> bool:
    """Whether it holds no word at all, only courtesies, or, with nothing said before, one bare "Why?".

    "What is this about?" has no word that carries meaning either, but asks for something.
    """
    said = words.WORD.findall(question.lower().replace("’", "'"))
    if not said:
        return True
    if COURTESIES & set(said) and set(said) <= COURTESIES | AROUND:
        return True
    return not history and len(said) == 1 and said[0] in words.STOP


def heard(history: Sequence[Turn]) -> list[Turn]:
    """The turns that a later question may follow."""
    return [turn for turn in history if turn.answer != REPLY]
