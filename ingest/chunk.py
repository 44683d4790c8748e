"""Pages to chunks: whole sentences, at most so many tokens together with what is embedded in front of them.

A chunk stays on its page, except that a sentence unfinished at the bottom of a page, above its notes, takes its rest
from the top of the next. A chunk that begins inside a table has the table's header as its first span, from whatever
page. Knows neither models nor stores: the encoder's token count comes in as a function. Limit: the order of the text is
the file's own; of 53 pages in two columns, from 17 documents, none was written across its columns.
"""

from __future__ import annotations

import bisect
import hashlib
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ingest import footnotes, furniture
from ingest.furniture import Body
from rag_chat import front
from rag_chat.search_copy import searchable
from rag_chat.sentences import dangles, is_closed, is_row, split
from rag_chat.tables import GOES_ON, headers
from rag_chat.types import Chunk, Outline, Page, Span

Counter = Callable[[Sequence[str]], list[int]]

FRONT_SHARE = 4  # what stands in front of a chunk may take a fourth of its tokens
FURNITURE_LINES = 3  # so many lines at a page's edge may be a running header or footer
HEADER_SHARE = 4  # a table's header goes along where it takes at most a fourth of the chunk
PROSE_WORDS = 5  # a line with fewer is no unfinished sentence
_PIECE = re.compile(r"\S{1,40}\s*")


@dataclass(frozen=True, slots=True)
class Limit:
    tokens: int
    overlap: int


@dataclass(frozen=True, slots=True)
class Cut:
    """A chunk, and the text that is embedded for it: which document, which section, then what it says."""

    chunk: Chunk
    embedded: str


@dataclass(frozen=True, slots=True)
class _Unit:
    """A sentence or a table's row, or a part of one that is too long; `rest` continues it on the next page."""

    span: Span
    tokens: int
    rest: Span | None = None
    header: Span | None = None  # of the table it stands in
    header_tokens: int = 0
    row: bool = False  # of a table with a header


@dataclass(frozen=True, slots=True)
class _Header:
    """Of a table: on its page, with its tokens."""

    span: Span
    tokens: int


