"""Decides, for each hyphen that PDFium found at a line's end, whether it belongs to the word.

PDFium drops the line break and marks the place. The document's own words decide: "termi|nate" is joined (the mark
becomes a soft hyphen, which `readable` removes), "non|public" keeps its hyphen. Lengths never change.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from rag_chat.types import Page

MARK = "\ufffe"
SOFT = "\u00ad"
_BROKEN = re.compile(rf"(\w{{0,40}}){MARK}(\w{{0,40}})")
_WORD = re.compile(r"[^\W\d_]{2,}")


def settle(pages: Sequence[Page]) -> tuple[Page, ...]:
    if not any(MARK in page.text for page in pages):
        return tuple(pages)
    words = _vocabulary(page.text for page in pages)
    return tuple(
        replace(p, text=_BROKEN.sub(lambda match: _joined(match, words), p.text)) if MARK in p.text else p
        for p in pages
    )


def _vocabulary(texts: Iterable[str]) -> set[str]:
    """Whole words only: the halves of broken ones must not count."""
    return {word.lower() for text in texts for word in _WORD.findall(_BROKEN.sub(" ", text))}


def _joined(match: re.Match[str], words: set[str]) -> str:
    left, right = match.groups()
    return left + (SOFT if _is_one_word(left, right, words) else "-") + right


def _is_one_word(left: str, right: str, words: set[str]) -> bool:
    if not left.isalpha() or not right.isalpha() or not right.islower():
        return False
    if (left + right).lower() in words:
        return True
    return not (left.lower() in words and right.lower() in words)
