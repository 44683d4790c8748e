"""Cells that the file itself names: what office programs and browsers print says which of its text is in which cell of
which table (Tagged PDF, ISO 32000-1, 14.8.4.3.4). That is certain where the places of letters are not, of cells that
are centred upright or nearly touch.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_raw

from ingest.rows import Cell

MOST_ELEMENTS = 50_000  # of one page
_ROW = "TR\0".encode("utf-16-le")


class Tags:
    """The cells of a page; false where none are named. Cells are the innermost where tables are in tables."""

    def __init__(self, page: pdfium.PdfPage, glyphs: pdfium.PdfTextPage) -> None:
        self._glyphs, self._cells = glyphs, _marked_cells(page)

    def __bool__(self) -> bool:
        return bool(self._cells)

    def cells(self, places: Sequence[int]) -> list[Cell | None]:
        """Of the letters at these places of the text."""
        return [self._cells.get(_mark(self._glyphs, place)) for place in places]


def _mark(glyphs: pdfium.PdfTextPage, place: int) -> int:
    """Of the marked content that a letter belongs to; -1 of none."""
    drawn = pdfium_raw.FPDFText_GetTextObject(glyphs, place)
    return int(pdfium_raw.FPDFPageObj_GetMarkedContentID(drawn)) if drawn else -1


def _marked_cells(page: pdfium.PdfPage) -> Mapping[int, Cell]:
    tree = pdfium_raw.FPDF_StructTree_GetForPage(page)
    if not tree:
        return {}
    try:
        top = range(pdfium_raw.FPDF_StructTree_CountChildren(tree))
        return _cells_below([pdfium_raw.FPDF_StructTree_GetChildAtIndex(tree, i) for i in top])
    finally:
        pdfium_raw.FPDF_StructTree_Close(tree)


def _cells_below(elements: Sequence[Any]) -> dict[int, Cell]:
    """The cell of each marked content below these elements that is in one."""
    found = dict[int, Cell]()
    waiting: list[tuple[Any, Cell | None]] = [(element, None) for element in elements]
    for number in range(MOST_ELEMENTS):
        if not waiting:
            break
        element, within = waiting.pop()
        is_row = _is_row(element)
        for i in range(pdfium_raw.FPDF_StructElement_CountChildren(element)):
            cell = Cell(number, i) if is_row else within
            child = pdfium_raw.FPDF_StructElement_GetChildAtIndex(element, i)
            if child:
                waiting.append((child, cell))
            elif cell is not None:
                found[pdfium_raw.FPDF_StructElement_GetChildMarkedContentID(element, i)] = cell
    found.pop(-1, None)  # what is no marked content of this page
    return found


def _is_row(element: Any) -> bool:
    kind = ctypes.create_string_buffer(len(_ROW))
    return bool(pdfium_raw.FPDF_StructElement_GetType(element, kind, len(_ROW)) == len(_ROW) and kind.raw == _ROW)
