"""Where a quote stands on its page, and the page as an image with exactly the quoted words boxed.

Offsets are PDFium's character indexes, so nothing is searched for: the range is read back and must be the quote,
and the boxes must hold its characters and no others, else there are none (never a wrong box). PDFium is not
thread-safe and knows no limits, so it runs in the worker of `sandbox`; the functions named `_...` are what is sent
there. Limit: text that is drawn along a curve gets one box per word.
"""

from __future__ import annotations

import ctypes
import io
import itertools
import logging
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag_chat import turned
from rag_chat.errors import DocumentError
from rag_chat.sandbox import Sandbox
from rag_chat.types import Box, WordBox

PDF = ".pdf"  # how the library ends the names of files that have pages
MAX_PIXELS = 25_000_000
BULLET = "•"  # the parser puts it where the file names an item and draws the sign
MAX_BOXES = 2000  # of one quote: more is a page of single letters, which no highlight makes clearer
SECONDS = 30.0  # for one page; a page that needs more is not worth waiting for
MEMORY_MB = 2048
WORD_GAP = 1.2  # boxes of one line join over gaps up to so many line heights
PAPER = 245  # how light a pixel is that nothing is printed on
FILL, EDGE = (255, 233, 138), (222, 160, 20)  # multiplied with the page, so that black letters stay black

_CharBox = tuple[str, Box]


@dataclass(frozen=True, slots=True)
class PageImage:
    """A page as PNG; `boxes` are the drawn ones of each range, as shares of its width and height, origin top left;
    `ink` is where its print begins and ends, as shares of its width."""

    png: bytes
    boxes: tuple[tuple[Box, ...], ...]
    ink: tuple[float, float]


def _no_words(path: Path, page: int) -> tuple[WordBox, ...]:
    return ()


class PageView:
    """Boxes and images of pages, from a worker of its own; calls of several threads wait for each other."""

    def __init__(
        self, words: Callable[[Path, int], tuple[WordBox, ...]] = _no_words, *, seconds: float = SECONDS,
        memory_mb: int = MEMORY_MB,
    ) -> None:  # fmt: skip
        """`words` tells the places of the words of a recognised page of a file; none where PDFium reads the page."""
        self._words = words
        self._sandbox = Sandbox(seconds=seconds, memory_mb=memory_mb)

    def boxes(self, path: Path, page: int, start: int, end: int, *, quote: str | None = None) -> tuple[Box, ...]:
        """One box a line, in PDF points, origin bottom left; empty when the range cannot be placed exactly.

        `page` counts from 1. With `quote` the text read back must be it, blanks aside. A file without pages has
        no boxes.
        """
        if path.suffix != PDF:
            return ()
        if words := self._words(path, page):
            return _place_words(words, start, end)
        return self._sandbox.call(_boxes, str(path), page, start, end, quote)

    def image(self, path: Path, page: int, spans: Sequence[tuple[int, int]], *, width: int = 900) -> PageImage:
        """The page with the character ranges boxed; a range that cannot be placed exactly is left unmarked."""
        words = self._words(path, page)
        known = [_place_words(words, start, end) for start, end in spans] if words else None
        return self._sandbox.call(_image, str(path), page, tuple(spans), known, width)

    def close(self) -> None:
        self._sandbox.close()


def _place_words(words: Sequence[WordBox], start: int, end: int) -> tuple[Box, ...]:
    """One box a line of the recognised words within start..end."""
    return tuple(_lines([word.box for word in words if start < word.end and word.start < end])[:MAX_BOXES])


# --- in the worker ------------------------------------------------------------------------------------------


def _boxes(path: str, page: int, start: int, end: int, quote: str | None) -> tuple[Box, ...]:
    with _opened(path, page) as (_, text):
        return _place(text, start, end, quote)


