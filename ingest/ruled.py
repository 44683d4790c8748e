"""Cells that are drawn: a letter with a rule on each of its four sides is in the cell between them.

Tables with lines between their rows only, or their columns only, have none. Limits: rules within a form that is drawn
on the page are not seen; two tables side by side whose rows are as high share them.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
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
MOST_EDGES = 4000  # of a page; a plot or a map has more
MOST_OBJECTS = 20_000
FEWEST = 3  # rules each way, between which are two cells

_Floats = NDArray[np.float64]


class Rules:
    """The ruled cells of a page; false where it cannot have any."""

    def __init__(self, page: pdfium.PdfPage, glyphs: pdfium.PdfTextPage) -> None:
        self._page, self._turns, self._box = glyphs.raw, turned.quarter_turns(glyphs), pdfium_raw.FS_RECTF()
        edges = [turned.upright(edge, self._turns) for edge in _edges(page)]
        self._level = [(bottom, left, right) for left, bottom, right, top in edges if top - bottom < SHORTEST]
        self._plumb = [(left, bottom, top) for left, bottom, right, top in edges if right - left < SHORTEST]

    def __bool__(self) -> bool:
        return min(len(self._level), len(self._plumb)) >= FEWEST

    def cells(self, places: Sequence[int]) -> list[Cell | None]:
        """Of the letters at these places of the text."""
        middles = np.array([self._middle(place) for place in places]).reshape(-1, 2)
        columns = _between(np.array(self._plumb), middles[:, 0], middles[:, 1])
        rows = _between(np.array(self._level), middles[:, 1], middles[:, 0])
        return [
            Cell(row, column) if row is not None and column is not None else None
            for row, column in zip(rows, columns, strict=True)
        ]

    def _middle(self, place: int) -> tuple[float, float]:
        box = self._box
        pdfium_raw.FPDFText_GetLooseCharBox(self._page, place, box)
        left, bottom, right, top = turned.upright((box.left, box.bottom, box.right, box.top), self._turns)
        return (left + right) / 2, (bottom + top) / 2


def _between(rules: _Floats, at: _Floats, beside: _Floats) -> list[int | None]:
    """For each point a number of the two rules that it lies between, None where it lies outside. `rules` are rows of
    (place, begin, end), the points' coordinates are `at` across the rules and `beside` along them."""
    place, begin, end = rules.T
    passes = (begin - NEAR <= beside[:, None]) & (beside[:, None] <= end + NEAR)
    before = np.where(passes & (place <= at[:, None]), place, -np.inf).max(axis=1)
    after = np.where(passes & (place > at[:, None]), place, np.inf).min(axis=1)
    ordered = np.sort(place)
    lines = ordered[np.flatnonzero(np.diff(ordered, prepend=-np.inf) > NEAR)]  # the first rule of each line
    ends = np.searchsorted(lines, before, "right"), np.searchsorted(lines, after, "right")
    inside = np.isfinite(before) & np.isfinite(after)
    return [
        int(low * (len(lines) + 1) + high) if known else None for low, high, known in zip(*ends, inside, strict=True)
    ]


def _edges(page: pdfium.PdfPage) -> list[Sides]:
    """The straight sides of what is drawn, upright or level ones; none where there are too many."""
    found: list[Sides] = []
    drawn_at, kind, path = pdfium_raw.FPDFPage_GetObject, pdfium_raw.FPDFPageObj_GetType, pdfium_raw.FPDF_PAGEOBJ_PATH
    for i in range(min(pdfium_raw.FPDFPage_CountObjects(page), MOST_OBJECTS)):  # letters too, so thousands
        drawn = drawn_at(page.raw, i)
        if kind(drawn) == path:
            found += _straight(drawn)
            if len(found) > MOST_EDGES:
                return []
    return found


def _straight(path: Any) -> Iterator[Sides]:
    matrix = pdfium_raw.FS_MATRIX()
    pdfium_raw.FPDFPageObj_GetMatrix(path, matrix)
    x, y, first, last = ctypes.c_float(), ctypes.c_float(), (0.0, 0.0), (0.0, 0.0)
    for i in range(min(pdfium_raw.FPDFPath_CountSegments(path), MOST_EDGES)):
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
