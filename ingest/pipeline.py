"""One file after the other into the library: read, cut, embed, store; one report a file, whatever it holds.

A bad file never stops the others: what is wrong with it becomes its report. What is wrong with the library or the
machine (no space, another owner) is raised. Knows no terminal and no web page; both listen to `Progress`.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import get_args

from ingest import ocr, slabs
from ingest.ahead import File, ReaderAhead, read
from ingest.chunk import Limit, cut
from ingest.digest import digest
from ingest.glyphs import save_unlocked
from ingest.guesses import Guesses
from ingest.parsed import Limits, Parsed
from ingest.sandboxes import Sandboxes
from ingest.sniff import SUFFIXES
from rag_chat import document_name, front, language, token_codes
from rag_chat.config import Settings
from rag_chat.errors import BadSetting, DiskFailed, DiskFull, DocumentError
from rag_chat.index.connect import Library
from rag_chat.library import names
from rag_chat.library.begun import Begun, Unfinished
from rag_chat.library.catalog import Built
from rag_chat.library.token_vectors import TokenCodes
from rag_chat.progress import WITHOUT_READER, Listener, Progress
from rag_chat.protocols import Embedder, TokenEncoder
from rag_chat.sandbox import Sandbox
from rag_chat.types import WITHOUT_TEXT, Chunk, Document, IngestReport, Page, PageState, Status, Vectors

SCARCE = 2_000_000_000  # bytes free
SAMPLE, SAMPLED = 600, 5  # characters of a page, and about so many pages


class Ingestor:
    """Adds documents to one open library. Threads may bring some at a time: these are read side by side, and embedded
    and stored one after the other."""

    def __init__(
        self, library: Library, embedder: Embedder, settings: Settings, tokens: TokenEncoder | None = None
    ) -> None:
        """With `tokens` every document comes with the token vectors of its chunks."""
        self._library = library
        self._embedder = embedder
        self._tokens = tokens
        self._begun = Begun(library.folder)
        self._closing = False
        self._limit = Limit(min(settings.chunk_tokens, embedder.longest), settings.chunk_overlap_tokens)
        self._english_encoder = settings.english_encoder
        self._limits = Limits(settings.max_file_mb, settings.max_pages)
        self._storing, self._recognition, self._guessing = threading.Lock(), threading.Lock(), threading.Lock()
        self._guesses = Guesses()
        sandbox = partial(Sandbox, seconds=settings.parse_seconds, memory_mb=settings.parse_memory_mb)
        self._sandboxes = Sandboxes(sandbox)
        self._ahead = ReaderAhead(self._limits, sandbox, self._recognition, self._is_wanted, self._begun)

    def close(self) -> None:
        """Ends the reading processes; the library stays its owner's, and what was begun goes on another time."""
        self._closing = True
        self._ahead.close()
        self._sandboxes.close()

    def __enter__(self) -> Ingestor:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def add(
        self, path: Path, *, name: str | None = None, password: str | None = None, replace_same_name: bool = False,
        progress: Listener | None = None,
    ) -> IngestReport:  # fmt: skip
        """Never raises for what is wrong with the file itself; LibraryError for what is wrong with the library.

        With `replace_same_name` it takes the place of the documents of its name, in the commit that makes it ready.
        """
        try:
            return self._reported(_file(path, name, password), replace_same_name, progress or _nobody)
        finally:
            self._ahead.drop(path)

    def read_ahead(self, path: Path, *, name: str | None = None, password: str | None = None) -> None:
        """Reads already what is to be added next, while another is embedded; returns at once, and changes nothing of
        what adding it will come to."""
        self._ahead.start(_file(path, name, password))

    def drop_ahead(self, path: Path) -> None:
        """It will not be added; ends its reading."""
        self._ahead.drop(path)

    def _reported(self, file: File, replace_same_name: bool, tell: Listener) -> IngestReport:
        start = time.perf_counter()
        shown = file.name
        doc_id: str | None = None
        try:
            doc_id = digest(file.path)
            report = self._add(file, doc_id, replace_same_name, tell)
        except DocumentError as error:
            report = IngestReport(shown, doc_id, "failed", error=str(error), code=error.code)
        except DiskFull as error:
            report = IngestReport(shown, doc_id, "failed", error=str(error), code="E_DISK_FULL")
        except DiskFailed as error:
            report = IngestReport(shown, doc_id, "failed", error=str(error), code="E_DISK_FAILED")
        except OSError as error:  # the library's own are ours by now: the file went, or its disk did
            said = f"The file '{shown}' cannot be read any more: {error.strerror}."
            report = IngestReport(shown, doc_id, "failed", error=said, code="E_UNREADABLE")
        if doc_id is not None and not self._closing:
            self._ahead.drop(file.path)  # which may keep what it reads
            self._begun.of(doc_id).drop()
        return _timed(report, start)

    def add_all(
        self, paths: Iterable[Path], *, password: str | None = None, replace_same_name: bool = False,
        progress: Listener | None = None,
    ) -> Iterator[IngestReport]:  # fmt: skip
        """Each is read while the one before it is embedded and stored."""
        tell, left = progress or _nobody, iter(paths)
        path = next(left, None)
        while path is not None:
            following = next(left, None)

            def heard(step: Progress, following: Path | None = following) -> None:
                if following is not None and step.stage in WITHOUT_READER:
                    self.read_ahead(following, password=password)
                tell(step)

            yield self.add(path, password=password, replace_same_name=replace_same_name, progress=heard)
            path = following

    def rebuild(self, progress: Listener | None = None) -> Iterator[IngestReport]:
        """Chunks and vectors of every document anew from the catalog's pages; the old ones serve until all are made."""
        catalog = self._library.catalog
        catalog.drop_staged()
        for document in catalog.documents():
            start = time.perf_counter()
            pages, outline = catalog.pages(document.doc_id), catalog.outline(document.doc_id)
            parsed = Parsed(document.title, tuple(pages), tuple(outline), document.kind)
            chunks, vectors, tokens = self._embed(document.doc_id, document.name, parsed, progress or _nobody, None)
            catalog.stage(chunks, vectors, tokens)
            yield _timed(_report(replace(document, chunks=len(chunks)), "ready"), start)
        self._library.replace_chunks(
            Built(self._embedder.name, self._embedder.dimension, self._limit.tokens, self._limit.overlap)
        )

    def _add(self, file: File, doc_id: str, replace_same_name: bool, tell: Listener) -> IngestReport:
        if (unchanged := self._unchanged(file, doc_id)) is not None:
            return unchanged
        parsed = self._parsed(file, doc_id, tell)
        with self._storing:
            return self._unchanged(file, doc_id) or self._store(file, doc_id, parsed, replace_same_name, tell)

    def _unchanged(self, file: File, doc_id: str) -> IngestReport | None:
        """Where it is in the library already and there is nothing to add to it."""
        present = self._library.catalog.document(doc_id)
        if present is None or self._is_wanted(doc_id):
            return None
        return replace(_report(present, "unchanged"), document=file.name)

    def _store(
        self, file: File, doc_id: str, parsed: Parsed, replace_same_name: bool, tell: Listener
    ) -> IngestReport:  # fmt: skip
        path, name, password = file.path, file.name, file.password
        others = (d for d in self._library.catalog.documents() if d.doc_id != doc_id)
        replaces = tuple(d.doc_id for d in others if names.same(d.name, name)) if replace_same_name else ()
        chunks, vectors, tokens = self._embed(doc_id, name, parsed, tell, self._begun.of(doc_id))
        tell(Progress(name, "storing", 0, len(chunks)))
        document = _document(doc_id, name, parsed, len(chunks), path.stat().st_size)
        if shutil.disk_usage(self._library.folder).free < SCARCE:
            self._begun.of(doc_id).drop()  # its room is the document's
        with self._readable_source(path, password if parsed.kind == "pdf" else None) as source:
            self._library.add(
                document, parsed.pages, chunks, vectors,
                outline=parsed.outline, source=source, sha256=doc_id if source == path else None, replaces=replaces,
                tokens=tokens,
            )  # fmt: skip
        tell(Progress(name, "storing", len(chunks), len(chunks)))
        notice = language.notice("Its text", _sample(parsed.pages), self._english_encoder)
        return replace(_report(document, "ready"), replaced=replaces, notice=notice)

    def _parsed(self, file: File, doc_id: str, tell: Listener) -> Parsed:
        """As it was read before its turn, or reads it now."""
        if file.password is None:
            return self._read(file, doc_id, tell)
        with self._guessing:  # one password after the other, so that each is counted before the next is tried
            self._guesses.check(doc_id)
            try:
                return self._read(file, doc_id, tell)
            except DocumentError as error:
                if error.code == "E_BAD_PASSWORD":
                    self._guesses.wrong(doc_id)
                raise

    def _read(self, file: File, doc_id: str, tell: Listener) -> Parsed:
        tell(Progress(file.name, "reading", 0, 0))
        if (parsed := self._ahead.take(file, doc_id, tell)) is not None:
            return parsed
        with self._sandboxes.one() as sandbox:
            return read(file, self._limits, sandbox, self._recognition, tell, self._begun.of(doc_id))

    def _is_wanted(self, doc_id: str) -> bool:
        """Is it not there, or has it pages that could not be read when it was added, but can be recognised by now?"""
        present = self._library.catalog.document(doc_id)
        if present is None or not ocr.is_installed():
            return present is None
        pages = (self._library.catalog.page(present.doc_id, number) for number in present.pages_without_text)
        return bool(present.pages_garbled) or any(page is not None and page.state == "empty" for page in pages)

    @contextmanager
    def _readable_source(self, path: Path, password: str | None) -> Iterator[Path]:
        """The file to keep: the original, or a copy without encryption, so that its pages can be shown later."""
        if password is None:
            yield path
            return
        with TemporaryDirectory() as folder, self._sandboxes.one() as sandbox:
            copy = Path(folder) / "unlocked.pdf"
            unlocked = sandbox.call(save_unlocked, str(path.resolve()), password, str(copy))
            yield copy if unlocked else path

    def _embed(
        self, doc_id: str, name: str, parsed: Parsed, tell: Listener, begun: Unfinished | None
    ) -> tuple[list[Chunk], Vectors, TokenCodes | None]:
        called = document_name.called(name, parsed.title)
        cuts = cut(doc_id, called, parsed.pages, parsed.outline, limit=self._limit, count=self._embedder.token_counts)
        total = len(cuts) * (1 if self._tokens is None else 2)
        vectors = slabs.vectors(
            self._embedder,
            [c.embedded for c in cuts],
            begun,
            lambda done: tell(Progress(name, "embedding", done, total)),
        )
        chunks = [c.chunk for c in cuts]
        if self._tokens is None:
            return chunks, vectors, None
        codes = slabs.codes(
            self._tokens, [front.before(called, chunk.heading, chunk.text) for chunk in chunks], begun,
            lambda done: tell(Progress(name, "embedding", len(chunks) + done, total)),
        )  # fmt: skip
        return chunks, vectors, TokenCodes(token_codes.key(self._tokens), codes)


