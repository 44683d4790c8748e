"""HTML, Markdown and DOCX as headings and paragraphs: the latter two by way of HTML.

Runs in the sandbox's worker only, as files may be made to do harm. Tables are a line a row, their cells parted by tabs;
lists are a line an item. What a browser would not show is left out, and so are navigation and forms. Limit: headers,
footers, comments and pictures of a DOCX are not read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path

from ingest.parts import Block

HEADINGS = {f"h{level}": level for level in range(1, 7)}
LISTS = frozenset({"ul", "ol", "menu", "dl"})
BLOCKS = frozenset(
    (
        "p div section article main header footer aside table caption figure figcaption blockquote"
        " pre hr address details summary fieldset center body html"
    ).split()
)
LEFT_OUT = frozenset(
    "script style template noscript nav svg select datalist textarea button iframe object canvas audio video".split()
)
NEVER_CLOSED = frozenset("area base br col embed hr img input link meta param source track wbr".split())
MAY_STAY_OPEN = frozenset("p li dt dd tr td th option tbody thead tfoot".split())  # the next one closes it
ENDS_ROW = frozenset({"tr", "table", "pre", *LISTS, *HEADINGS})  # in a cell: the table is there for the layout only
_BLANKS = re.compile(r"\s+")
_AROUND_TAB = re.compile(r" *\t[ \t]*")
_SPACES = re.compile(r" {2,}")
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden")
_CHARSET = re.compile(rb"""<(?:meta|\?xml)[^>]{0,200}?(?:charset|encoding)\s*=\s*["']?\s*([\w.:-]{1,40})""", re.I)
_FRONT_MATTER = re.compile(r"\A---[^\S\n]*\n(?:[^\n]*\n){0,200}?(?:---|\.\.\.)[^\S\n]*(?:\n|\Z)")
DOCX_STYLES = "p[style-name='Title'] => h1:fresh\np[style-name='title'] => h1:fresh"


def declared_encoding(data: bytes) -> str | None:
    found = _CHARSET.search(data[:4096])
    return found[1].decode("ascii") if found else None


def html_blocks(text: str) -> tuple[str, list[Block]]:
    """(title, blocks)."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    reader.end_block()
    return " ".join(reader.title.split()), reader.blocks


def markdown_blocks(text: str) -> tuple[str, list[Block]]:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    return html_blocks(parser.render(_FRONT_MATTER.sub("", text)))


def docx_blocks(path: Path) -> tuple[str, list[Block]]:
    import mammoth

    with path.open("rb") as file:
        made = mammoth.convert_to_html(file, style_map=DOCX_STYLES, convert_image=lambda image: [])
    return html_blocks(made.value)


class _Reader(HTMLParser):
    """Blocks end where a browser begins a new paragraph; within a table's row nothing does."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[Block] = []
        self.title = ""
        self._text: list[str] = []  # of the block so far
        self._level = 0  # of the heading that it is
        self._lists: list[int | None] = []  # of each open list: the number of its last item, None for bullets
        self._sign = False  # nothing stands behind the item's sign yet
        self._row = False  # inside a table's row
        self._verbatim = 0  # open <pre>
        self._out: tuple[str, int] | None = None  # the tag of what is left out, and how deep in such tags
        self._titling = False

    # --- what the parser says

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        if self._leaves_out(tag, attrs):
            return
        self._titling = tag == "title" or (self._titling and tag not in BLOCKS)  # one that is never closed
        if self._row and tag not in ENDS_ROW:
            self._say("\t" if tag in ("td", "th") else " " if tag in BLOCKS or tag == "br" else "")
            return
        self._row = tag == "tr"
        self._begin(tag, dict(attrs))

    def handle_startendtag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in NEVER_CLOSED and self._out is None:
            return  # HTML ignores the slash
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._out is not None:
            self._out = _closed(self._out, tag)
        elif tag == "title":
            self._titling = False
        elif tag in ("tr", "table"):
            self._row = False
            if tag == "table":
                self.end_block()
        elif tag in LISTS:
            del self._lists[-1:]
            self._line() if self._lists else self.end_block()
        elif not self._row:
            self._end(tag)

    def handle_data(self, data: str) -> None:
        if self._out is not None:
            return
        if self._titling:
            self.title += data[:1000]
        else:
            self._say(data if self._verbatim and not self._row else _BLANKS.sub(" ", data))

    # --- what becomes of it

    def end_block(self) -> None:
        text = _SPACES.sub(" ", _AROUND_TAB.sub("\t", "".join(self._text)))
        lines = (line.strip() for line in text.split("\n"))
        text = "\n".join(line for line in lines if line)
        if text and not (self._sign and len(text) <= 4):
            self.blocks.append(Block(text, self._level))
        self._text, self._level, self._sign = [], 0, False

    def _begin(self, tag: str, attributes: dict[str, str | None]) -> None:
        if tag in HEADINGS:
            self.end_block()
            self._level = HEADINGS[tag]
        elif tag in LISTS:
            self._line() if self._lists else self.end_block()
            self._lists.append(_first_number(attributes) - 1 if tag == "ol" else None)
        elif tag in ("li", "dt", "dd"):
            self._item(tag)
        elif tag in ("br", "tr"):
            self._line()
        elif tag in BLOCKS and not self._sign:
            self.end_block()
        self._verbatim += tag == "pre"

    def _end(self, tag: str) -> None:
        if tag == "pre":
            self._verbatim = max(0, self._verbatim - 1)
        if tag in BLOCKS or tag in HEADINGS:
            self.end_block()

    def _item(self, tag: str) -> None:
        self._line()
        if tag == "li":
            number = self._lists[-1] if self._lists else None
            if number is not None:
                self._lists[-1] = number = number + 1
            self._say("• " if number is None else f"{number}. ")
            self._sign = True

    def _line(self) -> None:
        self._text.append("\n")

    def _say(self, text: str) -> None:
        self._text.append(text)
        self._sign = self._sign and not text.strip()

    def _leaves_out(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> bool:
        if self._out is not None and self._out[0] == tag:
            if tag not in MAY_STAY_OPEN:
                self._out = (tag, self._out[1] + 1)
                return True
            self._out = None  # the next paragraph ends the one that is left out
        if self._out is None and tag not in NEVER_CLOSED and (tag in LEFT_OUT or _is_hidden(attrs)):
            self._out = (tag, 1)
        return self._out is not None


def _closed(out: tuple[str, int], tag: str) -> tuple[str, int] | None:
    if tag != out[0]:
        return out
    return (tag, out[1] - 1) if out[1] > 1 else None


def _is_hidden(attrs: Sequence[tuple[str, str | None]]) -> bool:
    return any(
        name == "hidden" or (name == "style" and value is not None and bool(_HIDDEN.search(value.lower())))
        for name, value in attrs
    )


def _first_number(attributes: dict[str, str | None]) -> int:
    given = attributes.get("start") or "1"
    return int(given) if re.fullmatch(r"\d{1,6}", given, re.ASCII) else 1
