"""Text of pages that are images, by RapidOCR where it is installed (extra `ocr`), with the place of each word.

Its models come inside its package; nothing is downloaded. `recognise` runs in the sandbox's worker, `recognised` here.
Lines are put in reading order: columns of prose one after the other, the cells of a table's row on one line. Limit:
print in Latin or Chinese letters; a page takes seconds, and a column is known as such only where its lines are full.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import math
import os
import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ingest import cells, glyphs
from rag_chat.errors import DocumentError
from rag_chat.library.begun import Unfinished
from rag_chat.sandbox import Sandbox
from rag_chat.types import Box, WordBox

FORMAT = "2"  # of what is made of the recogniser's lines: another way, another number
DPI = 150
MOST_PIXELS = 6_000_000
PAGE_SECONDS = 180.0
MOST_BREAKS = 3  # pages of one document that may break the reader
LEAST_SCORE = 0.5  # of a line
BLANK = 24  # of 255, between the lightest and the darkest pixel of a page with nothing on it
COLUMN_SHARE = 0.25  # of the page's width that a column of prose has at least
FULL_LINE = 0.6  # of its column's width that a line of prose usually fills
FEWEST_LINES = 5  # of a column
MOST_CROSSING = 0.2  # of all lines, such as titles over both columns
MOST_THREADS = 4


@dataclass(frozen=True, slots=True)
class Recognised:
    """The page's text, "" where none was found, and its words as places in it."""

    text: str
    words: tuple[WordBox, ...]


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    box: Box  # in pixels, origin top left
    words: tuple[tuple[str, Box], ...]

    @property
    def middle(self) -> float:
        return (self.box[1] + self.box[3]) / 2


def is_installed() -> bool:
    return importlib.util.find_spec("rapidocr") is not None


def recognised(
    path: Path, password: str | None, indexes: Sequence[int], sandbox: Sandbox, tell: Callable[[int, int], None],
    begun: Unfinished | None = None,
) -> dict[int, Recognised | None]:  # fmt: skip
    """By page index from 0; None for a page that the reader failed on. `tell` hears (pages done, pages in all), first
    of those that `begun` has from an earlier life."""
    found: dict[int, Recognised | None] = {} if begun is None else _kept(begun, indexes)
    tell(len(found), len(indexes))
    for _ in range(1 + MOST_BREAKS):
        left = tuple(index for index in indexes if index not in found)
        if not left:
            break
        try:
            pages = sandbox.stream(
                recognise, str(path), password, left, seconds=PAGE_SECONDS * (1 + len(left)), step=PAGE_SECONDS
            )
            for index, page in zip(left, pages, strict=True):  # to its end, else the worker and its models are given up
                found[index] = page
                if begun is not None:
                    begun.keep(_key(index), json.dumps(asdict(page)).encode())
                tell(len(found), len(indexes))
        except DocumentError as error:
            if error.code == "E_CANCELED":
                raise
            found.update(dict.fromkeys([index for index in left if index not in found][:1]))
    return {index: found.get(index) for index in indexes}


def _kept(begun: Unfinished, indexes: Sequence[int]) -> dict[int, Recognised | None]:
    found = {index: begun.get(_key(index), _decoded) for index in indexes}
    return {index: page for index, page in found.items() if page is not None}


def _decoded(kept: bytes) -> Recognised:
    page = json.loads(kept)
    words = (WordBox(word["start"], word["end"], tuple(word["box"])) for word in page["words"])
    return Recognised(page["text"], tuple(words))


def _key(index: int) -> tuple[str, ...]:
    return ("page", str(index), FORMAT, "rapidocr", importlib.metadata.version("rapidocr"), str(DPI))


def recognise(path: str, password: str | None, indexes: Sequence[int]) -> Iterator[Recognised]:
    """In the worker: the pages, one after the other. The first that has something on it loads the models."""
    engine = cache(_engine)
    with closing(glyphs.open_document(Path(path), password)) as document:
        for index in indexes:
            with closing(document[index]) as page:
                width, height = page.get_size()
                scale = min(DPI / 72, math.sqrt(MOST_PIXELS / max(1.0, width * height)))
                bitmap = page.render(scale=scale)
                picture = bitmap.to_pil().convert("RGB")
                low, high = picture.convert("L").getextrema()
                lines = engine()(picture) if high - low >= BLANK else []
                yield _assembled(lines, picture.size, bitmap.get_posconv(page))


