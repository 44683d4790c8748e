"""Where the notes at the foot of a page begin.

A note begins on a line of its own with its sign, and the same sign stands raised behind a word above it, which a PDF
gives as "grain1" or "grain.*". Limit: a sign with a blank before it is not seen, as figures have that too.
"""

from __future__ import annotations

import re
from itertools import islice

from rag_chat.sentences import is_closed

LOWEST = 0.5  # of the page's text stands above its notes at least
LEAST_WORDS = 5  # of a note's first line, unless it is closed: "1 Introduction" is a heading
MOST_TRIED = 20  # lines of a page
_NOTE = re.compile(r"^[^\S\n]*(\d{1,3}|[*†‡§]{1,3})[^\S\n]?(?=[A-ZÀ-Þ“\"(])[^\n]*", re.MULTILINE)


def begin(text: str) -> int:
    """The place of the first note's sign; the text's length where there is none."""
    for note in islice(_NOTE.finditer(text, int(LOWEST * len(text))), MOST_TRIED):
        sign = re.escape(note[1])
        raised = re.compile(rf"(?<=[a-zß-ÿ])[.,;:)”\"]?{sign}(?![\w.%*†‡§])")
        if (len(note[0].split()) > LEAST_WORDS or is_closed(note[0])) and raised.search(text, 0, note.start()):
            return note.start(1)
    return len(text)
