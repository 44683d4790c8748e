"""What a command asks of the app that has its library open, and how the answer travels: one JSON line a value.

Values travel whole, as they are (`wire` leaves out what a terminal shows), and errors as the class and the sentence.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from rag_chat import errors
from rag_chat.errors import RagChatError
from rag_chat.types import Mode, PageRange, Turn

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

ROUTE = "/api/commands"


@dataclass(frozen=True, slots=True)
class Ask:
    """The answer: events."""

    question: str
    history: tuple[Turn, ...] = ()
    doc_ids: tuple[str, ...] | None = None
    pages: PageRange | None = None


@dataclass(frozen=True, slots=True)
class Search:
    """The answer: a SearchResult."""

    query: str
    mode: Mode | None = None
    candidates: int | None = None
    passages: int | None = None
    doc_ids: tuple[str, ...] | None = None
    pages: PageRange | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    """The answer: a Deletion."""

    doc_id: str


@dataclass(frozen=True, slots=True)
class Add:
    """The answer: Progress, and at the end an IngestReport."""

    path: str  # absolute
    name: str
    password: str | None = field(default=None, repr=False)
    replace_same_name: bool = False


def line(value: DataclassInstance) -> bytes:
    return _line({"value": asdict(value)})


def error_line(error: RagChatError) -> bytes:
    return _line({"error": type(error).__name__, "said": str(error)})


def values(lines: Iterable[str], form: Any) -> Iterator[Any]:
    """The values, of the type `form`. Raises the error that travelled, and ValueError for what is none of both."""
    from pydantic import TypeAdapter

    adapter: TypeAdapter[Any] = TypeAdapter(form)
    for text in lines:
        got = json.loads(text)
        if "error" in got:
            raise _error(str(got["error"]), str(got["said"]))
        yield adapter.validate_python(got["value"])


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value).encode() + b"\n"  # ASCII: half a character in a question travels too


def _error(name: str, said: str) -> RagChatError:
    kind = getattr(errors, name, RagChatError)
    return kind(said) if isinstance(kind, type) and issubclass(kind, RagChatError) else RagChatError(said)
