"""Running headers, footers and watermarks: lines that stand, but for their numbers, on many pages.

They stay in the page's text; they only do not become part of a chunk, where they would be found and quoted as if they
said something. What stands word for word on nearly all pages goes wherever it stands, all else only at a page's edges.
A table's rows stay, and so do the names of its columns, on whatever page they are printed anew. Limits: a header that
changes with every chapter is seen only where the chapter is long enough; a table without figures is not known as one.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from rag_chat.sentences import columns, is_row
from rag_chat.tables import HEADER_LINES, names_columns
from rag_chat.types import Page, Span

EDGE_LINES = 4  # looked at from each edge of a page
FEWEST_PAGES = 3
MOST_TIMES = 2  # on one page, at its top and at its bottom; rows of a table differ by their numbers alone too
SHARE = 0.25  # of the pages; left and right pages often have different headers
NEARLY_ALL = 0.8  # of the pages have a watermark
MARK_WORDS = 8  # or fewer; longer lines may be part of what the page says
MOST_MARKS = 2  # of a document; where more short lines are on nearly all pages, these are copies of one form
MOST_STEP = 2  # by which a page number grows from page to page: two of paper may be printed on one
ALONG = 0.5  # of the steps from page to page are that small; the pages may be numbered anew now and then
NAMING = 0.5  # of the pages with a line that names columns have a row of figures below it
LEAST_BODY = 150  # characters that must be left of the first page: a cover is all header
_NUMBER = re.compile(r"\b(?:\d+|[ivxlc]+)\b")
_LINE = re.compile(r"[^\n]*\S[^\n]*")


@dataclass(frozen=True, slots=True)
class Body:
    """A page's text with blanks in the place of its running lines, so that a place in it is one on the page."""

    text: str
    gone: tuple[tuple[int, int], ...] = ()  # in order

    def runs(self, span: Span) -> Iterator[Span]:
        """The parts of a span between running lines, without blanks at their ends."""
        start = span.start
        for gap_start, gap_end in (*self.gone, (span.end, span.end)):
            part = self.text[start : min(gap_start, span.end)]
            if part.strip():
                begin = start + len(part) - len(part.lstrip())
                yield replace(span, start=begin, end=begin + len(part.strip()))
            start = max(start, gap_end)


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


_Sheet = Sequence[_Line]


def bodies(pages: Sequence[Page]) -> list[Body]:
    """Each page without its running lines, which only pages of paper have."""
    if any(page.paragraph is not None for page in pages):
        return [Body(page.text) for page in pages]
    sheets = [_lines(page.text) for page in pages]
    often = max(FEWEST_PAGES, SHARE * len(pages))
    running = _running(sheets, often)
    names = _names(sheets, running, often)
    inner = [_inner(lines, running, names) for lines in sheets]
    marks = _marks(sheets, inner, often)
    left = [[line for line in lines if line.text not in marks] for lines in inner]
    if left and left[0] and left[0][-1].end - left[0][0].start < LEAST_BODY:
        left[0] = [line for line in sheets[0] if line.text not in marks]
    return [_body(page.text, lines, kept) for page, lines, kept in zip(pages, sheets, left, strict=True)]


def _body(text: str, lines: _Sheet, kept: _Sheet) -> Body:
    starts = {line.start for line in kept}
    gone = tuple((line.start, min(line.end + 1, len(text))) for line in lines if line.start not in starts)
    for start, end in gone:  # its line end too, or a sentence that runs around it would end there
        text = f"{text[:start]}{' ' * (end - start)}{text[end:]}"
    return Body(text, gone)


def _lines(text: str) -> list[_Line]:
    return [_Line(text, *match.span()) for match in _LINE.finditer(text)]


def _running(sheets: Sequence[_Sheet], often: float) -> set[str]:
    """The shapes of the lines that stand at the edges of many pages, with numbers that go along with the pages; all
    that many of them have, such as "Exhibit 7", is what they say."""
    seen: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
    for number, lines in enumerate(sheets):
        edges = [(line.shape, line.text) for line in _edges(lines)]
        times = Counter(shape for shape, _ in edges)
        for shape, text in edges:
            if times[shape] <= MOST_TIMES:
                seen[shape].append((number, text))
    standing = {shape: {number for number, _ in found} for shape, found in seen.items()}
    running = {shape for shape, on in standing.items() if len(on) >= often and _go_along(seen[shape])}
    full = {number for number, lines in enumerate(sheets) if any(line.shape not in running for line in lines)}
    return {shape for shape in running if 2 * len(standing[shape] & full) >= len(standing[shape])}


def _go_along(found: Sequence[tuple[int, str]]) -> bool:
    """Do the numbers of a line stay or grow with the pages, as no column of figures does?"""
    numbers = [(page, [int(n) for n in re.findall(r"\d{1,9}", text)]) for page, text in found]
    steps = [
        all(0 <= b - a <= MOST_STEP * (later - page) for a, b in zip(of_one, of_next, strict=False))
        for (page, of_one), (later, of_next) in pairwise(numbers)
    ]
    return sum(steps) >= ALONG * len(steps)


def _names(sheets: Sequence[_Sheet], running: set[str], often: float) -> set[str]:
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


def _inner(lines: _Sheet, running: set[str], names: set[str]) -> _Sheet:
    """The lines of a page without those that run at its edges."""
    first, last = 0, len(lines)
    while first < min(EDGE_LINES, last) and lines[first].shape in running and lines[first].text not in names:
        first += 1
    while last > max(first, len(lines) - EDGE_LINES) and lines[last - 1].shape in running:
        if last > 1 and _continues(lines[last - 1].text, lines[last - 2].text):
            break
        last -= 1
    return lines[first:last]


def _marks(sheets: Sequence[_Sheet], inner: Sequence[_Sheet], often: float) -> set[str]:
    """The short texts that stand on nearly all pages, on many of them between other lines, and that are neither a row
    nor the names of its columns; none where there are so many that the pages are copies of one form."""
    of_paper = max(FEWEST_PAGES, NEARLY_ALL * sum(bool(lines) for lines in sheets))
    between = _pages_with(inner)
    marks = {text for text, n in _pages_with(sheets).items() if n >= of_paper and between[text] >= often}
    marks = {text for text in marks if len(text.split()) <= MARK_WORDS and any(map(str.isalpha, text))}
    marks = {text for text in marks if not is_row(text)}
    naming = Counter[str]()
    for lines in sheets if marks else ():
        texts = [line.text for line in lines]
        naming.update({text for i, text in enumerate(texts) if text in marks and names_columns(texts, i)})
    marks = {text for text in marks if naming[text] < NAMING * between[text]}
    full = sum(any(line.text not in marks for line in lines) for lines in inner)
    return marks if len(marks) <= MOST_MARKS and full >= of_paper / 2 else set()


def _pages_with(sheets: Sequence[_Sheet]) -> Counter[str]:
    found = Counter[str]()
    for lines in sheets:
        found.update(text for text, n in Counter(line.text for line in lines).items() if n <= MOST_TIMES)
    return found


def _continues(line: str, above: str) -> bool:
    """Is it a row with as many figures as the row above it?"""
    return is_row(line) and is_row(above) and columns(line) == columns(above) > 1


def _edges(lines: _Sheet) -> Iterator[_Line]:
    yield from lines[:EDGE_LINES]
    yield from lines[max(EDGE_LINES, len(lines) - EDGE_LINES) :]
