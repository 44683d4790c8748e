"""The bytes of a text file as text, and plain text as paragraphs.

What the bytes say of themselves counts first (a byte order mark, being UTF-8), then what the file declares, then what
the letters look like.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from charset_normalizer import from_bytes

from ingest.parts import Block
from rag_chat.errors import DocumentError

SAMPLE = 200_000  # bytes that an encoding is guessed from
LONG_LINE = 120  # characters: such lines are paragraphs, shorter ones are lines of one
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROLS = {code: " " for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\t\n"}
_LINE_END = re.compile("\r\n?|[\x0b\x1c-\x1e\x85\u2028]")
_PAGE_END = re.compile("[\x0c\u2029]")


def decoded(data: bytes, declared: str | None = None) -> str:
    """The text without control characters, its lines ended by newlines alone; a form feed is a blank line.

    Raises DocumentError where the bytes are text in no encoding that is known.
    """
    text = _text(data, declared).removeprefix("\ufeff")
    text = _PAGE_END.sub("\n\n", _LINE_END.sub("\n", text))
    return text.translate(_CONTROLS).encode("utf-8", "replace").decode("utf-8")


def is_text(head: bytes) -> bool:
    """Do these bytes begin a text? One has no zeros but in UTF-16 and UTF-32."""
    marked = any(head.startswith(mark) for mark, _ in _MARKS)
    return marked or b"\0" not in head or _wide(head) is not None


def paragraphs(text: str) -> Iterator[Block]:
    """Blank lines part them; where lines are as long as paragraphs, each line is one."""
    lines = [line.strip() for line in text.split("\n")]
    lengths = sorted(len(line) for line in lines if line)
    alone = bool(lengths) and lengths[round(0.9 * (len(lengths) - 1))] > LONG_LINE
    held: list[str] = []
    for line in [*lines, ""]:
        if held and (alone or not line):
            yield Block("\n".join(held))
            held = []
        if line:
            held.append(line)


def _text(data: bytes, declared: str | None) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    if wide := _wide(data[:4096]):
        return data.decode(wide, "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        encoding = _known(declared) or _guessed(data)
        return data.decode(encoding, "replace")


def _wide(head: bytes) -> str | None:
    """UTF-16 without a mark: of most letters one half is zero, and always the same one."""
    half = len(head) // 2
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if half and max(even, odd) > 0.4 * half and min(even, odd) < 0.05 * half:
        return "utf-16-le" if odd > even else "utf-16-be"
    return None


def _known(declared: str | None) -> str | None:
    if declared is None:
        return None
    try:
        b"    ".decode(declared, "ignore")  # refuses what is no encoding of text
    except LookupError:
        return None
    # What is declared Latin-1 is written in Windows' superset of it.
    name = codecs.lookup(declared).name
    return "cp1252" if name in ("iso8859-1", "ascii") else name


def _guessed(data: bytes) -> str:
    best = from_bytes(data[:SAMPLE]).best()
    if best is None:
        raise DocumentError("Its text is in no encoding that is known; save it as UTF-8.", "E_UNKNOWN_KIND")
    return best.encoding
