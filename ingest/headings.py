"""Headings of a document that has no outline, as the file names them or by the size of their letters.

Knows lines and what is said of them only. By size a heading is a short line in letters clearly larger than the
document's usual ones; the larger, the higher its level. Limit: headings that are neither named nor larger are not seen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ingest.tagged import Named
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
    """A line that is not blank: its page, its place in the page's text, the height of its letters in points, and the
    heading of its page that the file says it is."""

    page: int
    start: int
    text: str
    size: float
    named: Named | None = None


def outline(lines: Sequence[Line]) -> list[Outline]:
    """Entries in the order of the text, with their titles from the top level down: of the headings that are named, or
    of the large ones where these are more; none where neither says anything."""
    return max(_named(lines), _large(lines), key=len)


def _named(lines: Sequence[Line]) -> list[Outline]:
    named = [line for line in _joined([line for line in lines if line.named]) if _may_head(line.text)]
    return list(_entries([(line, line.named.level) for line in _without_running(named) if line.named]))


def _large(lines: Sequence[Line]) -> list[Outline]:
    usual = _usual(lines)
    large = [line for line in lines if _rounded(line.size) >= LARGER * usual]
    if not large or len(large) > MOST_SHARE * len(lines):
        return []
    kept = _without_running([line for line in _joined(large) if _is_heading(line.text)])
    if len({heading.page for heading in kept}) < LEAST_PAGES * len({line.page for line in lines}):
        return []
    levels = sorted({_rounded(heading.size) for heading in kept}, reverse=True)
    return list(_entries([(line, min(levels.index(_rounded(line.size)), LEVELS - 1)) for line in kept]))


def _without_running(headings: Sequence[Line]) -> list[Line]:
    pages = Counter(text for text, _ in {(heading.text, heading.page) for heading in headings})
    return [heading for heading in headings if pages[heading.text] < RUNNING_PAGES]


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
        follows = last is not None and line.page == last.page and line.named == last.named
        alike = last is not None and _rounded(line.size) == _rounded(last.size)
        if last is not None and follows and alike and line.start <= last.start + len(last.text) + 3:
            last = replace(last, text=f"{last.text} {line.text}")
            continue
        if last is not None:
            yield last
        last = line
    if last is not None:
        yield last


def _is_heading(text: str) -> bool:
    words = readable(text)
    return _may_head(text) and len(words.split()) <= HEADING_WORDS and not is_row(words) and words[-1] not in ".,;"


def _may_head(text: str) -> bool:
    words = readable(text)
    return LETTERS[0] <= len(words) <= LETTERS[1] and any(c.isalpha() for c in words)


def _entries(headings: Sequence[tuple[Line, int]]) -> Iterator[Outline]:
    """Of lines and their levels."""
    path: tuple[str, ...] = ()
    at: list[int] = []  # the levels of the path's titles
    for heading, level in headings:
        while at and at[-1] >= level:
            at.pop()
        at.append(level)
        path = (*path[: len(at) - 1], readable(heading.text))
        yield Outline(heading.page, heading.start, path)
