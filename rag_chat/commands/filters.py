"""The options that say where to look: which documents, which of their pages, when they were added."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from rag_chat.commands import session
from rag_chat.errors import BadSetting

if TYPE_CHECKING:
    from rag_chat.types import Document, PageRange

Documents: TypeAlias = Annotated[
    list[str] | None, typer.Option("--document", metavar="DOC_ID", help="Search only this; repeatable.")
]
Pages: TypeAlias = Annotated[
    str | None, typer.Option(metavar="FROM-TO", help="Only these pages, as a PDF viewer counts.")
]
Since: TypeAlias = Annotated[
    str | None, typer.Option(metavar="DATE", help="Only documents added on that day or later.")
]
Until: TypeAlias = Annotated[
    str | None, typer.Option(metavar="DATE", help="Only documents added on that day or earlier.")
]


@dataclass(frozen=True, slots=True)
class Scope:
    """Where to look; None means everywhere."""

    doc_ids: list[str] | None
    pages: PageRange | None


def scope(
    known: list[Document], document: list[str] | None, pages: str | None, since: str | None, until: str | None
) -> Scope:
    """Raises BadSetting for what is no range of pages or no date, NotFound where no document is left."""
    return Scope(session.chosen(known, document or [], since=since, until=until), _pages(pages))


def _pages(given: str | None) -> PageRange | None:
    if given is None:
        return None
    found = re.fullmatch(r"\s*(\d{1,9})\s*(?:-\s*(\d{1,9})\s*)?", given)
    first, last = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
    if not 1 <= first <= last:
        raise BadSetting(f"--pages '{given[:40]}' is no range of pages; write 7 or 10-20.")
    return first, last
