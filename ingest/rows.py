"""Rows of tables whose cells are known, from what the file names (`tagged.py`) or from its rules (`ruled.py`): each is
made one line, its cells parted by tabs.

As in `cells.py`, which reads what is neither named nor ruled, a tab or blank takes the place of one blank or line end.
A row whose text is not together on its page stays as it is. Limit: an empty cell has no place in the text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from ingest.cells import ITEM
from rag_chat.sentences import split

FEWEST = 2  # rows of a page: what is alone is a form's field or the legend of a plot
LONGEST = 600  # characters of a row: tables that lay out a page have whole paragraphs in their cells
_WORDS, _KERNEL = re.compile(r"\S+"), re.compile(r"[^\W_](?:.*[^\W_])?")
_OPENS, _CLOSES = re.compile(r"[$€£¥(]+"), re.compile(r"[)%]+")  # cells that hold a part of a figure only
_ENDS = re.compile(r"[.!?]\s")  # most cells have none, which is known sooner
_TO = {"-", "–"}  # between two figures that are near each other; "1.35 - 1.42" is a range


@dataclass(frozen=True, slots=True)
class Cell:
    """Two words are in one cell, or row, where these numbers are the same."""

    row: int
    column: int


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    start: int
    end: int
    cell: Cell | None  # None too where its ends are in different ones: a rule that it runs across parts nothing

    @property
    def row(self) -> int | None:
        return self.cell.row if self.cell else None


_Rows = Mapping[int | None, Mapping[Cell | None, str]]  # the text of each cell


def parted(text: str, cells_of: Callable[[Sequence[int]], Sequence[Cell | None]], *, certain: bool) -> str:
    """The text with its rows, as long as it was; `cells_of` gives the cells of the letters at some places. Where these
    are not certain, some must be parted by more than a blank: marked words of lines of prose are no cells."""
    found = list(_WORDS.finditer(text))
    known = iter(cells_of([place for match in found for place in _ends(match)]))
    words = [
        _Word(match[0], *match.span(), begin if begin == end else None)
        for match, begin, end in zip(found, known, known, strict=True)
    ]
    rows = _together(words)
    gaps = [(before, word, text[before.end : word.start]) for before, word in pairwise(words)]
    apart = any(gap != " " for before, word, gap in gaps if before.row in rows and before.row == word.row)
    if len(rows) < FEWEST or not (certain or apart):
        return text
    signs = list(text)
    for before, word, gap in gaps:
        if before.row in rows or word.row in rows:
            signs[before.end : word.start] = _between(before, word, rows, gap).ljust(len(gap))
    return "".join(signs)


def _ends(word: re.Match[str]) -> tuple[int, int]:
    """Its first and last letter or digit: the bracket behind a figure often hangs over into the next cell."""
    kernel = _KERNEL.search(word[0])
    first, last = kernel.span() if kernel else (0, len(word[0]))
    return word.start() + first, word.start() + last - 1


def _between(before: _Word, word: _Word, rows: _Rows, gap: str) -> str:
    """What stands between two words of which one or both are in a row; a wide blank on one line stays what it is."""
    if "\t" in gap:
        return gap
    if before.row != word.row:
        return gap if "\n" in gap or not (before.row in rows and word.row in rows) else "\n"
    one, other = rows[before.row][before.cell], rows[word.row][word.cell]
    within = _OPENS.fullmatch(one) or _CLOSES.fullmatch(other) or (gap == " " and {one, other} & _TO)
    return " " if before.cell == word.cell or within else "\t"


def _together(words: Sequence[_Word]) -> _Rows:
    """The rows that are together on their page, and no items of a list or pieces of prose side by side."""
    runs = [(row, list(run)) for row, run in groupby(words, key=lambda word: word.row)]
    times = Counter(row for row, _ in runs)
    found = dict[int | None, dict[Cell | None, str]]()
    for row, run in runs:
        texts = [
            (cell, " ".join(word.text for word in part)) for cell, part in groupby(run, key=lambda word: word.cell)
        ]
        together = len(dict(texts)) == len(texts) > 1 and run[-1].end - run[0].start <= LONGEST
        if row is not None and times[row] == 1 and together and sum(map(_goes_on, dict(texts).values())) < 2:
            found[row] = dict(texts)
    if all(len(texts) == 2 for texts in found.values()):
        return {row: texts for row, texts in found.items() if not ITEM.fullmatch(next(iter(texts.values())))}
    return found


def _goes_on(text: str) -> bool:
    """Does another sentence follow in it? Where that is so of two cells these are pieces of prose, side by side."""
    return bool(_ENDS.search(text)) and len(split(text)) > 1
