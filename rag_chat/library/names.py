"""When the names of two files are one name."""

from __future__ import annotations

import unicodedata


def same(one: str, other: str) -> bool:
    """By what is read: "é" is one letter or a letter and its accent, as the machine writes it that sent the file."""
    return unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other)
