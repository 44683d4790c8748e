"""Does a page hold text that is not to be seen on it: off the page, too small, not drawn, or in the paper's colour?

Such text is kept and can be cited, but people are told of it, as it may be there to steer an answer. Letters that
may be unseen are looked at in an image of the page, so that white words on a dark bar, or the text layer of a scan,
are no false alarm. Runs in the sandbox's worker only. Limit: a sample of the letters is looked at, so a hidden word
or two may be missed.
"""

from __future__ import annotations

import ctypes
import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

import pypdfium2.raw as pdfium_raw

if TYPE_CHECKING:
    import pypdfium2 as pdfium

Box: TypeAlias = tuple[float, float, float, float]

EVERY = 16  # so many characters are one sample
FEWEST = 2  # samples that make it more than an accident
SMALLEST_PT = 1.5
WHITE = 245  # of 255, all three colours
CONTRAST = 24  # of 255, between the lightest and the darkest pixel of a letter's place
MOST_PIXELS = 4_000_000
_NOT_DRAWN = (3, 7)  # render modes: neither filled nor stroked


def hides_text(page: pdfium.PdfPage, glyphs: pdfium.PdfTextPage, text: str) -> bool:
    gone, doubtful = 0, []
    bounds = page.get_cropbox()
    for place in _sampled(text):
        box = _box(glyphs, place)
        if box is None:
            continue
        if _is_off(box, bounds) or max(box[2] - box[0], box[3] - box[1]) < SMALLEST_PT:
            gone += 1
        elif _may_be_unseen(glyphs, place):
            doubtful.append(box)
    if gone < FEWEST and len(doubtful) >= FEWEST:
        gone += _without_contrast(page, doubtful)
    return gone >= FEWEST


def _sampled(text: str) -> Iterator[int]:
    """The first letter in each so many characters; blanks have no place of their own."""
    for start in range(0, len(text), EVERY):
        part = text[start : start + EVERY]
        yield from itertools.islice((start + i for i, sign in enumerate(part) if sign.isalnum()), 1)


def _box(glyphs: pdfium.PdfTextPage, place: int) -> Box | None:
    rectangle = pdfium_raw.FS_RECTF()
    if not pdfium_raw.FPDFText_GetLooseCharBox(glyphs, place, rectangle):
        return None
    return rectangle.left, rectangle.bottom, rectangle.right, rectangle.top


def _is_off(box: Box, bounds: Box) -> bool:
    return box[2] < bounds[0] or box[0] > bounds[2] or box[3] < bounds[1] or box[1] > bounds[3]


def _may_be_unseen(glyphs: pdfium.PdfTextPage, place: int) -> bool:
    found = pdfium_raw.FPDFText_GetTextObject(glyphs, place)
    if found and pdfium_raw.FPDFTextObj_GetTextRenderMode(found) in _NOT_DRAWN:
        return True
    colours = [ctypes.c_uint() for _ in range(4)]
    if not pdfium_raw.FPDFText_GetFillColor(glyphs, place, *colours):
        return False
    *rgb, alpha = (colour.value for colour in colours)
    return alpha == 0 or min(rgb) >= WHITE


def _without_contrast(page: pdfium.PdfPage, boxes: list[Box]) -> int:
    """How many of the places show one colour only."""
    width, height = page.get_size()
    if not 0 < width * height < MOST_PIXELS:
        return 0
    bitmap = page.render(scale=1, grayscale=True)
    to_pixel, picture = bitmap.get_posconv(page), bitmap.to_pil()
    return sum(_is_plain(picture, to_pixel, box) for box in boxes)


def _is_plain(picture: Any, to_pixel: Any, box: Box) -> bool:
    ax, ay = to_pixel.to_bitmap(box[0], box[1])
    bx, by = to_pixel.to_bitmap(box[2], box[3])
    place = min(ax, bx) - 1, min(ay, by) - 1, max(ax, bx) + 1, max(ay, by) + 1
    low, high = picture.crop(place).getextrema()
    return bool(high - low < CONTRAST)
