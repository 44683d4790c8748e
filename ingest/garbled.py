"""Does a page's text say what the page shows, or do its fonts map the letters to others?

A font may say nothing, or something untrue, of what its signs mean; the page then looks right and reads as "WKH TXLFN
EURZQ". No list of words is asked, as the language may be any: what is counted is words that nobody could say, without
a vowel, with five consonants in a row, or with four vowels. In 2,630 pages of reports, papers and odd PDFs, German
ones among them, no honest page has more than one such word in ten; letters exchanged at random make one in three.
Limits: scripts that write no vowels, a page of few words, and an exchange that leaves most vowels vowels.
"""

from __future__ import annotations

import re
import unicodedata

from ingest.glyphs import UNREADABLE

UNKNOWN_SIGNS = 0.1  # share of a page's signs
UNSAYABLE_WORDS = 0.15  # share of its different words
FEWEST_WORDS = 20
_WORD = re.compile(r"[^\W\d_]{4,}")
_SCRIPTS = re.compile(r"[a-zα-ωа-я]+")
_VOWELS = "aeiouyαεηιουωаеиоуыэюя"
_UNSAYABLE = re.compile(f"^[^{_VOWELS}ъ]+$|[^{_VOWELS}ъ]{{5}}|[{_VOWELS}]{{4}}")


def is_garbled(text: str) -> bool:
    signs = [sign for sign in text if not sign.isspace()]
    if sum(map(_is_unknown, signs)) > UNKNOWN_SIGNS * len(signs):
        return True
    found = {_unaccented(word) for word in _WORD.findall(text)}
    words = [word for word in found if _SCRIPTS.fullmatch(word)]
    if len(words) < FEWEST_WORDS:
        return False
    return sum(_UNSAYABLE.search(word) is not None for word in words) > UNSAYABLE_WORDS * len(words)


def _is_unknown(sign: str) -> bool:
    return sign == UNREADABLE or unicodedata.category(sign) == "Co"  # for private use: a font's own numbers


def _unaccented(word: str) -> str:
    letters = unicodedata.normalize("NFKD", word.lower())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
