"""What a document is called: by its file's name, or by its title where that name says nothing ("scan0012.pdf").

Judged by words alone: no model, no look at the text. A name that says little ("report") still counts as one.
"""

from __future__ import annotations

import re

ENDING = re.compile(r"\.(?:pdf|docx|x?html?|md|markdown|txt)$", re.IGNORECASE)  # of a file's name
FEWEST_LETTERS = 3  # of a word; where a word is written without an alphabet one character is enough
_IDEOGRAPHS = "\u2e80"  # and what follows it
_SAYS_NOTHING = frozenset(
    "attachment camscanner copy doc document dokument download downloaded draft dsc file final image img microsoft"
    " new noname page pages pdf photo picture powerpoint presentation print scan scanned scanner screenshot temp tmp"
    " unbenannt unknown unnamed untitled version".split()
)
_MAKER = re.compile(
    r"^(?:microsoft )?(?:word|excel|powerpoint) - ", re.IGNORECASE
)  # what prints writes it before its name
_OFFICE = re.compile(r"\.(?:docx?|xlsx?|pptx?|odt|rtf)$", re.IGNORECASE)
_HASH = re.compile(
    r"(?<![^\W_])(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?=[0-9a-f]*\d[a-f])[0-9a-f]{8,})(?![^\W_])", re.I
)
_WORD = re.compile(r"[^\W\d_]+")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")  # between glued words
_SHORT_NAME = re.compile(r"(?<![^\W_])\d{1,3}[A-Z]{1,3}(?![^\W_])")  # 3M, 10K


def called(name: str, title: str) -> str:
    """The file's name as it is, or the title in its place; the name also where neither says anything."""
    own = _OFFICE.sub("", _MAKER.sub("", " ".join(title.split())))
    return own if not is_telling(name) and is_telling(own) else name


def is_telling(name: str) -> bool:
    """Whether a file's name or a title has a word by which to know the document: "scan 12" and hashes have none."""
    stem = _HASH.sub(" ", _OFFICE.sub("", ENDING.sub("", name)))
    if _SHORT_NAME.search(stem):
        return True
    glued = (word for word in _WORD.findall(stem) if word.lower() not in _SAYS_NOTHING)
    parts = (part for word in glued for part in _HUMP.split(word) if part.lower() not in _SAYS_NOTHING)
    return any(len(part) >= FEWEST_LETTERS or max(part) >= _IDEOGRAPHS for part in parts)
