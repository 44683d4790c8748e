"""Headings of a document that has no outline, by the size of their letters.

Knows lines and sizes only. A heading is a short line in letters clearly larger than the document's usual ones; the
larger, the higher its level. Limit: headings that are only bold are not seen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag_chat.sentences import HEADING_WORDS, is_row, readable
from rag_chat.types import Outline

LARGER = 1.15  # times the usual size
LEVELS = 3
LETTERS = (3, 120)  # of a heading
RUNNING_PAGES = 3  # what stands on so many pages is a running title
LEAST_PAGES = 0.2  # of the pages have a heading: a cover's large letters must not head the whole book
MOST_SHARE = 0.2  # of the lines: where more are large, size says nothing


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is not blank: its page, its place in the page's text, and the height of its letters in points."""

    page: int
    start: int
    text: str
    size: float


def outline(lines: Sequence[Line]) -> list[Outline]:
    """Entries in the order of the text, with their titles from the top level down; none where sizes say nothing."""
    usual = _usual(lines)
    large = [line for line in lines if _rounded(line.size) >= LARGER * usual]
    if not large or len(large) > MOST_SHARE * len(lines):
        return []
    headings = [line for line in _joined(large) if _is_heading(line.text)]
    pages = Counter(text for text, _ in {(heading.text, heading.page) for heading in headings})
    kept = [heading for heading in headings if pages[heading.text] < RUNNING_PAGES]
    if len({heading.page for heading in kept}) < LEAST_PAGES * len({line.page for line in lines}):
        return []
    levels = sorted({_rounded(heading.size) for heading in kept}, reverse=True)
    return list(_entries(kept, {size: min(level, LEVELS - 1) for level, size in enumerate(levels)}))


def _usual(lines: Sequence[Line]) -> float:
    """The size that most letters have."""
    letters: Counter[float] = Counter()
    for line in lines:
        letters[_rounded(line.size)] += len(line.text)
    return letters.most_common(1)[0][0] if letters else 0.0


def _rounded(size: float) -> float:
    return round(2 * size) / 2


def _joined(large: Sequence[Line]) -> Iterator[Line]:
    """Headings that go over several lines made one."""
    last: Line | None = None
    for line in large:
        follows = last is not None and line.page == last.page and _rounded(line.size) == _rounded(last.size)
        if last is not None and follows and line.start <= last.start + len(last.text) + 3:
            last = Line(last.page, last.start, f"{last.text} {line.text}", last.size)
            continue
        if last is not None:
            yield last
        last = line
    if last is not None:
        yield last


def _is_heading(text: str) -> bool:
    words = readable(text)
    if not LETTERS[0] <= len(words) <= LETTERS[1] or len(words.split()) > HEADING_WORDS or is_row(words):
        return False
    return any(c.isalpha() for c in words) and words[-1] not in ".,;"


def _entries(headings: Sequence[Line], levels: dict[float, int]) -> Iterator[Outline]:
    path: tuple[str, ...] = ()
    at: list[int] = []  # the levels of the path's titles
    for heading in headings:
        level = levels[_rounded(heading.size)]
        while at and at[-1] >= level:
            at.pop()
        at.append(level)
        path = (*path[: len(at) - 1], readable(heading.text))
        yield Outline(heading.page, heading.start, path)
