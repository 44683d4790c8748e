"""Cells that are drawn: a letter with a rule on each of its four sides is in the cell between them.

A rule is what is straight and long of a line or of a filled shape, and meets others; underlines and the bars of
fractions do not. Rows are of one table where their cells adjoin, and where another row is parted at one of their
places: boxes side by side and marked words are none. Tables with lines between their rows only, or their columns only,
have no cells. Limit: rules within a form that is drawn on the page are not seen.
"""

from __future__ import annotations

import ctypes
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_raw
from numpy.typing import NDArray

from ingest.rows import Cell
from rag_chat import turned
from rag_chat.turned import Sides

SHORTEST = 4.0  # points, of a rule: what is less is the thickness of one
NEAR = 1.5  # points, by which rules of one line may differ, or end before they meet another
ADJOINING = 6.0  # points between cells, at most: browsers leave some between borders
FEWEST = 3  # rules each way, between which are two cells
MOST_RULES = 1000  # each way; a plot or a map has more
MOST_OBJECTS, MOST_SEGMENTS = 20_000, 30_000  # of a page
AT_ONCE = 512  # letters, for each of which all rules are looked at

_Floats = NDArray[np.float64]
_Place = tuple[int, int]  # between which two lines of rules


class Rules:
    """The ruled cells of a page; false where it cannot have any."""

    def __init__(self, page: pdfium.PdfPage, glyphs: pdfium.PdfTextPage) -> None:
        self._page, self._turns, self._box = glyphs.raw, turned.quarter_turns(glyphs), pdfium_raw.FS_RECTF()
        edges = [turned.upright(edge, self._turns) for edge in _edges(page)]
        level = _rules((bottom, left, right) for left, bottom, right, top in edges if top - bottom < SHORTEST)
        plumb = _rules((left, bottom, top) for left, bottom, right, top in edges if right - left < SHORTEST)
        self._level, self._plumb = level[_meets(level, plumb)], plumb[_meets(plumb, level)]

    def __bool__(self) -> bool:
        return min(len(self._level), len(self._plumb)) >= FEWEST

    def cells(self, places: Sequence[int]) -> list[Cell | None]:
        """Of the letters at these places of the text."""
        middles = np.array([self._middle(place) for place in places]).reshape(-1, 2)
        columns = _between(self._plumb, middles[:, 0], middles[:, 1])
        rows = _between(self._level, middles[:, 1], middles[:, 0])
        return _in_tables(rows, columns, _lines(self._plumb))

    def _middle(self, place: int) -> tuple[float, float]:
        box = self._box
        pdfium_raw.FPDFText_GetLooseCharBox(self._page, place, box)
        left, bottom, right, top = turned.upright((box.left, box.bottom, box.right, box.top), self._turns)
        return (left + right) / 2, (bottom + top) / 2


def _in_tables(rows: Sequence[_Place | None], columns: Sequence[_Place | None], lines: _Floats) -> list[Cell | None]:
    """Cells of letters between these lines of rules; what of a row adjoins is a row of its own."""
    within = defaultdict[_Place, set[_Place]](set)
    for row, column in zip(rows, columns, strict=True):
        if row and column:
            within[row].add(column)
    parts, parted_at = dict[tuple[_Place, _Place], int](), dict[int, set[int]]()
    for row, found in within.items():
        reach = -np.inf
        for column in sorted(found):
            if lines[column[0]] > reach + ADJOINING:
                parted_at[len(parted_at)] = set()
            else:
                parted_at[len(parted_at) - 1].add(column[0])
            reach = lines[column[1]]
            parts[row, column] = len(parted_at) - 1
    shared = Counter(line for at in parted_at.values() for line in at)
    of_tables = {part for part, at in parted_at.items() if any(shared[line] > 1 for line in at)}
    numbers = {column: number for number, column in enumerate(sorted({column for _, column in parts}))}
    return [
        Cell(parts[row, column], numbers[column]) if row and column and parts[row, column] in of_tables else None
        for row, column in zip(rows, columns, strict=True)
    ]


