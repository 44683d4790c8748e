"""Pages whose lines do not run from left to right: wide tables are printed sideways, scanners and phones turn pages.

PDFium orders what a page draws as it is seen, from above to below and from left to right. Where lines are seen to run
downwards, the last one comes first; where they stand on their head, the last cell of each. Its letters' indexes are the
places in the text, so whoever asks for a page's letters gets them from here.
"""

from __future__ import annotations

import math
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pypdfium2 import PdfPage, PdfTextPage

Sides = tuple[float, float, float, float]  # left, bottom, right, top

SAMPLE = 64  # letters of a page that are asked how they stand
_QUARTER = math.pi / 2


@contextmanager
def letters(page: PdfPage) -> Iterator[PdfTextPage]:
    """The letters of a page in reading order, closed afterwards; raises PdfiumError where PDFium cannot read them."""
    text, turned = page.get_textpage(), page.get_rotation()
    upright = -90 * quarter_turns(text) % 360
    if turned != upright:
        text.close()
        page.set_rotation(upright)
        text = page.get_textpage()
        page.set_rotation(turned)
    try:
        yield text
    finally:
        text.close()


def quarter_turns(text: PdfTextPage) -> int:
    """How most of the letters are turned on their page, clockwise, the page itself not being turned: 0 to 3."""
    import pypdfium2.raw as pdfium

    count = text.count_chars()
    sample = range(0, count, max(1, count // SAMPLE))
    seen = (i for i in sample if not chr(min(pdfium.FPDFText_GetUnicode(text, i), 0x10FFFF)).isspace())
    angles = (pdfium.FPDFText_GetCharAngle(text, i) for i in seen)
    turns = Counter(round(angle / _QUARTER) % 4 for angle in angles if angle >= 0)  # below 0: not known
    return turns.most_common(1)[0][0] if turns else 0


def upright(sides: Sides, turns: int) -> Sides:
    """A box on the page as it lies once the page is held so that print turned by so many quarters can be read."""
    for _ in range(turns):
        left, bottom, right, top = sides
        sides = (-top, left, -bottom, right)
    return sides