def _image(
    path: str, page: int, spans: tuple[tuple[int, int], ...], known: list[tuple[Box, ...]] | None, width: int
) -> PageImage:
    from PIL import Image, ImageChops, ImageDraw

    with _opened(path, page) as (sheet, text):
        scale = _scale(sheet.get_width(), sheet.get_height(), width)
        bitmap = sheet.render(scale=scale)
        to_pixel = bitmap.get_posconv(sheet)
        picture = bitmap.to_pil().convert("RGB")
        layer = Image.new("RGB", picture.size, "white")
        pen = ImageDraw.Draw(layer)
        placed = known if known is not None else [_place(text, start, end, None) for start, end in spans]
        drawn = [[_pixels(to_pixel, box) for box in boxes] for boxes in placed]
        for box in itertools.chain.from_iterable(drawn):
            pen.rectangle(box, fill=FILL, outline=EDGE, width=max(1, round(scale)))
        file = io.BytesIO()
        # Level 1 takes half the time of the default for a tenth more bytes, and nothing leaves this machine.
        (ImageChops.multiply(picture, layer) if any(drawn) else picture).save(file, "PNG", compress_level=1)
        across, down = picture.size
        shares = [tuple((a / across, b / down, c / across, d / down) for a, b, c, d in boxes) for boxes in drawn]
        return PageImage(file.getvalue(), tuple(shares), _ink(picture))


def _ink(picture: Any) -> tuple[float, float]:
    """Where print begins and ends across the page; its whole width where there is none."""
    printed = picture.convert("L").point([255] * PAPER + [0] * (256 - PAPER)).getbbox()
    return (printed[0] / picture.width, printed[2] / picture.width) if printed else (0.0, 1.0)


def _scale(width_pt: float, height_pt: float, width: int) -> float:
    """Pixels per point, so that the page is `width` wide and its pixels stay within the limit, known beforehand."""
    if not (0 < width_pt < math.inf and 0 < height_pt < math.inf):
        raise DocumentError(f"The page cannot be shown: its size is {width_pt:g} x {height_pt:g} points.")
    scale = min(width / width_pt, math.sqrt(MAX_PIXELS / (width_pt * height_pt)))
    while math.ceil(width_pt * scale) * math.ceil(height_pt * scale) > MAX_PIXELS:  # sides are rounded up
        scale *= 0.99
    return scale


def _pixels(to_pixel: Any, box: Box) -> tuple[int, int, int, int]:
    """The box on the bitmap, whatever way the page is turned, two pixels larger so that no letter is touched."""
    ax, ay = to_pixel.to_bitmap(box[0], box[1])
    bx, by = to_pixel.to_bitmap(box[2], box[3])
    return min(ax, bx) - 2, min(ay, by) - 2, max(ax, bx) + 2, max(ay, by) + 2


