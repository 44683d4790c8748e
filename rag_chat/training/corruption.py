"""Text made false in one place: another number, another name, the opposite word, a turned sense, places changed.

Each function gives the changed text, or None where there is nothing to change. What comes out is read by nobody but a
network in training, so grammar may suffer. English only.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
NAME = re.compile(r"\b[A-Z][\w’'-]+(?:\s+(?:(?:of|the|de|von)\s+)?[A-Z][\w’'-]+)*")
MONTHS = "January February March April May June July August September October November December".split()
OPPOSITES = (
    "more/less most/least first/last before/after above/below increased/decreased increase/decrease rose/fell"
    " higher/lower highest/lowest larger/smaller largest/smallest north/south east/west northern/southern"
    " eastern/western early/late earlier/later earliest/latest many/few best/worst better/worse all/none always/never"
    " won/lost gain/loss gained/lost profit/loss maximum/minimum old/young older/younger oldest/youngest new/old"
    " north/south left/right positive/negative public/private allowed/forbidden accepted/rejected success/failure"
    " began/ended start/end started/ended opened/closed buy/sell bought/sold inside/outside with/without"
    " male/female strong/weak stronger/weaker million/billion thousand/million percent/points days/weeks months/years"
    " major/minor upper/lower internal/external import/export arrived/departed born/died legal/illegal"
    " common/rare possible/impossible likely/unlikely longest/shortest longer/shorter faster/slower"
).split()
_OPPOSITE = {a: b for pair in OPPOSITES for a, b in (pair.split("/"), pair.split("/")[::-1])}
_WORD = re.compile(r"[A-Za-z]+")
_VERB = re.compile(r"\b(is|are|was|were|did|does|do|can|could|has|have|had|will|would|should|may|must)\b", re.I)
_NOT = re.compile(r"\s+(?:not|never)\b|n['’]t\b")

Corruption = Callable[[str, random.Random], str | None]


def number(text: str, rng: random.Random) -> str | None:
    """One number becomes another of the same kind; a month counts as one."""
    months = [m for m in re.finditer(r"\b[A-Z][a-z]+\b", text) if m[0] in MONTHS]
    found = [*NUMBER.finditer(text), *months]
    if not found:
        return None
    match = rng.choice(found)
    if match[0] in MONTHS:
        return _put(text, match, rng.choice([m for m in MONTHS if m != match[0]]))
    digits = list(match[0])
    places = [i for i, digit in enumerate(digits) if digit.isdigit()]
    # A year is changed in its last two digits; the first digit of anything else may not become 0.
    places = places[-2:] if len(digits) == 4 == len(places) and digits[0] in "12" else places
    place = rng.choice(places)
    digits[place] = rng.choice([d for d in ("123456789" if place == 0 else "0123456789") if d != digits[place]])
    return _put(text, match, "".join(digits))


def name(text: str, others: Sequence[str], rng: random.Random) -> str | None:
    """One name becomes another one of `others` that the text does not hold."""
    found = [m for m in NAME.finditer(text) if m.start() > 0 or " " in m[0]]
    instead = [other for other in others if other not in text]
    return _put(text, rng.choice(found), rng.choice(instead)) if found and instead else None


def opposite(text: str, rng: random.Random) -> str | None:
    """One word becomes its opposite."""
    found = [m for m in _WORD.finditer(text) if m[0].lower() in _OPPOSITE]
    if not found:
        return None
    match = rng.choice(found)
    other = _OPPOSITE[match[0].lower()]
    return _put(text, match, other.capitalize() if match[0][0].isupper() else other)


def denial(text: str, rng: random.Random) -> str | None:
    """A negation put in, or the one that is there taken out."""
    if _NOT.search(text):
        return _NOT.sub("", text, count=1)
    found = list(_VERB.finditer(text))
    if not found:
        return None
    match = found[0]
    return f"{text[: match.end()]} {rng.choice(['not', 'never', 'not'])}{text[match.end() :]}"


def places(text: str, rng: random.Random) -> str | None:
    """Two names, or two numbers, change places."""
    for pattern in rng.sample([NAME, NUMBER], 2):
        found = list(pattern.finditer(text))
        pairs = [(a, b) for i, a in enumerate(found) for b in found[i + 1 :] if a[0] not in b[0] and b[0] not in a[0]]
        if pairs:
            a, b = rng.choice(pairs)
            return f"{text[: a.start()]}{b[0]}{text[a.end() : b.start()]}{a[0]}{text[b.end() :]}"
    return None


def names_in(text: str) -> list[str]:
    """Names that can stand in for others; words that only open a sentence are left out where they are single."""
    return [m[0] for m in NAME.finditer(text) if " " in m[0] or (m.start() > 1 and text[m.start() - 2] not in ".!?")]


def _put(text: str, match: re.Match[str], new: str) -> str:
    return f"{text[: match.start()]}{new}{text[match.end() :]}"
