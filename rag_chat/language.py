"""Whether a text is English, judged by its script and its little words; enough to warn, not to name the language.

A table or a list of names has no little words: it counts as undecided, so that no warning is given on a guess.
"""

from __future__ import annotations

import re

from rag_chat import words

_FOREIGN = frozenset(
    (
        "der die das den dem des ein eine einen und ist sind nicht mit für von zu auf wird werden war wie wann wo wer"
        " le la les un une et est sont dans pour par sur avec que qui des du au aux ne pas quand où quel quelle"
        " el los las del una y es son con por para en al se su cuándo dónde qué cuál cómo"
        " il lo gli che di da della nel per non sono quando dove chi"
        " o os as um uma e em do da no na não são com quem como"
        " het een van is niet zijn wat waar wie op te met och att det som är på av inte og ikke til"
    ).split()
) - frozenset("is as no was do per also in on an a so or".split())
_LATIN = re.compile(r"[A-Za-zÀ-ɏ]")
_LETTER = re.compile(r"[^\W\d_]")
FEWEST_WORDS = 3
OTHER_SCRIPT = 0.3  # of the letters
ENGLISH, FOREIGN = 0.15, 0.15  # shares of little words


def is_english(text: str) -> bool | None:
    """None where the text is too short, or has too few little words, to tell."""
    letters = _LETTER.findall(text)
    if len(letters) >= FEWEST_WORDS and sum(not _LATIN.match(letter) for letter in letters) > OTHER_SCRIPT * len(
        letters
    ):
        return False
    found = [word.lower() for word in words.WORD.findall(text) if _LETTER.match(word)]
    if len(found) < FEWEST_WORDS:
        return None
    english = sum(word in words.STOP for word in found) / len(found)
    foreign = sum(word in _FOREIGN for word in found) / len(found)
    if english >= ENGLISH and english >= foreign:
        return True
    return False if foreign >= FOREIGN else None
