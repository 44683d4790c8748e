"""What the file itself says of its text: office programs and browsers print which of it is in which cell of which
table, which is an item of a list, and which is a heading (Tagged PDF, ISO 32000-1, 14.8.4). That is certain where the
places and sizes of letters are not: of cells that are centred upright or nearly touch, of items whose bullets are drawn
and no letters, of headings that are only bold.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_raw

from ingest.rows import Cell
from rag_chat.sentences import item_sign

MOST_ELEMENTS = 50_000  # of one page
_LEVELS = {f"H{level}": level for level in range(1, 7)}
_LINE_END, _BULLETED, _BLANK_LINE = " \n", "\n•", "\n\n"
_LETTERS = 2  # of the kinds that are looked for


@dataclass(frozen=True, slots=True)
class Named:
    """A heading as the file names it: which of its page, and how deep."""

    number: int
    level: int


@dataclass(frozen=True, slots=True)
class _Mark:
    """What marked content is part of, the innermost where tables are in tables."""

    cell: Cell | None = None
    heading: Named | None = None
    item: int | None = None  # of its page


class Tags:
    """The cells and headings of a page."""

    def __init__(self, page: pdfium.PdfPage, glyphs: pdfium.PdfTextPage) -> None:
        self._page, self._marks = glyphs.raw, _marks(page)
        self.has_cells = any(mark.cell for mark in self._marks.values())

    def cells(self, places: Sequence[int]) -> list[Cell | None]:
        """Of the letters at these places of the text."""
        return [self._at(place).cell for place in places]

    def headings(self, text: str) -> tuple[Named | None, ...]:
        """For each line that is not blank the heading that it begins in."""
        if not any(mark.heading for mark in self._marks.values()):
            return ()
        found, start = list[Named | None](), 0
        for line in text.split("\n"):
            if line.strip():
                found.append(self._at(start + len(line) - len(line.lstrip())).heading)
            start += len(line) + 1
        return tuple(found)

    def with_items(self, text: str) -> str:
        """The text, as long as it was, with a bullet before each item that begins a line and has no sign of its own,
        and a blank line behind a list: else the lines of both would read as one sentence."""
        if not any(mark.item is not None for mark in self._marks.values()):
            return text
        signs, start = list(text), 0
        before, seen = _NONE, set[int]()
        for line in text.split("\n"):
            if line.strip():
                mark = self._at(start + len(line) - len(line.lstrip()))
                begins = mark.item is not None and mark.item not in seen and not item_sign(line)
                ends = mark.item is None and before.item is not None
                if (begins or ends) and text[start - 2 : start] == _LINE_END:
                    signs[start - 2 : start] = _BULLETED if begins else _BLANK_LINE
                seen |= {mark.item} if mark.item is not None else set()
                before = mark
            start += len(line) + 1
        return "".join(signs)

    def _at(self, place: int) -> _Mark:
        drawn = pdfium_raw.FPDFText_GetTextObject(self._page, place)
        return self._marks.get(pdfium_raw.FPDFPageObj_GetMarkedContentID(drawn), _NONE) if drawn else _NONE


_NONE = _Mark()


def _marks(page: pdfium.PdfPage) -> dict[int, _Mark]:
    """By the numbers of marked content; empty where the file says nothing."""
    tree = pdfium_raw.FPDF_StructTree_GetForPage(page)
    if not tree:
        return {}
    try:
        top = range(pdfium_raw.FPDF_StructTree_CountChildren(tree))
        return _marks_below([pdfium_raw.FPDF_StructTree_GetChildAtIndex(tree, i) for i in top])
    finally:
        pdfium_raw.FPDF_StructTree_Close(tree)


def _marks_below(elements: Sequence[Any]) -> dict[int, _Mark]:
    found = dict[int, _Mark]()
    waiting = [(element, _NONE) for element in elements]
    for number in range(MOST_ELEMENTS):
        if not waiting:
            break
        element, mark = waiting.pop()
        kind = _kind(element)
        if kind in _LEVELS:
            mark = replace(mark, heading=Named(number, _LEVELS[kind]))
        elif kind == "LI" and mark.cell is None:  # a row stays one line
            mark = replace(mark, item=number)
        for i in range(pdfium_raw.FPDF_StructElement_CountChildren(element)):
            inner = replace(mark, cell=Cell(number, i), item=None) if kind == "TR" else mark
            child = pdfium_raw.FPDF_StructElement_GetChildAtIndex(element, i)
            if child:
                waiting.append((child, inner))
            elif inner is not _NONE:
                found[pdfium_raw.FPDF_StructElement_GetChildMarkedContentID(element, i)] = inner
    found.pop(-1, None)  # what is no marked content of this page
    return found


def _kind(element: Any) -> str:
    """ "TR", "H1" and others of two letters; "" of more."""
    size = 2 * (_LETTERS + 1)  # UTF-16 and its end
    buffer = ctypes.create_string_buffer(size)
    if pdfium_raw.FPDF_StructElement_GetType(element, buffer, size) != size:
        return ""
    return buffer.raw[:-2].decode("utf-16-le", "replace")
