"""Running headers, footers and watermarks: lines that stand, but for their numbers, on many pages.

They stay in the page's text; they only do not become part of a chunk, where they would be found and quoted as if they
said something. What is drawn on nearly all pages goes wherever it stands, all else only at a page's edges. A table's
rows stay, and so do the names of its columns, on whatever page they are printed anew. Limits: a header that changes
with every chapter is seen only where the chapter is long enough; a table without figures is not known as one.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from rag_chat.sentences import columns, is_row
from rag_chat.tables import HEADER_LINES, names_columns
from rag_chat.types import Page

EDGE_LINES = 4  # looked at from each edge of a page
FEWEST_PAGES = 3
MOST_TIMES = 2  # on one page, at its top and at its bottom; rows of a table differ by their numbers alone too
SHARE = 0.25  # of the pages; left and right pages often have different headers
MOST_STEP = 2  # by which a page number grows from page to page: two of paper may be printed on one
ALONG = 0.5  # of the steps from page to page are that small; the pages may be numbered anew now and then
NAMING = 0.5  # of the pages with a line that names columns have a row of figures below it
LEAST_BODY = 150  # characters that must be left of the first page: a cover is all header
_NUMBER = re.compile(r"\b(?:\d+|[ivxlc]+)\b")
_LINE = re.compile(r"[^\n]*\S[^\n]*")


@dataclass(frozen=True, slots=True)
class _Line:
    page: str
    start: int
    end: int

    @property
    def text(self) -> str:
        """Its blanks collapsed."""
        return " ".join(self.page[self.start : self.end].split())

    @property
    def shape(self) -> str:
        """With its numbers taken out, so that 'Page 7 of 20' is the same on every page."""
        return _NUMBER.sub("#", self.text.lower())


def bodies(pages: Sequence[Page]) -> list[tuple[int, int]]:
    """For each page the (start, end) of its text without running lines at the edges, which only pages of paper have."""
    if any(page.paragraph is not None for page in pages):
        return [(0, len(page.text)) for page in pages]
    sheets = [_lines(page.text) for page in pages]
    often = max(FEWEST_PAGES, SHARE * len(pages))
    running = _running(sheets, often)
    names = _names(sheets, running, often)
    return [
        _body(lines, running, names, LEAST_BODY if i == 0 else 1) or (0, len(pages[i].text))
        for i, lines in enumerate(sheets)
    ]


def _lines(text: str) -> list[_Line]:
    return [_Line(text, *match.span()) for match in _LINE.finditer(text)]


def _running(sheets: Sequence[Sequence[_Line]], often: float) -> set[str]:
    """The shapes of the lines that stand at the edges of many pages, with numbers that go along with the pages."""
    seen: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
    for number, lines in enumerate(sheets):
        edges = [(line.shape, line.text) for line in _edges(lines)]
        times = Counter(shape for shape, _ in edges)
        for shape, text in edges:
            if times[shape] <= MOST_TIMES:
                seen[shape].append((number, text))
    return {
        shape for shape, found in seen.items() if len({number for number, _ in found}) >= often and _go_along(found)
    }


def _go_along(found: Sequence[tuple[int, str]]) -> bool:
    """Do the numbers of a line stay or grow with the pages, as no column of figures does?"""
    numbers = [(page, [int(n) for n in re.findall(r"\d{1,9}", text)]) for page, text in found]
    steps = [
        all(0 <= b - a <= MOST_STEP * (later - page) for a, b in zip(of_one, of_next, strict=False))
        for (page, of_one), (later, of_next) in pairwise(numbers)
    ]
    return sum(steps) >= ALONG * len(steps)


def _names(sheets: Sequence[Sequence[_Line]], running: set[str], often: float) -> set[str]:
    """The texts that name the columns of a table wherever they stand at the top of a page; what stands above such names
    on any page is a title."""
    tops, naming, titles = Counter[str](), Counter[str](), set[str]()
    for lines in sheets:
        texts = [line.text for line in lines[: 2 * EDGE_LINES]]
        named = [names_columns(texts, i) for i in range(len(texts))]
        for i, line in enumerate(lines[:EDGE_LINES]):
            if line.shape not in running:
                break
            tops[texts[i]] += 1
            naming[texts[i]] += named[i]
            if not named[i] and any(named[i + 1 : i + 1 + HEADER_LINES]):
                titles.add(texts[i])
    return {text for text, n in tops.items() if n >= often and naming[text] >= NAMING * n} - titles


def _body(lines: Sequence[_Line], running: set[str], names: set[str], least: int) -> tuple[int, int] | None:
    """None where less than `least` characters would be left."""
    first, last = 0, len(lines)
    while first < min(EDGE_LINES, last) and lines[first].shape in running and lines[first].text not in names:
        first += 1
    while last > max(first, len(lines) - EDGE_LINES) and lines[last - 1].shape in running:
        if last > 1 and _continues(lines[last - 1].text, lines[last - 2].text):
            break
        last -= 1
    if first == last or lines[last - 1].end - lines[first].start < least:
        return None
    return lines[first].start, lines[last - 1].end


def _continues(line: str, above: str) -> bool:
    """Is it a row with as many figures as the row above it?"""
    return is_row(line) and is_row(above) and columns(line) == columns(above) > 1


def _edges(lines: Sequence[_Line]) -> Iterator[_Line]:
    yield from lines[:EDGE_LINES]
    yield from lines[max(EDGE_LINES, len(lines) - EDGE_LINES) :]
