"""Which blanks of a page part the cells of a table: these become tabs, and a row that takes several lines one line.

A tab or blank stands in the place of one blank or line end, so that places in the text stay those of PDFium's letters.
Measured on 270 pages of nine documents: words are parted by at most .65 of the letters' height, cells by more than 1;
narrow justified columns have wider ones, but no edge in common with the lines next to them. Limits: a first cell that
takes several lines is cut there, cells that are centred upright are lines of their own, and what is written in another
direction than most of the page stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_raw

from rag_chat import turned
from rag_chat.sentences import is_row
from rag_chat.turned import Sides

GAP = 1.0  # of the letters' height, from the end of a word to the next one's beginning
ASIDE = 0.5  # of it, by which the lines of a cell may begin aside of each other
LINES = 1.8  # letters' heights from the foot of a line to that of the next one in the same cell
EDGE = 0.2  # of the letters' height, by which the cells of a column may differ at the side on which they are in line
MOST_CELLS = 60  # behind the first one of a row
NEAR = 4  # lines before and after, among which a cell's column is looked for
_BLANKS = re.compile(r"(?<=\S)(?<!\s[$€£¥(])[^\S\n]+(?=\S)(?![)%]+(?:\s|$))", re.MULTILINE)  # not within a figure
ITEM = re.compile(r"\W{1,3}|\(?(?:\w{1,3}|[ivxIVX]{1,5})[.)]|\d{1,2}(?:\.\d{1,2}){0,3}\.?")  # a bullet or a number


@dataclass(frozen=True, slots=True)
class _Letter:
    """The place of one on its page, held so that its lines run from left to right, in points."""

    left: float
    bottom: float
    right: float
    top: float

    @property
    def height(self) -> float:
        return self.top - self.bottom


class _Letters:
    """Those of a page, by their places in its text."""

    def __init__(self, glyphs: pdfium.PdfTextPage) -> None:
        self._page, self._turns, self._box = glyphs.raw, turned.quarter_turns(glyphs), pdfium_raw.FS_RECTF()

    def at(self, place: int) -> _Letter | None:
        """None for one that takes no room."""
        sides = self._sides(place)
        return _Letter(*sides) if sides else None

    def are_apart(self, before: int, after: int) -> bool:
        """Is the blank between these two a wide one? It is asked of every blank of a document."""
        one, other = self._sides(before), self._sides(after)
        if one is None or other is None or other[1] >= one[3] or other[3] <= one[1]:  # not beside each other
            return False
        return other[0] - one[2] > GAP * (one[3] - one[1])

    def _sides(self, place: int) -> Sides | None:
        box = self._box
        if not pdfium_raw.FPDFText_GetLooseCharBox(self._page, place, box) or box.top <= box.bottom:
            return None
        sides = (box.left, box.bottom, box.right, box.top)
        return turned.upright(sides, self._turns) if self._turns else sides


@dataclass(frozen=True, slots=True)
class _Cell:
    """What stands behind a wide blank at `place` in the text, up to the next one, from `left` to `right`."""

    place: int
    left: float
    right: float
    figure: bool

    def is_under(self, other: _Cell, aside: float) -> bool:
        """Are both in line, at the left, in the middle, or, of figures, at the right?"""
        sides = [(self.left, other.left), (self.left + self.right, other.left + other.right)]
        if self.figure or other.figure:
            sides.append((self.right, other.right))
        return any(abs(one - another) <= aside for one, another in sides)


@dataclass(slots=True)
class _Line:
    """A line that is not blank, from `start` on, its first letter, and its cells but for the first one."""

    start: int
    text: str
    first: _Letter
    cells: list[_Cell]


@dataclass(slots=True)
class _Row:
    """Where its cells but the first begin; the foot of its first line, and of the last one so far."""

    edges: list[float]
    first_foot: float
    foot: float

    def takes(self, line: _Line) -> bool:
        """Is the line the rest of the row, beside its first line, or one more of a cell behind the first?"""
        first, aside = line.first, ASIDE * line.first.height
        if first.left > max(self.edges) + aside:
            return abs(first.bottom - self.first_foot) <= aside
        in_line = any(abs(first.left - edge) <= aside for edge in self.edges)
        below = -aside < self.foot - first.bottom <= LINES * first.height
        words = any(map(str.isalpha, line.text)) and not line.cells and not is_row(line.text)
        return words and in_line and below


def parted(glyphs: pdfium.PdfTextPage, text: str) -> str:
    """The text with its tabs, as long as it was."""
    signs, row = list(text), None
    for line in _in_columns(list(_lines(_Letters(glyphs), text))):
        for cell in line.cells:
            signs[cell.place] = "\t"
        begins = [cell.left for cell in line.cells]
        if row is not None and row.takes(line):
            new = line.first.left > max(row.edges) + ASIDE * line.first.height
            signs[line.start - 1] = "\t" if new else " "
            row.edges += [line.first.left, *begins] if new else []
            row.foot = line.first.bottom
        else:
            row = _Row(begins, line.first.bottom, line.first.bottom) if begins else None
    return "".join(signs)


def _lines(letters: _Letters, text: str) -> Iterator[_Line]:
    start = 0
    for line in text.split("\n"):
        first = letters.at(start + len(line) - len(line.lstrip())) if line.strip() else None
        if first is not None:
            yield _Line(start, line, first, _cells(letters, line, start))
        start += len(line) + 1


def _cells(letters: _Letters, line: str, start: int) -> list[_Cell]:
    """What stands behind the wide blanks of a line, but for the text behind a bullet or number."""
    gaps: list[tuple[int, _Letter, _Letter]] = []
    indent = len(line) - len(line.lstrip())
    for gap in _BLANKS.finditer(line):
        if not letters.are_apart(start + gap.start() - 1, start + gap.end()):
            continue
        before, after = letters.at(start + gap.start() - 1), letters.at(start + gap.end())
        if before and after and not ITEM.fullmatch(line, indent, gap.start()):
            gaps.append((gap.start(), before, after))
    if not 0 < len(gaps) <= MOST_CELLS:
        return []
    last = letters.at(start + len(line.rstrip()) - 1)
    ends = [*(before for _, before, _ in gaps[1:]), last or gaps[-1][2]]
    stops = [*(place for place, _, _ in gaps[1:]), len(line)]
    return [
        _Cell(start + place, after.left, end.right, any(map(str.isdigit, line[place:stop])))
        for (place, _, after), end, stop in zip(gaps, ends, stops, strict=True)
    ]


def _in_columns(lines: Sequence[_Line]) -> Sequence[_Line]:
    """Without the cells of words that stand in no column: no cell of a line near by is in line with them."""
    found = [list(line.cells) for line in lines]
    for at, line in enumerate(lines):
        if not line.cells or is_row(line.text):
            continue
        places = (*range(max(0, at - NEAR), at), *range(at + 1, min(at + 1 + NEAR, len(lines))))
        near = [cell for place in places for cell in found[place]]
        begins = [lines[place].first.left for place in places]  # the cells before may be empty, or on lines above
        aside = EDGE * line.first.height
        line.cells = [
            cell
            for cell in line.cells
            if any(cell.is_under(other, aside) for other in near) or any(abs(cell.left - x) <= aside for x in begins)
        ]
    return lines
