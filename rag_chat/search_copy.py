"""The copy of a text that is searched, compared and read by models: as people would type it, however a file wrote it.

Words are whole over line ends, what cannot be seen is gone, and letters have their usual form (Unicode's NFKC):
ligatures are apart, full width is none, accents are on their letters. But raised figures stand apart, as "10⁶" is not
106, and fractions and trade marks stay, as "1½" is not 11⁄2 and "Lipitor™" no LipitorTM. Quotes keep the original, so a
copy can say where in it each character stands.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from rag_chat.sentences import INVISIBLE, LINE_END_HYPHEN

_RAISED = "²³¹⁰ⁱ⁴-ⁿ"
_KEPT = "¼-¾⅐-⅟↉℠™"
_JOINING = "\u0300-\u036f\u0653-\u0655\u1160-\u11ff\u3099\u309a\uff9e\uff9f"  # may become one with the sign before
_PIECE = re.compile(
    rf"(?P<gone>{LINE_END_HYPHEN}|{INVISIBLE}+)|(?P<raised>(?<=\w)[{_RAISED}]+)"
    rf"|(?P<same>[\t\n\r !-,.-~{_KEPT}]+(?![{_JOINING}]))|[\s\S][{_JOINING}]*"
)


@dataclass(frozen=True, slots=True)
class Aligned:
    """`text[i]` is what the original says from `starts[i]` to `ends[i]`."""

    text: str
    starts: list[int]
    ends: list[int]

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The place in the original of `text[start:end]`, which is not empty."""
        return self.starts[start], self.ends[end - 1]


def searchable(text: str) -> str:
    """On one line; what is searchable already stays as it is."""
    return " ".join("".join(map(_copied, _PIECE.finditer(text))).split())


def aligned(text: str) -> Aligned:
    """The same, but for its blanks and lines, which stay."""
    made, starts, ends = [], list[int](), list[int]()
    for piece in _PIECE.finditer(text):
        start, end = piece.span()
        copied = _copied(piece)
        same = copied == piece[0]
        made.append(copied)
        starts += range(start, end) if same else [start] * len(copied)
        ends += range(start + 1, end + 1) if same else [end] * len(copied)
    return Aligned("".join(made), starts, ends)


def _copied(piece: re.Match[str]) -> str:
    if piece.lastgroup == "same":
        return piece[0]
    if piece.lastgroup == "gone":
        return ""
    usual = unicodedata.normalize("NFKC", piece[0])
    return f" {usual}" if piece.lastgroup == "raised" else usual
