"""Rows and cells as the file itself names them: what office programs and browsers print says which text is in which
cell of which table (Tagged PDF, ISO 32000-1, 14.8.4.3.4).

That is certain where the places of letters are not: cells that are centred upright, cells that nearly touch. As in
`cells.py`, which reads what files do not name, a tab or blank takes the place of one blank or line end, and a row is
one line. A row whose text is not together on its page stays as it is. Limit: an empty cell has no place in the text.
"""

from __future__ import annotations

import ctypes
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_raw

from ingest.cells import ITEM

LONGEST = 600  # characters of a row: tables that lay out a page have whole paragraphs in their cells
MOST_ELEMENTS = 50_000  # of one page
_ROW = "TR\0".encode("utf-16-le")
_OPENS, _CLOSES = re.compile(r"[$€£¥(]+"), re.compile(r"[)%]+")  # cells that hold a part of a figure only


@dataclass(frozen=True, slots=True)
class _Cell:
    row: int
    number: int


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    start: int
    end: int
    cell: _Cell | None

    @property
    def row(self) -> int | None:
        return self.cell.row if self.cell else None


def parted(page: pdfium.PdfPage, glyphs: pdfium.PdfTextPage, text: str) -> str:
    """The text with its rows, as long as it was."""
    cells = _cells(page)
    if not cells:
        return text
    words = [
        _Word(match[0], match.start(), match.end(), cells.get(_mark(glyphs, match.start())))
        for match in re.finditer(r"\S+", text)
    ]
    rows = _rows(words)
    signs = list(text)
    for last, word in pairwise(words):
        if last.row in rows or word.row in rows:
            gap = text[last.end : word.start]
            signs[last.end : word.start] = _between(last, word, rows, gap).ljust(len(gap))
    return "".join(signs)


def _between(last: _Word, word: _Word, rows: Mapping[int | None, Mapping[_Cell | None, str]], gap: str) -> str:
    """What stands between two words of which one or both are in a row."""
    if last.row != word.row:
        return gap if "\n" in gap else "\n"
    one, other = rows[last.row][last.cell], rows[word.row][word.cell]
    return " " if last.cell == word.cell or _OPENS.fullmatch(one) or _CLOSES.fullmatch(other) else "\t"


def _rows(words: Sequence[_Word]) -> dict[int | None, dict[_Cell | None, str]]:
    """The texts of the cells of each row that is together on its page, and no item of a list."""
    runs = [(row, list(run)) for row, run in groupby(words, key=lambda word: word.row)]
    times = Counter(row for row, _ in runs)
    found = {}
    for row, run in runs:
        texts = [
            (cell, " ".join(word.text for word in part)) for cell, part in groupby(run, key=lambda word: word.cell)
        ]
        together = len(dict(texts)) == len(texts) > 1 and run[-1].end - run[0].start <= LONGEST
        if row is not None and times[row] == 1 and together and not (len(texts) == 2 and ITEM.fullmatch(texts[0][1])):
            found[row] = dict(texts)
    return found


def _mark(glyphs: pdfium.PdfTextPage, place: int) -> int:
    """Of the marked content that a letter belongs to; -1 of none."""
    drawn = pdfium_raw.FPDFText_GetTextObject(glyphs, place)
    return int(pdfium_raw.FPDFPageObj_GetMarkedContentID(drawn)) if drawn else -1


def _cells(page: pdfium.PdfPage) -> dict[int, _Cell]:
    """The cell of each marked content of the page that is in one, the innermost where tables are in tables."""
    tree = pdfium_raw.FPDF_StructTree_GetForPage(page)
    if not tree:
        return {}
    try:
        top = range(pdfium_raw.FPDF_StructTree_CountChildren(tree))
        return _marked([pdfium_raw.FPDF_StructTree_GetChildAtIndex(tree, i) for i in top])
    finally:
        pdfium_raw.FPDF_StructTree_Close(tree)


def _marked(elements: Sequence[Any]) -> dict[int, _Cell]:
    found = dict[int, _Cell]()
    waiting: list[tuple[Any, _Cell | None]] = [(element, None) for element in elements]
    for number in range(MOST_ELEMENTS):
        if not waiting:
            break
        element, within = waiting.pop()
        is_row = _is_row(element)
        for i in range(pdfium_raw.FPDF_StructElement_CountChildren(element)):
            cell = _Cell(number, i) if is_row else within
            child = pdfium_raw.FPDF_StructElement_GetChildAtIndex(element, i)
            if child:
                waiting.append((child, cell))
            elif cell is not None:
                found[pdfium_raw.FPDF_StructElement_GetChildMarkedContentID(element, i)] = cell
    return found


def _is_row(element: Any) -> bool:
    kind = ctypes.create_string_buffer(len(_ROW))
    return bool(pdfium_raw.FPDF_StructElement_GetType(element, kind, len(_ROW)) == len(_ROW) and kind.raw == _ROW)