def cut(
    doc_id: str, name: str, pages: Sequence[Page], outline: Sequence[Outline], *, limit: Limit, count: Counter
) -> list[Cut]:
    bodies = {page.number: body for page, body in zip(pages, furniture.bodies(pages), strict=True)}
    headings = _Headings(outline)
    opening = _Front(name, headings, limit, count)
    room = limit.tokens - opening.tokens
    cuts: list[Cut] = []
    for units in _units(bodies, room, count):
        for group in _groups(units, room, min(limit.overlap, room // 2), headings):
            body = Span(group[0].span.page, group[0].span.start, group[-1].span.end)
            parts = (part for part in (group[0].header, body, group[-1].rest) if part is not None)
            spans = tuple(span for part in parts for span in bodies[part.page].runs(part))
            text = "\n".join(bodies[s.page].text[s.start : s.end] for s in spans)
            chunk = Chunk(_id(doc_id, len(cuts)), doc_id, len(cuts), spans, headings.at(body), text)
            cuts.append(Cut(chunk, opening.before(chunk)))
    return cuts


class _Headings:
    """Which outline entry a place in the document stands under."""

    def __init__(self, outline: Sequence[Outline]) -> None:
        self._places = [(entry.page, entry.start) for entry in outline]
        self.names = [" > ".join(entry.path[-2:]) for entry in outline]

    def index(self, span: Span) -> int:
        return bisect.bisect_right(self._places, (span.page, span.start)) - 1

    def at(self, span: Span) -> str:
        index = self.index(span)
        return self.names[index] if index >= 0 else ""


class _Front:
    """What is embedded in front of each chunk; nothing where it would take too much of the chunk's room."""

    def __init__(self, name: str, headings: _Headings, limit: Limit, count: Counter) -> None:
        self._name = name
        lines = sorted({front.line(name, heading) for heading in (*headings.names, "")})
        self.tokens = max(count(lines)) + 1
        self._used = self.tokens <= limit.tokens // FRONT_SHARE
        self.tokens = self.tokens if self._used else 0

    def before(self, chunk: Chunk) -> str:
        return front.before(self._name, chunk.heading, chunk.text) if self._used else searchable(chunk.text)


def _units(bodies: Mapping[int, Body], room: int, count: Counter) -> Iterator[list[_Unit]]:
    """The sentences of each page with their tokens, none above `room`; one call of the counter for all of them."""
    feet = [footnotes.begin(body.text) for body in bodies.values()]
    spans = [
        [Span(number, start, end) for start, end in _sentences(body.text, foot)]
        for (number, body), foot in zip(bodies.items(), feet, strict=True)
    ]
    tokens = iter(count([searchable(bodies[s.page].text[s.start : s.end]) for of_page in spans for s in of_page]))
    units = [[_Unit(span, max(1, next(tokens))) for span in of_page] for of_page in spans]
    texts = [body.text for body in bodies.values()]
    above: _Header | None = None
    for i, body in enumerate(bodies.values()):
        units[i], above = _under_headers(units[i], body, room, above)
        if i + 1 < len(units):
            notes = sum(unit.span.start >= feet[i] for unit in units[i])
            _carry_over(units[i], notes, body.text, units[i + 1], texts[i + 1], room)
        yield [part for unit in units[i] for part in _within(unit, body.text, room, count)]


def _sentences(text: str, foot: int) -> Iterator[tuple[int, int]]:
    """Those of the page, then those of the notes at its foot, which no sentence of the page runs into."""
    yield from split(text[:foot])
    yield from ((foot + start, foot + end) for start, end in split(text[foot:]))


def _under_headers(
    units: Sequence[_Unit], body: Body, room: int, above: _Header | None
) -> tuple[list[_Unit], _Header | None]:
    """The units, each with its table's header where both fit into a chunk with room to spare, and the header of the
    table that the page ends in; `above` is that of the page before."""
    lines = [body.text[unit.span.start : unit.span.end] for unit in units]
    placed = headers(lines)
    found, made = [], {GOES_ON: above, None: None}
    for unit, line, place in zip(units, lines, placed.of_line, strict=True):
        if place not in made:
            made[place] = _header([units[i] for i in place or ()], body)
        header = made[place]
        if header is not None and header.tokens <= room // HEADER_SHARE and header.tokens + unit.tokens <= room:
            found.append(replace(unit, header=header.span, header_tokens=header.tokens, row=is_row(line)))
        else:
            found.append(unit)
    return found, made.get(placed.at_end)


def _header(units: Sequence[_Unit], body: Body) -> _Header:
    """One span: where a running line stands in between, what is nearest to the rows."""
    whole = Span(units[0].span.page, units[0].span.start, units[-1].span.end, header=True)
    *_, span = body.runs(whole)
    return _Header(span, sum(unit.tokens for unit in units))


def _carry_over(
    units: list[_Unit], notes: int, text: str, following: list[_Unit], following_text: str, room: int
) -> None:
    """Gives the page's unfinished last sentence its rest from the next page; its last `notes` units are passed."""
    last = _past_furniture(units[::-1][notes:], text, _is_open)
    first = _past_furniture(following, following_text, _goes_on)
    if last is None or first is None:
        return
    at = len(units) - 1 - notes - last
    total = units[at].tokens + following[first].tokens
    if total <= room:
        units[at] = _Unit(units[at].span, total, following[first].span)


def _past_furniture(units: Sequence[_Unit], text: str, wanted: Callable[[str], bool]) -> int | None:
    """The first unit of a page's edge that is prose, where it is as wanted; running headers and numbers are passed."""
    for i, unit in enumerate(units[: FURNITURE_LINES + 1]):
        words = text[unit.span.start : unit.span.end]
        if wanted(words):
            return i
        if len(words.split()) > PROSE_WORDS:
            return None
    return None


def _is_open(words: str) -> bool:
    prose = len(words.split()) > PROSE_WORDS or dangles(words)
    return prose and not is_closed(words) and not is_row(words) and words[-1] not in ";:"


def _goes_on(words: str) -> bool:
    return words[0].islower() and not is_row(words)


def _within(unit: _Unit, text: str, room: int, count: Counter) -> Iterator[_Unit]:
    """The unit itself, or its parts cut at blanks where it is longer than a chunk may be."""
    if unit.tokens <= room or unit.rest is not None:
        yield unit
        return
    start, end = unit.span.start, unit.span.end
    pieces = [(m.start(), m.end()) for m in _PIECE.finditer(text, start, end)]
    tokens = count([searchable(text[a:b]) for a, b in pieces])
    begin, total = start, 0
    for (a, _), n in zip(pieces, tokens, strict=True):
        if total + n > room and total:
            yield _Unit(Span(unit.span.page, begin, _trimmed(text, begin, a)), total)
            begin, total = a, 0
        total += n
    yield _Unit(Span(unit.span.page, begin, end), total)


def _trimmed(text: str, start: int, end: int) -> int:
    return start + len(text[start:end].rstrip())


def _groups(units: Sequence[_Unit], room: int, overlap: int, headings: _Headings) -> Iterator[list[_Unit]]:
    """Runs of sentences, of like size over the page; each begins with the end of the one before, or with the header
    of the table that it begins in."""
    left = sum(unit.tokens for unit in units)
    target = _target(left, room, overlap)
    group: list[_Unit] = []
    for unit in units:
        total = sum(u.tokens for u in group)  # at most `room` units, as each has a token
        total += group[0].header_tokens if group else 0
        if group and (_is_full(total, unit.tokens, left, room, target) or group[-1].rest is not None):
            yield group
            group = _tail(group, min(overlap, room - unit.tokens - max(unit.header_tokens, group[-1].header_tokens)))
        elif group and total > room // 2 and headings.index(unit.span) != headings.index(group[0].span):
            yield group
            group = []
        group.append(unit)
        left -= unit.tokens
    if group:
        yield group


def _target(tokens: int, room: int, overlap: int) -> float:
    """The page's tokens shared out evenly over as few chunks as will do, so that none is left with a page number."""
    chunks = max(1, math.ceil((tokens - overlap) / (room - overlap)))
    return (tokens + (chunks - 1) * overlap) / chunks


def _is_full(total: int, following: int, left: int, room: int, target: float) -> bool:
    if total + left <= room:
        return False  # all that is left of the page fits
    return total + following > room or total + following / 2 > target


def _tail(group: Sequence[_Unit], overlap: int) -> list[_Unit]:
    """The last sentences that fit into the overlap, never the whole group; of a table the labels of the row to come."""
    tail: list[_Unit] = []
    for unit in reversed(group[1:]):
        if unit.rest is not None or unit.row or sum(u.tokens for u in tail) + unit.tokens > overlap:
            break
        tail.insert(0, unit)
    return tail


def _id(doc_id: str, ordinal: int) -> str:
    return hashlib.sha256(f"{doc_id}:{ordinal}".encode()).hexdigest()[:32]
