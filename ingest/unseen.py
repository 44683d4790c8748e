"""Signs that show nothing to people and say something to a machine: tags, turned directions, words taken apart.

One is an accident, and some belong where they stand: soft hyphens, the joiners of Arabic, Indic and emoji, a mark of
the byte order, tags in the flag of Wales, a sign of no width where a long word may break.
"""

from __future__ import annotations

import re

FEWEST = 4  # of a page
_NO_WIDTH = "\u200b\u2060-\u2064\ufeff"
_HALF = re.compile("(?<=[\U00010000-\U0010ffff])\u200b")  # keeps PDFium's index, see glyphs.py
_FLAG = re.compile("\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f")
_SMALL = "a-zß-öø-ÿα-ωа-я"
_SAYING = re.compile(
    f"[\U000e0000-\U000e007f\u202d\u202e]|(?<=[{_NO_WIDTH}])[{_NO_WIDTH}]|(?<=[{_SMALL}])[{_NO_WIDTH}](?=[{_SMALL}])"
)


def hides_signs(text: str) -> bool:
    return len(_SAYING.findall(_FLAG.sub("", _HALF.sub("", text)))) >= FEWEST
