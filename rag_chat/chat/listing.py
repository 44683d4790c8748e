"""What PDFs give as one long sentence though it is none: the lines of a form, a list or a table without figures.

Knows lines by how they begin: prose goes on in small letters, entries do not. Limit: scripts with capitals, English
habits of writing them.
"""

from __future__ import annotations

import re
from dataclasses import replace

from rag_chat.chat.shortening import closed, place
from rag_chat.sentences import has_cells, is_row, item_sign, readable
from rag_chat.types import Quote

FEWEST_LINES = 5
FEWEST_ITEMS = 2  # that a list is made of
OPEN = re.compile(r"(?:[,;:]|\b(?:and|or))\s*$")
ENTRIES = 7 / 8  # share of its lines that begin like an entry


def is_listing(quote: Quote) -> bool:
    lines = [line.strip() for line in _raw(quote).split("\n") if line.strip()]
    entries = sum(line[0].isupper() or line[0].isdigit() for line in lines)
    return len(lines) >= FEWEST_LINES and entries >= ENTRIES * len(lines)


def announces(quote: Quote) -> bool:
    """A sentence or a heading, and the items below it."""
    first, *rest = _raw(quote).split("\n")
    return not item_sign(first) and any(map(item_sign, rest))


def announced(quote: Quote) -> str:
    """Its text; where more items must follow, which its passage does not hold, it says so."""
    items = [line for line in _raw(quote).split("\n")[1:] if item_sign(line)]
    cut = len(items) < FEWEST_ITEMS or OPEN.search(quote.text)
    return f"{quote.text.rstrip(' ,;–—-')} …" if cut else closed(quote.text)


def is_table_row(quote: Quote) -> bool:
    return is_row(_raw(quote)) or has_cells(_raw(quote))


def line_of(quote: Quote) -> Quote:
    """The one line of a listing in which the reader sees the answer; every other quote as it is."""
    if not is_listing(quote):
        return quote
    start, found = quote.start, []
    for line in _raw(quote).split("\n"):
        text = readable(line)
        if place(text, quote.answer):
            begin = start + len(line) - len(line.lstrip())
            found.append(replace(quote, start=begin, end=begin + len(line.strip()), text=text))
        start += len(line) + 1
    return found[0] if len(found) == 1 else quote


def _raw(quote: Quote) -> str:
    return quote.passage.chunk.text[quote.start : quote.end]