def _file(path: Path, name: str | None, password: str | None) -> File:
    return File(path, display_name(name if name is not None else path.name), password)


def find_files(paths: Iterable[Path]) -> list[Path]:
    """Files as they are named, folders as all the files in them that can be read, in a stable order, each once. Raises
    BadSetting for what is neither: reading from a pipe or a device might never end."""
    found: dict[Path, None] = {}
    for path in paths:
        if path.exists() and not path.is_file() and not path.is_dir():
            raise BadSetting(f"'{path}' is neither a file nor a folder; name one of these.")
        inside = sorted(p for p in path.rglob("*") if _is_readable(p)) if path.is_dir() else [path]
        found.update(dict.fromkeys(inside))
    return list(found)


def _is_readable(path: Path) -> bool:
    """By its name; what is hidden, and what Word keeps beside a file that is open, is nobody's document."""
    return path.suffix.lower() in SUFFIXES and not path.name.startswith((".", "~$")) and path.is_file()


def display_name(name: str) -> str:
    """For people only, never a path: no folders, no control characters, no endless line."""
    last = name.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    shown = "".join(c for c in last.encode("utf-8", "replace").decode("utf-8") if c.isprintable()).strip()
    return shown[:200] or "unnamed"


def _document(doc_id: str, name: str, parsed: Parsed, chunks: int, size: int) -> Document:
    added = datetime.now(UTC).isoformat(timespec="seconds")
    states = {state: tuple(p.number for p in parsed.pages if p.state == state) for state in get_args(PageState)}
    without = tuple(sorted(number for state in WITHOUT_TEXT for number in states[state]))
    hidden = tuple(p.number for p in parsed.pages if p.hidden)
    return Document(
        doc_id, name, parsed.title or name, len(parsed.pages), chunks, size, added, without, states["ocr"],
        states["failed"], hidden, parsed.kind, states["garbled"], states["layer"], parsed.repaired,
    )  # fmt: skip


def _sample(pages: Sequence[Page]) -> str:
    """Of some of the pages the beginning: enough to tell the language by."""
    return "\n".join(page.text[:SAMPLE] for page in pages[:: max(1, len(pages) // SAMPLED)])


def _report(document: Document, status: Status) -> IngestReport:
    d = document
    return IngestReport(
        d.name, d.doc_id, status, d.pages, d.chunks, d.pages_without_text, d.pages_ocr,
        pages_failed=d.pages_failed, pages_hidden=d.pages_hidden, kind=d.kind, pages_garbled=d.pages_garbled,
        pages_layer=d.pages_layer, repaired=d.repaired,
    )  # fmt: skip


def _timed(report: IngestReport, start: float) -> IngestReport:
    return replace(report, seconds=round(time.perf_counter() - start, 3))


def _nobody(_: Progress) -> None:
    return
