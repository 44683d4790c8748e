"""The lines of `search --queries` and `ask --questions`: `{"id", "text", "documents": [names, optional]}`.

The whole file is checked before the first line runs, so that a mistake in the last line costs nothing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag_chat import question
from rag_chat.commands import session
from rag_chat.errors import BadDataset, RagChatError
from rag_chat.types import Document

FORM = 'A file with one line each: {"id": 1, "text": "...", "documents": ["a.pdf"]}; documents may be left out.'


@dataclass(frozen=True, slots=True)
class Line:
    """One query; `doc_ids` is None where all documents may answer."""

    id: str | int
    text: str
    doc_ids: list[str] | None


def read(path: Path, known: list[Document], most_characters: int) -> list[Line]:
    """Raises BadDataset with the number of the first line that cannot be used."""
    try:
        raw = path.read_text(encoding="utf-8-sig")  # Windows editors begin a file with a mark
    except FileNotFoundError as error:
        raise BadDataset(f"No file '{path.name}' is there; give a .jsonl file with one query a line.") from error
    except (UnicodeDecodeError, OSError) as error:
        raise BadDataset(f"The file '{path.name}' cannot be read as UTF-8 text; save it as .jsonl in UTF-8.") from error
    lines = [
        _line(path.name, number, text, known, most_characters)
        for number, text in enumerate(raw.split("\n"), start=1)
        if text.strip()
    ]
    if not lines:
        raise BadDataset(f'The file \'{path.name}\' holds no line; write one {{"id", "text"}} object a line.')
    return lines


def _line(name: str, number: int, text: str, known: list[Document], most_characters: int) -> Line:
    try:
        row: Any = json.loads(text)
        identity, asked, documents = row["id"], row["text"], row.get("documents")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _bad(name, number, "is no JSON object with `id` and `text`") from error
    if not isinstance(asked, str) or not isinstance(identity, str | int):
        raise _bad(name, number, "has an `id` or a `text` that is no string")
    if documents is not None and not (isinstance(documents, list) and all(isinstance(d, str) for d in documents)):
        raise _bad(name, number, "has `documents` that are no list of names")
    try:
        question.check(asked, most_characters)
        doc_ids = [doc_id for document in documents or () for doc_id in session.named(known, document)]
    except RagChatError as error:
        raise BadDataset(f"Line {number} of '{name}': {error}") from error
    return Line(identity, asked, doc_ids or None)


def _bad(name: str, number: int, fault: str) -> BadDataset:
    return BadDataset(f"Line {number} of '{name}' {fault}; mend or remove that line.")
