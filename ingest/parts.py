"""A document without pages as parts of about a page each: headings and paragraphs in, pages and outline out.

A part's text is its paragraphs joined by `PARAGRAPH_BREAK`, which stands nowhere else in it, so that a place's
paragraph can be counted. Paragraphs are counted anew under each heading. Knows no file format.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from ingest.unseen import hides_signs
from rag_chat.errors import DocumentError
from rag_chat.sentences import readable
from rag_chat.types import PARAGRAPH, PARAGRAPH_BREAK, Outline, Page

PART_CHARACTERS = 6_000
BLOCK_CHARACTERS = 60_000  # of one paragraph or table, which is longer than a part rather than cut in two
OUTLINE_ENTRIES = 20_000
TITLE_CHARACTERS = 200
_PIECE = re.compile(rf"\S[\s\S]{{0,{BLOCK_CHARACTERS - 1}}}(?=\s|\Z)|\S{{1,{BLOCK_CHARACTERS}}}")


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, list or table (a line for each item or row), or a heading: then with its level from 1."""

    text: str  # not blank, without blank lines
    level: int = 0


def parts(blocks: Iterable[Block], most: int) -> tuple[tuple[Page, ...], tuple[Outline, ...]]:
    """Raises DocumentError where there is more text than `most` parts hold."""
    made = _Parts(most)
    for block in blocks:
        for piece in _pieces(block):
            made.add(piece)
    made.close()
    return tuple(made.pages), tuple(made.outline)


def _pieces(block: Block) -> Iterator[Block]:
    """The block, or what it is cut into at blanks where it is longer than a block may be."""
    if len(block.text) <= BLOCK_CHARACTERS:
        yield block
        return
    for match in _PIECE.finditer(block.text):
        yield replace(block, text=match[0].rstrip())
        block = replace(block, level=0)


class _Parts:
    def __init__(self, most: int) -> None:
        self.pages: list[Page] = []
        self.outline: list[Outline] = []
        self._room = most * PART_CHARACTERS  # characters left
        self._most = most
        self._texts: list[str] = []
        self._size = 0  # of the part so far: where its next paragraph begins
        self._first = 1  # the number of the part's first paragraph
        self._paragraph = 0  # the number of the last paragraph
        self._above: list[tuple[int, str]] = []  # levels and titles that the place stands under

    def add(self, block: Block) -> None:
        if self._is_full(block):
            self.close()
        self._room -= len(block.text)
        if self._room < 0:
            raise DocumentError(
                f"Its text is longer than {self._most:,} pages; raise RAG_CHAT_MAX_PAGES or split it.",
                "E_TOO_MUCH_TEXT",
            )
        if block.level:
            self._head(block)
        self._paragraph = 0 if block.level else self._paragraph + 1
        if not self._texts:
            self._first = max(1, self._paragraph)
        self._texts.append(block.text)
        self._size += len(block.text) + len(PARAGRAPH_BREAK)

    def close(self) -> None:
        if not self._texts:
            return
        text = PARAGRAPH_BREAK.join(self._texts)
        self.pages.append(Page(len(self.pages) + 1, f"{PARAGRAPH} {self._first}", text, hidden=hides_signs(text)))
        self._texts, self._size = [], 0

    def _is_full(self, block: Block) -> bool:
        """A part ends before a heading where it is half full; a heading never stands at its end."""
        if block.level and self._size > PART_CHARACTERS / 2:
            return True
        return bool(self._texts) and self._size + len(block.text) > PART_CHARACTERS and self._paragraph > 0

    def _head(self, block: Block) -> None:
        title = readable(block.text)[:TITLE_CHARACTERS]
        self._above = [entry for entry in self._above if entry[0] < block.level]
        self._above.append((block.level, title))
        if title and len(self.outline) < OUTLINE_ENTRIES:
            path = tuple(name for _, name in self._above)
            self.outline.append(Outline(len(self.pages) + 1, self._size, path))
