"""What stands inside the boxes of a page, read by pdfminer: another reader than the one that made the boxes.

Coordinates are PDF user space, as the product's boxes are. Limit: pdfminer draws no glyphs, so it takes a letter to be
where the font's measures put it.
"""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path

from pdfminer.converter import PDFPageAggregator
from pdfminer.layout import LTChar, LTContainer
from pdfminer.pdfinterp import PDFPageInterpreter, PDFResourceManager
from pdfminer.pdfpage import PDFPage

from rag_chat.types import Box

JOINED = "\x00\x02\xad\ufffe\uffff-‐‑"  # hyphens, and what PDFium puts where it joins a word over a line's end
BULLET = "•"  # where a font does not have it, as code 127, pdfminer knows neither its name nor its width
UNNAMED = re.compile(r"\(cid:\d+\)")
SAME = 0.6  # points: the same letter so near to itself was drawn twice to look bold


class BoxReader:
    """One PDF. A page is read when it is first asked for."""

    def __init__(self, path: Path) -> None:
        self._pages = list(PDFPage.get_pages(io.BytesIO(path.read_bytes()), check_extractable=False))
        resources = PDFResourceManager()
        self._device = PDFPageAggregator(resources, laparams=None)
        self._interpreter = PDFPageInterpreter(resources, self._device)
        self._letters: dict[int, list[LTChar]] = {}  # by page, from 1

    def holds(self, page: int, boxes: Sequence[Box], quote: str) -> bool:
        """Whether the letters in the boxes of the page (from 1) are the quote's, blanks and hyphens aside."""
        wanted = fold(quote)
        return any(
            fold("".join(found)) == wanted for found in (self._in_order(page, boxes), self._in_lines(page, boxes))
        )

    def text(self, page: int, boxes: Sequence[Box]) -> str:
        """The letters in the boxes, line by line."""
        return "".join(self._in_lines(page, boxes))

    def _on(self, number: int) -> list[LTChar]:
        if number not in self._letters:
            page = self._pages[number - 1]
            page.rotate, page.mediabox = 0, (0, 0, page.mediabox[2], page.mediabox[3])  # user space, nothing turned
            self._interpreter.process_page(page)
            self._letters[number] = list(_once(_letters(self._device.get_result())))
        return self._letters[number]

    def _in_order(self, page: int, boxes: Sequence[Box]) -> list[str]:
        """As the file draws them."""
        return [it.get_text() for it in self._on(page) if any(_inside(box, it) for box in boxes)]

    def _in_lines(self, page: int, boxes: Sequence[Box]) -> list[str]:
        """Box by box, along its longer side."""
        found = []
        for box in boxes:
            inside = [it for it in self._on(page) if _inside(box, it)]
            upright = box[2] - box[0] >= box[3] - box[1]
            found += [it.get_text() for it in sorted(inside, key=lambda it: it.x0 if upright else it.y0)]
        return found


def fold(text: str) -> str:
    """Without blanks, hyphens and bullets; ligatures and other forms of a letter as the letter itself."""
    plain = unicodedata.normalize("NFKC", UNNAMED.sub(BULLET, text))
    return "".join(sign for sign in plain if not sign.isspace() and sign not in JOINED + BULLET)


def _letters(item: object) -> Iterator[LTChar]:
    if isinstance(item, LTChar):
        yield item
    elif isinstance(item, LTContainer):
        for part in item:
            yield from _letters(part)


def _once(letters: Iterator[LTChar]) -> Iterator[LTChar]:
    seen: set[tuple[str, int, int]] = set()
    for it in letters:
        key = (it.get_text(), round(it.x0 / SAME), round(it.y0 / SAME))
        if key not in seen:
            yield it
        seen.add(key)


def _inside(box: Box, letter: LTChar) -> bool:
    """Its middle lies within the box along the line; across it they share most of the smaller one's height, since the
    product's boxes keep to the ink (a full stop is low) and pdfminer's to the font."""
    upright = abs(letter.matrix[0]) >= abs(letter.matrix[1])
    along, across = (0, 1) if upright else (1, 0)
    low, high = max(box[across], letter.bbox[across]), min(box[across + 2], letter.bbox[across + 2])
    smaller = min(box[across + 2] - box[across], letter.bbox[across + 2] - letter.bbox[across])
    middle = (letter.bbox[along] + letter.bbox[along + 2]) / 2
    return bool(box[along] <= middle <= box[along + 2] and high - low > 0.5 * smaller)
