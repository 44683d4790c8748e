"""A follow-up that only names another year, code or somebody else, as the earlier question with that in its place.

"What did Boeing earn in 2021?", "And Costco in 2018?": joined, both years and both names would be searched for.
"""

from __future__ import annotations

import re

from rag_chat import words

_YEAR = re.compile(r"(?<![\w.,])(?:FY|CY)?((?:19|20)\d\d)(?![\w%]|[.,]\d)")
_CODE = re.compile(r"\b(?!FY|CY)[A-Z]{1,4}-?\d+\b")
_NAME = re.compile(r"[A-Z][\w&’'-]*(?: (?:& )?[A-Z][\w&’'-]*)*")
_POSSESSIVE = re.compile(r"['’]s?$")
_MONTHS = "January February March April May June July August September October November December"
# Says when, not what: "at the end of fiscal 2023".
_ASKS = frozenset("why who whom whose where which when".split())
_WHEN = frozenset(map(words.stem, f"end beginning start year fiscal calendar FY CY {_MONTHS}".split()))


def only_names(question: str) -> bool:
    """Are a year, a code and a name all that it says?"""
    said, asks = set(words.content(question)), {word.lower() for word in words.WORD.findall(question)} & _ASKS
    parts = (*_years(question), *_codes(question), *_names(question))
    there = {stem for part in parts for stem in words.content(part)}
    return bool(there) and not asks and all(word in there | _WHEN or word.lstrip("fcy") in there for word in said)


def substituted(question: str, earlier: str) -> str:
    """The earlier question with the later one's year, code and name; "" where it is not certain what these replace."""
    text = earlier if only_names(question) else ""
    for of, bounds in ((_years, r"\d"), (_codes, r"\w"), (_names, r"\w")):
        new, old = of(question), of(earlier)
        if len(new) > 1 or (new and len(old) != 1):
            return ""
        if new:
            text = re.sub(rf"(?<!{bounds}){re.escape(old[0])}(?!{bounds})", new[0].replace("\\", ""), text)
    return text if text != earlier else ""


def _years(text: str) -> list[str]:
    return list(dict.fromkeys(_YEAR.findall(text)))


def _codes(text: str) -> list[str]:
    return list(dict.fromkeys(_CODE.findall(text)))


def _names(text: str) -> list[str]:
    """Runs of capitalised words, each once, without those that open a question, point at somebody or say when."""
    found = []
    for run in _NAME.findall(text):
        parts = [word for word in run.split() if word.lower() not in words.STOP and words.stem(word) not in _WHEN]
        name = _POSSESSIVE.sub("", " ".join(part for part in parts if not any(map(str.isdigit, part))))
        if name:
            found.append(name)
    return list(dict.fromkeys(found))
