"""Running headers and footers: lines at a page's edge that stand, but for their numbers, on many pages.

They stay in the page's text; they only do not become part of a chunk, where they would be found and quoted as if they
said something. Limit: a header that changes with every chapter is seen only where the chapter is long enough.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from rag_chat.types import Page

EDGE_LINES = 4  # looked at from each edge of a page
FEWEST_PAGES = 3
MOST_TIMES = 2  # on one page, at its top and at its bottom; rows of a table differ by their numbers alone too
SHARE = 0.25  # of the pages; left and right pages often have different headers
LEAST_BODY = 150  # characters that must be left: a cover page is all header
_NUMBER = re.compile(r"\b(?:\d+|[ivxlc]+)\b")
_LINE = re.compile(r"[^\n]*\S[^\n]*")


def bodies(pages: Sequence[Page]) -> list[tuple[int, int]]:
    """For each page the (start, end) of its text without running lines at the edges, which only pages of paper have."""
    if any(page.paragraph is not None for page in pages):
        return [(0, len(page.text)) for page in pages]
    lines = [[match.span() for match in _LINE.finditer(page.text)] for page in pages]
    seen: Counter[str] = Counter()
    for page, spans in zip(pages, lines, strict=True):
        shapes = Counter(_shape(page.text[start:end]) for start, end in _edges(spans))
        seen.update(shape for shape, count in shapes.items() if count <= MOST_TIMES)
    often = max(FEWEST_PAGES, SHARE * len(pages))
    running = {shape for shape, count in seen.items() if count >= often}
    return [_body(page.text, spans, running) for page, spans in zip(pages, lines, strict=True)]


def _body(text: str, lines: Sequence[tuple[int, int]], running: set[str]) -> tuple[int, int]:
    first, last = 0, len(lines)
    while first < min(EDGE_LINES, last) and _shape(text[slice(*lines[first])]) in running:
        first += 1
    while last > max(first, len(lines) - EDGE_LINES) and _shape(text[slice(*lines[last - 1])]) in running:
        last -= 1
    if first == last or lines[last - 1][1] - lines[first][0] < LEAST_BODY:
        return 0, len(text)
    return lines[first][0], lines[last - 1][1]


def _edges(lines: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    yield from lines[:EDGE_LINES]
    yield from lines[max(EDGE_LINES, len(lines) - EDGE_LINES) :]


def _shape(line: str) -> str:
    """The line with its page number taken out, so that 'Page 7 of 20' is the same on every page."""
    return " ".join(_NUMBER.sub("#", line.lower()).split())
