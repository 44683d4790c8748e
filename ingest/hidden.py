"""Is a page's text to be seen on it: is any of it off the page, too small, not drawn, or in the colour behind it?

Such text is kept and can be cited, but people are told of it, as it may be there to steer an answer. Letters that
may be unseen are looked at in an image of the page, so that white words on a dark bar are no false alarm. Where most
letters are not drawn and something else shows in their places, they are the text layer of a scan. Runs in the sandbox's
worker only. Limits: a sample of the letters is looked at, so a hidden word or two may be missed; so may dark letters on
dark ground, since an image of every page would take half as long as reading it.
"""

from __future__ import annotations

import ctypes
import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import pypdfium2.raw as pdfium_raw

if TYPE_CHECKING:
    import pypdfium2 as pdfium

Box: TypeAlias = tuple[float, float, float, float]

EVERY = 16  # so many characters are one sample
FEWEST = 2  # samples that make it more than an accident
SMALLEST_PT = 1.5
DARK = 96  # of 255: the usual print, on a ground that is lighter
CONTRAST = 24  # of 255, between the lightest and the darkest pixel of a letter's place
MOST_PIXELS = 4_000_000
FEWEST_PIXELS = 3  # of a letter's height
_NOT_DRAWN = (3, 7)  # render modes: neither filled nor stroked


@dataclass(frozen=True, slots=True)
class Sight:
    hidden: bool  # some of the text is not to be seen
    layer: bool  # most of it is not drawn, and lies over a picture of it


def sight(page: pdfium.PdfPage, glyphs: pdfium.PdfTextPage, text: str) -> Sight:
    placed, gone = 0, 0
    not_drawn, pale = list[Box](), list[Box]()
    bounds = page.get_cropbox()
    for place in _sampled(text):
        box = _box(glyphs, place)
        if box is None:
            continue
        placed += 1
        if _is_off(box, bounds) or max(box[2] - box[0], box[3] - box[1]) < SMALLEST_PT:
            gone += 1
        elif _is_not_drawn(glyphs, place):
            not_drawn.append(box)
        elif _is_pale(glyphs, place):
            pale.append(box)
    may_be_layer = len(not_drawn) >= max(FEWEST, placed / 2)
    plain = [False] * len(not_drawn + pale)
    if len(plain) >= FEWEST and (gone < FEWEST or may_be_layer):
        plain = _without_contrast(page, not_drawn + pale)
    over_nothing = sum(plain[: len(not_drawn)])
    return Sight(gone + sum(plain) >= FEWEST, may_be_layer and over_nothing < len(not_drawn) / 2)


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


def _is_not_drawn(glyphs: pdfium.PdfTextPage, place: int) -> bool:
    found = pdfium_raw.FPDFText_GetTextObject(glyphs, place)
    return bool(found) and pdfium_raw.FPDFTextObj_GetTextRenderMode(found) in _NOT_DRAWN


def _is_pale(glyphs: pdfium.PdfTextPage, place: int) -> bool:
    """In a colour that the ground may have."""
    colours = [ctypes.c_uint() for _ in range(4)]
    if not pdfium_raw.FPDFText_GetFillColor(glyphs, place, *colours):
        return False
    red, green, blue, alpha = (colour.value for colour in colours)
    return alpha == 0 or 0.3 * red + 0.59 * green + 0.11 * blue > DARK


def _without_contrast(page: pdfium.PdfPage, boxes: Sequence[Box]) -> list[bool]:
    """Which of the places show one colour only; a large page is looked at from so far away that it fits."""
    width, height = page.get_size()
    if not 0 < width * height < math.inf:
        return [False] * len(boxes)
    scale = min(1.0, math.sqrt(MOST_PIXELS / (width * height)))
    plain = [(box[3] - box[1]) * scale >= FEWEST_PIXELS for box in boxes]
    if sum(plain) < FEWEST:
        return [False] * len(boxes)
    for grey in (True, False):  # red on green may be one grey; but colours take twice as long
        bitmap = page.render(scale=scale, grayscale=grey)
        to_pixel, picture = bitmap.get_posconv(page), bitmap.to_pil()
        plain = [was and _is_plain(picture, to_pixel, box) for was, box in zip(plain, boxes, strict=True)]
        if sum(plain) < FEWEST:
            break
    return plain


def _is_plain(picture: Any, to_pixel: Any, box: Box) -> bool:
    ax, ay = to_pixel.to_bitmap(box[0], box[1])
    bx, by = to_pixel.to_bitmap(box[2], box[3])
    place = min(ax, bx) - 1, min(ay, by) - 1, max(ax, bx) + 1, max(ay, by) + 1
    part = picture.crop(place)
    return all(high - low < CONTRAST for low, high in (band.getextrema() for band in part.split()))
