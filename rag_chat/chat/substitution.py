"""A follow-up that only names another year, code or somebody else, as the earlier question with that in its place.

"What did Boeing earn in 2021?", "And Costco in 2018?": joined, both years and both names would be searched for. What is
replaced must stand as the new one does: "in France" takes the place of no "Boeing", and "2018" of no "2,000 euros".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from rag_chat import words

_YEAR = r"(?:19|20)\d\d(?![\w%]|[.,]\d)"
_CODE = r"(?!FY|CY)[A-Z]{1,4}-?\d+\b"
_WORD = r"[A-Z][\w&-]*"
_NAME = rf"{_WORD}(?: (?:& )?{_WORD})*"
_AUXILIARIES = frozenset("did do does has have had will can could must may".split())
_PREPOSITIONS = frozenset("in on at of for by from to with under since until during".split())
_BEFORE_YEARS = _PREPOSITIONS | frozenset("fiscal year calendar fy cy".split())
_MONTHS = "January February March April May June July August September October November December"
_MONTH_STEMS = frozenset(map(words.stem, _MONTHS.split()))
# Says when, not what: "at the end of fiscal 2023".
_WHEN = frozenset(map(words.stem, "end beginning start year fiscal calendar FY CY".split()))
_Find: TypeAlias = Callable[[str], list[tuple[str, int]]]  # names, or the like, with their places in a question
_ASKS = frozenset("why who whom whose where which when".split())


def only_names(question: str) -> bool:
    """Are a year, a code and a name all that it says?"""
    said, asks = set(words.content(question)), {word.lower() for word in words.WORD.findall(question)} & _ASKS
    parts = [part for find in (_years, _codes, _names) for part, _ in find(question)]
    there = {stem for part in parts for stem in words.content(part)}
    return bool(there) and not asks and all(word in there | _WHEN or word.lstrip("fcy") in there for word in said)


def substituted(question: str, earlier: str) -> str:
    """The earlier question with the later one's year, code and name; "" where it is not certain what these replace."""
    if not only_names(question):
        return ""
    text = earlier
    for find in (_years, _codes, _names):
        new, old = find(question), find(earlier)
        if len({part for part, _ in new}) > 1 or (new and len({part for part, _ in old}) != 1):
            return ""
        if find is _codes and len({re.match(r"[A-Z]+", code)[0] for code, _ in (*new, *old[:1])}) > 1:  # type: ignore[index]
            return ""
        if new and not all(_stands_alike(earlier, old[0][0], at, _before(question, new[0][1]), find) for _, at in old):
            return ""
        if new:
            text = re.sub(rf"(?:(?<![\w&])|(?<=FY|CY)){re.escape(old[0][0])}(?![\w&])", new[0][0], text)
    return text if text != earlier else ""


def _stands_alike(earlier: str, old: str, at: int, before_new: str, find: _Find) -> bool:
    """Does `old` stand at its place in the earlier question as the new one does in the later?"""
    before, after = _before(earlier, at), earlier[at + len(old) :]
    if find is _codes:
        return True
    if find is _years:
        return before.lower() in _BEFORE_YEARS or earlier[max(0, at - 2) : at] in ("FY", "CY")
    if re.match(r" \d", after) or (at == 0 and " " in old):  # "Duo 60"; the first word may be no part of the name
        return False
    if before_new in _PREPOSITIONS:
        return before == before_new
    return bool(re.match(r"['’]s\b", after)) or before.lower() in _AUXILIARIES


def _before(text: str, at: int) -> str:
    """The word before a place."""
    return next(reversed(text[:at].split()), "")


def _years(text: str) -> list[tuple[str, int]]:
    """With their places; one behind a month says a day or a month, too, which is not replaced."""
    found = re.finditer(rf"(?<![\w.,])(?:FY|CY)?({_YEAR})", text)
    return [(m[1], m.start(1)) for m in found if words.stem(_before(text, m.start()).lower()) not in _MONTH_STEMS]


def _codes(text: str) -> list[tuple[str, int]]:
    return [(m[0], m.start()) for m in re.finditer(rf"\b{_CODE}", text)]


def _names(text: str) -> list[tuple[str, int]]:
    """Runs of capitalised words with their places, without a title, and without the words that open a question, point
    at somebody or say when."""
    found = []
    for run in re.finditer(rf"(?<![\w&]){_NAME}", text):
        place, parts = run.start(), run[0].split()
        while parts and (parts[0].lower() in words.STOP or words.stem(parts[0].lower()) in _WHEN):
            place += len(parts.pop(0)) + 1
        name = " ".join(parts)
        if name and not any(map(str.isdigit, name)) and words.stem(name.lower()) not in _MONTH_STEMS:
            found.append((name, place))
    return found
