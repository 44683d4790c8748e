"""What of a sentence must be found again in a quote: its content words, numbers and names, however they are written.

Chinese, Japanese, Korean, Thai, Lao, Khmer and Burmese write few blanks or none. There each pair of neighbouring
characters counts as a word, within what is written in one script: 賃料は has the word 賃料 and the particle は.
"""

from __future__ import annotations

import functools
import re
from collections import defaultdict
from collections.abc import Iterable

from rag_chat.search_copy import searchable

WORD = re.compile(r"[^\W_]+(?:['’.,][^\W_]+)*")
_SCRIPTS = ("々〆〇㐀-䶿一-鿿豈-﫿", "ぁ-ゟ", "ァ-ヺー-ヿ", "가-힣", "ก-๎", "ກ-ໟ", "ក-៓", "က-႟")
_UNSPACED = re.compile(f"[{''.join(_SCRIPTS)}]")
_PARTS = re.compile(f"{'|'.join(f'[{script}]+' for script in _SCRIPTS)}|[^{''.join(_SCRIPTS)}]+")
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_CODE = re.compile(r"\b(?!(?i:fy|cy))([A-Za-z]{1,4})-?(\d{2,})\b")
NAME = re.compile(r"(?<![.!?:]\s)(?<!^)\b[A-Z][\w’'-]+")
STOP = frozenset(
    (
        "a about above after all also an and any are as at be been before being below between both but by can could"
        " did do does during each for from further had has have he her here him his how i if in into is it its itself"
        " may me might more most must my of on once only or other our out over own same shall she should so some such"
        " than that the their them then there these they this those through to too under until up was we were what"
        " when where which while who whom whose why will with would you your"
        " は が を に の へ と も で や か 的 了 是 在"
    ).split()
)
# What one asks of a document as a whole: no document needs to know these words.
TASKS = frozenset(
    (
        "summary summaries summarise summarize summarised summarized summarises summarizes summarising summarizing"
        " summarisation summarization overview tldr outline recap gist nutshell highlights takeaway takeaways"
    ).split()
)
NEGATIONS = frozenset("no not never none neither nor without cannot n't".split())
ENDINGS = ("ization", "ations", "ation", "ingly", "edly", "ings", "ing", "ies", "ed", "es", "ly", "s")


def content(text: str) -> list[str]:
    """Stems of the words that carry meaning, numbers as plain digits."""
    return [stem(word) for word in parted(searchable(text)) if word.lower() not in STOP]


def parted(text: str) -> list[str]:
    """Its words in order."""
    found: list[str] = WORD.findall(text)
    if text.isascii() or not _UNSPACED.search(text):
        return found
    return [word for run in found for part in _PARTS.findall(run) for word in _pairs(part)]


def length(text: str) -> int:
    """How many words it has between blanks; two characters of a script without blanks make one."""
    if text.isascii():
        return len(text.split())
    rest, characters = _UNSPACED.subn(" ", text)
    return len(rest.split()) + characters // 2


def numbers(text: str) -> set[str]:
    """Numbers without grouping commas and trailing zeros: '1,250.50' and '1250.5' are the same."""
    return {plain_number(number) for number in NUMBER.findall(searchable(text))}


def names(text: str) -> set[str]:
    """Capitalised words that do not open a sentence, as the same stems that `content` gives: 'Coca-Cola' is two."""
    found = (word for name in NAME.findall(searchable(text)) for word in WORD.findall(name))
    return {stem(word) for word in found if word.lower() not in STOP}


def codes(text: str) -> dict[str, set[str]]:
    """Numbers that letters begin, by these letters: {"e": {"163"}} of "What does E163 mean?". A year ("FY22") is none:
    another one beside it may be what it is compared with."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for letters, number in _CODE.findall(searchable(text)):
        found[letters.lower()].add(number)
    return found


def negated(text: str) -> bool:
    words = searchable(text).lower().replace("’", "'").replace("n't", " n't").split()
    return any(word.strip(".,;:") in NEGATIONS for word in words)


def word_for_word(sentence: str, quote: str) -> bool:
    """Whether the quote holds the sentence's words in their order, under no other negation."""
    said, there = (" ".join(parted(searchable(text).lower())) for text in (sentence, quote))
    return bool(said) and f" {said} " in f" {there} " and negated(sentence) == negated(quote)


@functools.lru_cache(maxsize=100_000)  # documents repeat their words
def stem(word: str) -> str:
    """A light suffix stripper: enough for 'increases' to meet 'increased', cheap enough to run on every word."""
    if word[0].isdigit():
        return plain_number(word)
    word = word.lower().replace("’", "'").removesuffix("'s")
    for ending in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word.removesuffix(ending)
    return word.removesuffix("e") if len(word) > 4 else word


def coverage(sentence: Iterable[str], quote: Iterable[str]) -> float:
    """Share of the sentence's distinct stems that the quote has; 0 for a sentence without any."""
    wanted, there = set(sentence), set(quote)
    return len(wanted & there) / len(wanted) if wanted else 0.0


def plain_number(number: str) -> str:
    number = number.replace(",", "")
    if number.count(".") == 1:
        number = number.rstrip("0").rstrip(".")
    return number


def _pairs(part: str) -> list[str]:
    if len(part) < 3 or not _UNSPACED.match(part):
        return [part]
    return [part[i : i + 2] for i in range(len(part) - 1)]