def _engine() -> Callable[[Any], list[_Line]]:
    import numpy as np
    from rapidocr import RapidOCR

    threads = min(MOST_THREADS, os.cpu_count() or 1)
    engine = RapidOCR(
        params={
            "Global.log_level": "critical",
            "Global.use_cls": False,
            "EngineConfig.onnxruntime.intra_op_num_threads": threads,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )

    def read(picture: Any) -> list[_Line]:
        found = engine(np.asarray(picture)[:, :, ::-1], return_word_box=True)
        if found.txts is None:
            return []
        lines = zip(found.txts, found.boxes, found.scores, found.word_results, strict=True)
        return [
            _Line(text, _bounds(box), tuple((word, _bounds(place)) for word, _, place in words))
            for text, box, score, words in lines
            if score >= LEAST_SCORE
        ]

    return read


def _bounds(corners: Any) -> Box:
    across, down = [float(x) for x, _ in corners], [float(y) for _, y in corners]
    return min(across), min(down), max(across), max(down)


def _assembled(lines: Sequence[_Line], size: tuple[int, int], to_page: Any) -> Recognised:
    text, words = "", []
    for row in _rows(lines, size[0]):
        for number, line in enumerate(row, start=1):
            place = 0
            for word, box in line.words:
                at = line.text.find(word, place)
                if word and at >= 0:
                    place = at + len(word)
                    words.append(WordBox(len(text) + at, len(text) + place, _points(box, to_page)))
            text += line.text + ("\t" if number < len(row) and _is_cell(line, row[number]) else " ")
        text += "\n"
    return Recognised(text, tuple(words))


def _is_cell(line: _Line, following: _Line) -> bool:
    """Is `following` parted from the line by more than a blank?"""
    return following.box[0] - line.box[2] > cells.GAP * (line.box[3] - line.box[1])


def _points(box: Box, to_page: Any) -> Box:
    """Pixels to PDF points, whatever way the page is turned."""
    ax, ay = to_page.to_page(round(box[0]), round(box[1]))
    bx, by = to_page.to_page(round(box[2]), round(box[3]))
    return round(min(ax, bx), 2), round(min(ay, by), 2), round(max(ax, bx), 2), round(max(ay, by), 2)


def _rows(lines: Sequence[_Line], width: float) -> Iterator[list[_Line]]:
    """Lines in reading order; what stands side by side in one column is one row."""
    for column in _columns(sorted(lines, key=lambda line: line.middle), width):
        row: list[_Line] = []
        for line in column:
            if row and line.middle > row[0].box[3]:
                yield sorted(row, key=lambda part: part.box[0])
                row = []
            row.append(line)
        if row:
            yield sorted(row, key=lambda part: part.box[0])


def _columns(lines: Sequence[_Line], width: float) -> Iterator[list[_Line]]:
    """Runs of lines that are read one after the other: what spans the page, then its columns from the left."""
    gutter = _gutter(lines, width)
    if gutter is None:
        yield list(lines)
        return
    sides: tuple[list[_Line], list[_Line]] = ([], [])
    for line in lines:
        if line.box[0] < gutter < line.box[2]:
            yield from (side for side in sides if side)
            yield [line]
            sides = ([], [])
        else:
            sides[line.box[0] >= gutter].append(line)
    yield from (side for side in sides if side)


def _gutter(lines: Sequence[_Line], width: float) -> float | None:
    """Where two columns of prose part: hardly a line crosses it, and the lines on both sides are full."""
    for share in (0.5, 0.48, 0.52, 0.46, 0.54, 0.44, 0.56):
        place = share * width
        left = [line for line in lines if line.box[2] <= place]
        right = [line for line in lines if line.box[0] >= place]
        crossing = len(lines) - len(left) - len(right)
        few = min(len(left), len(right)) < FEWEST_LINES or crossing > MOST_CROSSING * len(lines)
        if not few and _is_prose(left, width) and _is_prose(right, width):
            return place
    return None


def _is_prose(lines: Sequence[_Line], width: float) -> bool:
    across = max(line.box[2] for line in lines) - min(line.box[0] for line in lines)
    usual = statistics.median(line.box[2] - line.box[0] for line in lines)
    return across >= COLUMN_SHARE * width and usual >= FULL_LINE * across