@contextmanager
def _opened(path: str, page: int) -> Iterator[tuple[Any, Any]]:
    """The page and its text; both closed afterwards, in the order PDFium wants."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(path)
        logging.getLogger("pypdfium2").setLevel(logging.ERROR)  # it warns of forms of which it knows a part only
        with suppress(pypdfium2.PdfiumError):
            document.init_forms()
    except (pypdfium2.PdfiumError, OSError) as error:
        raise DocumentError("The document's file cannot be opened to show a page; add the document again.") from error
    try:
        if not 1 <= page <= len(document):
            raise DocumentError(f"The document has no page {page}, it ends at {len(document)}.")
        if document.formenv:  # what was filled in is text of the page, as it was when it was ingested
            with closing(document[page - 1]) as sheet, suppress(pypdfium2.PdfiumError):
                sheet.flatten()
        with closing(document[page - 1]) as sheet, turned.letters(sheet) as text:
            yield sheet, text
    except pypdfium2.PdfiumError as error:
        raise DocumentError(f"Page {page} is damaged and cannot be shown.") from error
    finally:
        document.close()


def _place(text: Any, start: int, end: int, quote: str | None) -> tuple[Box, ...]:
    """The boxes of characters start..end, once it is certain that they hold these characters and no others."""
    count = text.count_chars()
    if not 0 <= start < end <= count:
        return ()
    characters = _characters(text, count)
    inside = characters[start:end]
    read = "".join(sign for sign, _ in inside if not _is_blank(sign))
    if quote is not None and _letters(quote).replace(BULLET, "") != read.replace(BULLET, ""):
        return ()
    wanted = [(sign, box) for sign, box in inside if not _is_blank(sign) and _area(box)]
    others = [(sign, box) for sign, box in (*characters[:start], *characters[end:]) if not _is_blank(sign)]
    raw = _rectangles(text, start, end - start)
    for boxes in (_lines(raw), raw):
        if wanted and len(boxes) <= MAX_BOXES and _hold_exactly(boxes, wanted, others):
            return tuple((round(a, 2), round(b, 2), round(c, 2), round(d, 2)) for a, b, c, d in boxes)
    return ()


def _rectangles(text: Any, start: int, count: int) -> list[Box]:
    # count_rects must come first: it makes the list that get_rect reads from.
    return [text.get_rect(i) for i in range(text.count_rects(start, count))]


def _lines(boxes: Sequence[Box]) -> list[Box]:
    """Neighbouring boxes of one line made one; a line may run upwards, as on a page that is turned."""
    merged: list[Box] = []
    for box in boxes:
        if merged and (_follows(merged[-1], box, 0) or _follows(merged[-1], box, 1)):
            last = merged[-1]
            merged[-1] = min(last[0], box[0]), min(last[1], box[1]), max(last[2], box[2]), max(last[3], box[3])
        else:
            merged.append(box)
    return merged


def _follows(last: Box, box: Box, axis: int) -> bool:
    """Does `box` go on in the same line along `axis` (0 across, 1 up): same height, and close enough?"""
    other = 1 - axis
    longer = max(last, box, key=lambda it: max(_along(it, 0), _along(it, 1)))
    if _along(longer, axis) < _along(longer, other):
        return False  # neither does: lines below each other run across
    shared = min(last[other + 2], box[other + 2]) - max(last[other], box[other])
    heights = [_along(it, other) for it in (last, box)]
    gap = max(box[axis] - last[axis + 2], last[axis] - box[axis + 2])
    return shared > 0.5 * min(heights) and gap <= WORD_GAP * max(heights)


def _along(box: Box, axis: int) -> float:
    return box[axis + 2] - box[axis]


def _hold_exactly(boxes: Sequence[Box], wanted: Sequence[_CharBox], others: Sequence[_CharBox]) -> bool:
    if not all(any(_holds(box, centre) for box in boxes) for centre in (_centre(box) for _, box in wanted)):
        return False
    # The same letter drawn twice in one place (a bold face made by overprinting) is no stranger in the box.
    own = {(sign, round(box[0]), round(box[1])) for sign, box in wanted}
    return not any(
        (sign, round(box[0]), round(box[1])) not in own and any(_holds(mine, _centre(box)) for mine in boxes)
        for sign, box in others
        if _area(box)
    )


def _characters(text: Any, count: int) -> list[_CharBox]:
    """Every character of the page with its box, straight from PDFium: its text index is the character index."""
    import pypdfium2.raw as pdfium

    sides = [ctypes.c_double() for _ in range(4)]
    left, right, bottom, top = (ctypes.byref(side) for side in sides)
    found = []
    for i in range(count):
        code = pdfium.FPDFText_GetUnicode(text, i)
        known = pdfium.FPDFText_GetCharBox(text, i, left, right, bottom, top)
        x0, x1, y0, y1 = (side.value for side in sides) if known else (0.0, 0.0, 0.0, 0.0)
        found.append((chr(code) if code < 0x110000 else "\ufffd", (x0, y0, x1, y1)))
    return found


def _letters(text: str) -> str:
    return "".join(sign for sign in text if not _is_blank(sign))


def _is_blank(sign: str) -> bool:
    """Blanks and what PDFium puts for line ends and joined hyphens: without ink of their own."""
    return sign.isspace() or sign in "\x00\x02\xad\ufffe\uffff"


def _area(box: Box) -> bool:
    return box[2] > box[0] and box[3] > box[1]


def _centre(box: Box) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def _holds(box: Box, point: tuple[float, float]) -> bool:
    return box[0] <= point[0] <= box[2] and box[1] <= point[1] <= box[3]
