"""Which lines of a page head the table that another line stands in.

Knows lines as texts only: a table is a run of rows with at most a few labels between them; its header is a row of
years and the short lines just above the first row, or a row of names where its cells are words. A page that begins with
a row goes on with the table before it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag_chat.sentences import HEADING_WORDS, columns, has_cells, is_closed, is_row

HEADER_LINES = 3  # above the first row
LABELS = 3  # lines without figures that may stand between two rows
FEWEST_NAMED = 3  # cells; of two, the first may say what the second is
NAME_WORDS = 5  # at most, of one column
_YEAR = re.compile(r"\W*(?:19|20)\d\d\W*|\d{1,2},?")


GOES_ON = range(0)  # the header of a table that began on an earlier page


@dataclass(frozen=True, slots=True)
class Headers:
    """For each line the lines of its table's header, which all stand above it, GOES_ON, or None where there is none;
    `at_end` is that of the table which the page ends in."""

    of_line: list[range | None]
    at_end: range | None


def headers(lines: Sequence[str]) -> Headers:
    found: list[range | None] = [None] * len(lines)
    header: range | None = None
    labels: list[int] = []  # since the last row
    for i, line in enumerate(lines):
        names = bool(not header or labels) and _names_cells(line, lines[i + 1] if i + 1 < len(lines) else "")
        if header and not names and _is_of_another(line, lines[header.stop - 1]):
            labels = []
        elif is_row(line) or names or (header is not None and has_cells(line)):
            if header is None or names or (is_years(line) and i not in header):
                header = range(i, i + 1) if names else range(_top(lines, i), i + is_years(line))
            elif header or header == GOES_ON:
                found[i] = header
                for label in labels:
                    found[label] = header
            if header is not None and (header or i == 0) and header.stop <= i:
                found[i] = header
            labels = []
        else:
            labels.append(i)
            if len(labels) > LABELS or not _may_head(line):
                header = None
    return Headers(found, header)


def column_names(text: str, start: int) -> str:
    """The header of the table whose row stands at `text[start]`; "" for a header, and for what is no row of one."""
    lines = text.split("\n")
    place = text.count("\n", 0, start)
    header = headers(lines).of_line[place] if is_row(lines[place]) or has_cells(lines[place]) else None
    return " ".join(lines[i].strip() for i in header or ())


def names_columns(lines: Sequence[str], place: int) -> bool:
    """Does this line, alone or with others, name the columns of the row below it? Of the short lines above a row only
    as many do as have a word for each of its figures: a running title above a table that fills the page does not."""
    below = range(place + 1, min(place + 1 + HEADER_LINES, len(lines)))
    row = next((i for i in below if is_row(lines[i]) and not is_years(lines[i])), None)
    return row is not None and _top_of_names(lines, row) <= place


def on_lines_of_their_own(text: str) -> list[str]:
    """The text cut before and after each row and each line of a header; together the parts are the text."""
    lines = text.split("\n")
    apart = {i for header in headers(lines).of_line for i in header or ()}
    apart |= {i for i, line in enumerate(lines) if is_row(line) or has_cells(line)}
    parts = [lines[0]]
    for i in range(1, len(lines)):
        if {i - 1, i} & apart:
            parts[-1] += "\n"
            parts.append(lines[i])
        else:
            parts[-1] += f"\n{lines[i]}"
    return parts


def _top(lines: Sequence[str], row: int) -> int:
    """The first of the short lines just above a row."""
    top = row
    while top > 0 and row - top < HEADER_LINES and not is_row(lines[top - 1]) and _may_head(lines[top - 1]):
        top -= 1
    return top


def _top_of_names(lines: Sequence[str], row: int) -> int:
    """The first of the lines that name a row's columns; the row itself where none do."""
    wanted, named, top = columns(lines[row]), 0, row
    while top > 0 and row - top < HEADER_LINES and named < wanted:
        line = lines[top - 1]
        if not _may_head(line) or (is_row(line) and not is_years(line)):
            break
        names = str.isalnum if is_row(line) else str.isalpha  # years name columns where there is one for each
        named += sum(any(map(names, word)) for word in line.split())
        top -= 1
    if (
        top > 1 and is_row(lines[top]) and _may_head(lines[top - 1])
    ):  # the years of what; a page's first line is its own
        top -= 1
    return top if top < row and named >= wanted else row


def _names_cells(line: str, below: str) -> bool:
    """Does each of its cells say in few words what stands below? It is certain only where there is one cell less than
    below, the corner being empty, or where a column has figures below and none in its name."""
    cells, under = (text.strip().split("\t") for text in (line, below))
    corner = len(cells) > 1 and len(cells) + 1 == len(under)
    figures = len(cells) == len(under) >= FEWEST_NAMED and any(
        any(map(str.isdigit, row)) and not any(map(str.isdigit, name)) for name, row in zip(cells, under, strict=True)
    )
    if not (corner or figures) or is_row(line):
        return False
    if len(cells) == len(under) and any(map(_says_alike, cells, under)):
        return False  # one row of many, of which the next one holds a figure
    return all(0 < len(cell.split()) <= NAME_WORDS and any(map(str.isalpha, cell)) for cell in cells) and not any(
        cell.rstrip().endswith(":") for cell in cells
    )


def _says_alike(name: str, cell: str) -> bool:
    """No column's name begins as what stands below it."""
    return name.split()[:1] == cell.split()[:1] != []


def _is_of_another(line: str, names: str) -> bool:
    """Has this row of words another number of cells than the row of names above it?"""
    cells, named = (text.strip().count("\t") for text in (line, names))
    return 0 < cells != named > 0 and cells != named + 1 and not is_row(line)


def _may_head(line: str) -> bool:
    return len(line.split()) <= HEADING_WORDS and (not is_closed(line) or line.rstrip()[-1] in ":)")


def is_years(line: str) -> bool:
    """Are all its figures years, or days of a month?"""
    figures = [word for word in line.split() if any(c.isdigit() for c in word)]
    return bool(figures) and all(_YEAR.fullmatch(word) for word in figures) and any(len(f) >= 4 for f in figures)
