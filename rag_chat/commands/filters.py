"""The options that say where to look: which documents, which of their pages, when they were added."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from rag_chat import filters
from rag_chat.commands import session

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
    return Scope(
        session.chosen(known, document or [], since=since, until=until),
        None if pages is None else filters.page_range(pages, "--pages"),
    )
