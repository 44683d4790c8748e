"""The options that every command shares, and what they open. Loads no model by itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Protocol

from rag_chat import filters
from rag_chat.commands import terminal
from rag_chat.document_name import ENDING
from rag_chat.errors import NotFound

if TYPE_CHECKING:
    import typer

    from rag_chat.build import App
    from rag_chat.config import Settings
    from rag_chat.index.connect import Deletion, Library
    from rag_chat.protocols import Asking
    from rag_chat.types import Document, Mode

CATALOG = "catalog.sqlite"
SHORTEST_PREFIX = 4  # of a document id
NO_DOCUMENTS = "The library holds no documents yet; add some with: rag-ingest PATH."


@dataclass(frozen=True, slots=True)
class Session:
    """`--library`, `--config` and `--debug` as given; `of` reads them back from typer's context."""

    library: Path | None = None
    config: Path | None = None
    debug: bool = False

    @classmethod
    def of(cls, context: typer.Context) -> Session:
        session: Session = context.find_root().obj
        return session

    def settings(
        self, *, mode: Mode | None = None, candidates: int | None = None, passages: int | None = None
    ) -> Settings:
        from rag_chat import config
        from rag_chat.library import remembered

        given = config.load(self.config, library=self.library, mode=mode, candidates=candidates, passages=passages)
        return remembered.settings_of(given)


class Deleting(Protocol):
    def delete(self, doc_id: str) -> Deletion: ...


@contextmanager
def opened(settings: Settings, *, exclusive: bool = False) -> Iterator[App]:
    """The app with its models, closed whatever happens."""
    from rag_chat.build import open_app

    app = open_app(settings, exclusive=exclusive)
    try:
        yield app
    finally:
        app.close()


@contextmanager
def reading(settings: Settings) -> Iterator[App]:
    """The app with its models; over a copy of the catalog where a running app has the library open."""
    from rag_chat import running
    from rag_chat.library import backup

    if running.find(settings.library) is None:
        with opened(settings) as here:
            yield here
        return
    with TemporaryDirectory() as folder:
        backup.copy_catalog(settings.library, Path(folder))
        with opened(settings.model_copy(update={"library": Path(folder)})) as here:
            yield here


@contextmanager
def answering(settings: Settings) -> Iterator[Asking]:
    """The engine, or the running app's where one has the library open."""
    from rag_chat import running

    app = running.find(settings.library)
    if app is not None:
        terminal.note(running.NOTE)
        yield app
        return
    with opened(settings) as here:
        yield here.engine


@contextmanager
def deleting(settings: Settings) -> Iterator[Deleting]:
    """The library, or the running app that has it open."""
    from rag_chat import running

    app = running.find(settings.library)
    if app is not None:
        yield app
        return
    with library(settings, exclusive=True) as here:
        yield here


@contextmanager
def library(settings: Settings, *, exclusive: bool) -> Iterator[Library]:
    """Catalog and index without any model, whatever embedder they were built with."""
    from rag_chat.index.connect import open_library

    found = open_library(
        settings.library,
        settings.embedder_name,
        0,
        chunk_tokens=settings.chunk_tokens,
        overlap=settings.chunk_overlap_tokens,
        exclusive=exclusive,
        any_built=True,
    )
    try:
        yield found
    finally:
        found.close()


def documents(settings: Settings) -> list[Document]:
    """What the catalog lists, read without models; a library that was never made is empty, and stays unmade."""
    from rag_chat.library.catalog import Catalog

    if not (settings.library / CATALOG).is_file():
        return []
    catalog = Catalog(settings.library)
    try:
        return catalog.documents()
    finally:
        catalog.close()


def check_named(settings: Settings) -> None:
    """Raises NotFound for a library that the user named and that is not there: a slip of the keyboard, most likely."""
    check_is_folder(settings)
    if "library" in settings.model_fields_set and not settings.library.exists():
        raise NotFound(
            f"The library '{settings.library}' does not exist yet; check the path, or make it with:"
            f" rag-ingest PATH --library '{settings.library}'."
        )


def check_is_folder(settings: Settings) -> None:
    if settings.library.exists() and not settings.library.is_dir():
        raise NotFound(f"The library '{settings.library}' is a file; name the folder that rag-ingest made.")


def some_documents(settings: Settings) -> list[Document]:
    """The same, refused where there are none."""
    check_named(settings)
    found = documents(settings)
    if not found:
        raise NotFound(NO_DOCUMENTS)
    return found


def chosen(
    known: list[Document], given: list[str], *, since: str | None = None, until: str | None = None
) -> list[str] | None:
    """The ids of the documents that the user named by id, the beginning of an id, or file name (in any case, its ending
    may be left out), of those added from `since` to `until` (days, both included); None for all."""
    wanted = list(dict.fromkeys(_one(known, name) for name in given)) or None
    if since is None and until is None:
        return wanted
    first, last = (
        "" if given is None else filters.day(given, what) for given, what in ((since, "since"), (until, "until"))
    )
    there = [d for d in known if wanted is None or d.doc_id in wanted]
    return [d.doc_id for d in filters.added(there, first, last)]


def named(known: list[Document], name: str) -> list[str]:
    """The ids of every document with this file name, else of the one that it fits without ending and case."""
    found = [d.doc_id for d in known if d.name == name] or [d.doc_id for d in known if _fits(name, d.name)]
    if not found:
        raise NotFound(f"No document is named '{name[:120]}'; see the names with: rag-chat documents.")
    if len(found) > 1 and name not in {d.name for d in known}:
        raise NotFound(f"'{name[:80]}' stands for {len(found)} documents; give its name with its ending.")
    return found


def _one(known: list[Document], given: str) -> str:
    found = [d.doc_id for d in known if given in (d.doc_id, d.name)] or [
        d.doc_id
        for d in known
        if _fits(given, d.name) or (len(given) >= SHORTEST_PREFIX and d.doc_id.startswith(given))
    ]
    if not found:
        raise NotFound(
            f"No document has the name or the id '{given[:80]}', nor an id that begins so; see both with:"
            " rag-chat documents."
        )
    if len(found) > 1:
        raise NotFound(f"'{given[:80]}' stands for {len(found)} documents; give the whole name, or more of the id.")
    return found[0]


def _fits(given: str, name: str) -> bool:
    """The file's name in any case, with or without its ending."""
    return given.casefold() in (name.casefold(), ENDING.sub("", name).casefold())
