"""What an encoder reads in front of a chunk: which document, which section. A table says neither by itself."""

from __future__ import annotations

import re

from rag_chat.sentences import readable

LONGEST_NAME, LONGEST_HEADING = 60, 100  # characters


def line(document: str, heading: str) -> str:
    """'PFIZER 2021 10K | Item 7 > Revenues'; '' where neither is known."""
    stem = re.sub(r"\.pdf$", "", document, flags=re.IGNORECASE).replace("_", " ")
    parts = (" ".join(stem.split())[:LONGEST_NAME], heading[:LONGEST_HEADING])
    return readable(" | ".join(part for part in parts if part))


def before(document: str, heading: str, text: str) -> str:
    """The text as an encoder reads it: readable, its line in front."""
    front = line(document, heading)
    return f"{front}\n{readable(text)}" if front else readable(text)