def _between(rules: _Floats, at: _Floats, beside: _Floats) -> list[_Place | None]:
    """For each point the lines of the two rules that it lies between, None where it lies outside. The points'
    coordinates are `at` across the rules and `beside` along them."""
    place, begin, end = rules.T
    lines, found = _lines(rules), list[_Place | None]()
    for first in range(0, len(at), AT_ONCE):
        across, along = at[first : first + AT_ONCE, None], beside[first : first + AT_ONCE, None]
        passes = (begin - NEAR <= along) & (along <= end + NEAR)
        before = np.where(passes & (place <= across), place, -np.inf).max(axis=1)
        after = np.where(passes & (place > across), place, np.inf).min(axis=1)
        inside = np.isfinite(before) & np.isfinite(after)
        known = zip(np.searchsorted(lines, before), np.searchsorted(lines, after), inside, strict=True)
        found += [(int(low), int(high)) if is_known else None for low, high, is_known in known]
    return found


def _lines(rules: _Floats) -> _Floats:
    """The places that rules have, in order."""
    return np.unique(rules[:, 0])


def _rules(edges: Iterable[tuple[float, float, float]]) -> _Floats:
    """Rows of (place, begin, end): edges of one line, to which all get the first one's place, are one where they touch;
    none where there are too many."""
    found = list[tuple[float, float, float]]()
    line = list[tuple[float, float]]()
    place = -np.inf
    for at, begin, end in sorted(edges):
        if at > place + NEAR:
            found += [(place, *stretch) for stretch in _joined(line)]
            place, line = at, []
        line.append((begin, end))
    found += [(place, *stretch) for stretch in _joined(line)]
    return np.array(found if len(found) <= MOST_RULES else []).reshape(-1, 3)


def _joined(stretches: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    joined = list[tuple[float, float]]()
    for begin, end in sorted(stretches):
        if joined and begin <= joined[-1][1] + NEAR:
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((begin, end))
    return joined


def _meets(rules: _Floats, others: _Floats) -> NDArray[np.bool_]:
    """Which of the rules meet or cross two of the others?"""
    place, begin, end = (side[:, None] for side in rules.T)
    reached = (begin - NEAR <= others[:, 0]) & (others[:, 0] <= end + NEAR)
    reaching = (others[:, 1] - NEAR <= place) & (place <= others[:, 2] + NEAR)
    meets: NDArray[np.bool_] = (reached & reaching).sum(axis=1) >= 2
    return meets


def _edges(page: pdfium.PdfPage) -> list[Sides]:
    """The straight sides of what is drawn, upright or level ones; none where there is too much to look at."""
    found, left = list[Sides](), MOST_SEGMENTS
    drawn_at, kind, path = pdfium_raw.FPDFPage_GetObject, pdfium_raw.FPDFPageObj_GetType, pdfium_raw.FPDF_PAGEOBJ_PATH
    for i in range(min(pdfium_raw.FPDFPage_CountObjects(page), MOST_OBJECTS)):  # letters too, so thousands
        drawn = drawn_at(page.raw, i)
        if kind(drawn) == path:
            left -= pdfium_raw.FPDFPath_CountSegments(drawn)
            if left < 0:
                return []
            found += _straight(drawn)
    return found


def _straight(path: Any) -> Iterator[Sides]:
    matrix = pdfium_raw.FS_MATRIX()
    pdfium_raw.FPDFPageObj_GetMatrix(path, matrix)
    x, y, first, last = ctypes.c_float(), ctypes.c_float(), (0.0, 0.0), (0.0, 0.0)
    for i in range(pdfium_raw.FPDFPath_CountSegments(path)):
        segment = pdfium_raw.FPDFPath_GetPathSegment(path, i)
        pdfium_raw.FPDFPathSegment_GetPoint(segment, x, y)
        point = (
            matrix.a * x.value + matrix.c * y.value + matrix.e,
            matrix.b * x.value + matrix.d * y.value + matrix.f,
        )
        kind = pdfium_raw.FPDFPathSegment_GetType(segment)
        if kind == pdfium_raw.FPDF_SEGMENT_MOVETO:
            first = point
        elif kind == pdfium_raw.FPDF_SEGMENT_LINETO:
            yield from _edge(last, point)
            if pdfium_raw.FPDFPathSegment_GetClose(segment):
                yield from _edge(point, first)
        last = point


def _edge(one: tuple[float, float], other: tuple[float, float]) -> Iterator[Sides]:
    across, up = abs(one[0] - other[0]), abs(one[1] - other[1])
    if min(across, up) < NEAR and max(across, up) >= SHORTEST:
        yield min(one[0], other[0]), min(one[1], other[1]), max(one[0], other[0]), max(one[1], other[1])
