"""Opens a library: its lock, its catalog, and a vector store that holds exactly what the catalog says is ready.

The catalog is the truth. Where Chroma differs from it, the owner mends Chroma from the catalog's vectors without
embedding anything; a reader, who may not write, searches the catalog's vectors in memory instead. Importing this
loads no chromadb.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rag_chat.config import profiles_of
from rag_chat.errors import DiskFull, DocumentError, LibraryError, LibraryMismatch, NotFound
from rag_chat.index.in_memory import InMemory
from rag_chat.index.seal import Seal
from rag_chat.library.catalog import Built, Catalog
from rag_chat.library.files import require_room
from rag_chat.library.lock import Lock
from rag_chat.library.token_vectors import TokenCodes
from rag_chat.protocols import VectorStore
from rag_chat.sandbox import Sandbox
from rag_chat.types import Chunk, Document, Outline, Page, Vectors

PROBE_SECONDS = 300.0
SEAL = "chroma.seal"
SAME = 1e-4  # by which a vector may differ that Chroma gives back
# Bytes on disk while a document is written: its chunk in catalog, log and both indexes, a vector of float32 in four
# places, the text in three (measured: 6.4 kB a chunk of 384 dimensions with hardly any text).
_PER_CHUNK, _PER_CHARACTER = 1024, 4


@dataclass(frozen=True, slots=True)
class Deletion:
    """The proof of a deletion: what was there, and what is left (all zero)."""

    document: str
    doc_id: str
    chunks: int
    rows_left: int
    vectors_left: int
    files_left: int


@dataclass(frozen=True, slots=True)
class Library:
    """One open library. Writes go through it, so that catalog, index and files change in the one safe order."""

    folder: Path
    catalog: Catalog
    store: VectorStore
    lock: Lock
    seal: Seal

    def add(
        self, document: Document, pages: Sequence[Page], chunks: Sequence[Chunk], vectors: Vectors, *,
        outline: Sequence[Outline], source: Path, replaces: Sequence[str] = (), tokens: TokenCodes | None = None,
    ) -> None:  # fmt: skip
        """File, then vectors, then the commit that makes the document ready; a failure leaves nothing of it.

        Raises DiskFull before anything is written where the room is too small: a disk that is full to the last byte
        makes every part of the library fail in its own way.
        The documents that it replaces answer until that commit, and are removed after it. A document that is there
        already is put in its own place.
        """
        text = sum(len(page.text) for page in pages)
        per_chunk = _PER_CHUNK + 16 * vectors.shape[1]
        kept = 0 if tokens is None else 2 * sum(codes.nbytes for codes in tokens.codes)  # in catalog and log
        require_room(self.folder, document.size + len(chunks) * per_chunk + _PER_CHARACTER * text + kept)
        if not self.seal.made():  # a write that failed could not even be tidied up, and may have left its vectors
            _mend(self.store, self.catalog, compared=True)
        there = self.catalog.document(document.doc_id) is not None
        self.seal.remove()
        try:
            self.catalog.keep_file(document.doc_id, source, document.kind)
            self.store.upsert([c.id for c in chunks], [c.doc_id for c in chunks], vectors)
            self.catalog.add(document, pages, chunks, vectors, outline, replaces=replaces, tokens=tokens)
        except BaseException:
            self._forget(document.doc_id)
            raise
        with contextlib.suppress(LibraryError):  # the document is ready; what is left over goes at the next opening
            if there:  # it may have fewer chunks than before
                self._refill(document.doc_id)
            for old in replaces:
                self._remove(old)
            self.seal.make()

    def delete(self, doc_id: str) -> Deletion:
        """Invisible at once, then gone everywhere; opening the library ends an interrupted deletion.

        Raises NotFound where no ready document has this id.
        """
        document = self.catalog.document(doc_id)
        if document is None:
            raise NotFound(f"No document '{doc_id}' is in the library; `rag-chat documents` lists what is.")
        self.catalog.hide(doc_id)
        whole = self.seal.made()
        self.seal.remove()
        self._remove(doc_id)
        if whole:  # else an earlier write may have left what only the next one mends
            self.seal.make()
        return Deletion(
            document.name, doc_id, document.chunks, self.catalog.rows_left(doc_id), self.store.count(doc_id),
            int(self.catalog.file(doc_id).exists()),
        )  # fmt: skip

    def replace_chunks(self, built: Built) -> None:
        """Puts the catalog's staged chunks in the old ones' place and makes the index anew from them."""
        self.seal.remove()
        self.catalog.adopt_staged(built)
        self.store.clear()
        _fill(self.store, self.catalog)
        self.seal.make()

    def close(self) -> None:
        if not isinstance(self.store, InMemory):
            self.store.close()  # type: ignore[attr-defined]
        self.catalog.close()
        self.lock.close()

    def _remove(self, doc_id: str) -> None:
        self.store.delete(doc_id)
        self.catalog.delete(doc_id)

    def _refill(self, doc_id: str) -> None:
        """Makes the index hold the document's vectors of the catalog, and no others of it."""
        self.store.delete(doc_id)
        ids, vectors = self.catalog.vectors(doc_id)
        self.store.upsert(ids, [doc_id] * len(ids), vectors)

    def _forget(self, doc_id: str) -> None:
        """Best effort: what cannot be removed now is swept when the library is opened again."""
        with contextlib.suppress(LibraryError):
            if self.catalog.document(doc_id) is not None:  # Ctrl-C may come just after the commit, or it was there
                self._refill(doc_id)
            else:
                with contextlib.suppress(LibraryError):
                    self.catalog.delete(doc_id)  # first, as the file's room may be what the index lacks
                self.store.delete(doc_id)
            self.seal.make()


def open_library(
    folder: Path, embedder_name: str, dimension: int, *, chunk_tokens: int, overlap: int, exclusive: bool,
    any_built: bool = False,
) -> Library:  # fmt: skip
    """Opens or makes the library in `folder`.

    Raises LibraryInUse, or LibraryMismatch where it was built with other settings; `any_built` lets a rebuild in.
    """
    lock = Lock(folder, exclusive=exclusive)
    try:
        catalog = Catalog(folder)
        wanted = Built(embedder_name, dimension, chunk_tokens, overlap)
        if not any_built:
            _check_built(catalog, wanted)
        seal = Seal(folder / SEAL, folder / "chroma")
        if exclusive:
            catalog.sweep()
            store = _whole_store(folder / "chroma", catalog, seal, lock)
        else:
            store = _readers_store(folder / "chroma", catalog, seal, lock)
        return Library(folder, catalog, store, lock, seal)
    except BaseException:
        lock.close()
        raise


def distrust(folder: Path) -> None:
    """Lets the next owner compare the whole index with the catalog, vector by vector, before it is used."""
    (folder / SEAL).unlink(missing_ok=True)


def _check_built(catalog: Catalog, wanted: Built) -> None:
    built = catalog.built()
    if built is None or not catalog.documents():
        catalog.set_built(wanted)
    elif built != wanted:
        raise LibraryMismatch(
            f"The library was built with {_words(built)}, but the settings say {_words(wanted)};"
            " leave the setting out to use it as it is, run rag-ingest --rebuild to make it anew, or use another"
            " --library."
        )


def _words(built: Built) -> str:
    profiles = " or ".join(f"'{profile}'" for profile in profiles_of(built.embedder))
    of_profile = f"the profile {profiles}, " if profiles else ""
    return (
        f"{of_profile}'{built.embedder}' ({built.dimension} dimensions, chunks of {built.chunk_tokens} tokens,"
        f" {built.overlap} overlapping)"
    )


def _whole_store(folder: Path, catalog: Catalog, seal: Seal, lock: Lock) -> VectorStore:
    """Chroma, made to hold exactly the catalog's ready chunks."""
    from rag_chat.index.chroma_process import ChromaProcess, move_aside

    if folder.exists() and not seal.holds() and (seal.swollen() or not _survives_reading(folder, catalog)):
        move_aside(folder)
    new = not folder.exists() and not catalog.documents()
    seal.remove()
    with contextlib.ExitStack() as opened:
        store = ChromaProcess(folder, [lock.fileno()])
        opened.callback(store.close)
        if not new:  # else nothing waits for Chroma to be loaded before the first vectors are there
            _mend(store, catalog)
        opened.pop_all()
    seal.make()
    return store


def _mend(store: VectorStore, catalog: Catalog, *, compared: bool = False) -> None:
    """Makes the index hold the ready chunks and no others; one that cannot be used is made anew.

    `compared` does not trust the vectors that are there.
    """
    try:
        held, wanted = store.ids(), catalog.chunk_ids()  # type: ignore[attr-defined]
        if held - wanted:
            store.delete_ids(sorted(held - wanted))  # type: ignore[attr-defined]
        right = _right(store, catalog) if compared else held
        if wanted - right:
            _fill(store, catalog, without=right)
    except DiskFull:
        raise
    except LibraryError:
        built = catalog.built()
        size = catalog.chunk_count() * (_PER_CHUNK + 8 * (built.dimension if built else 0))
        require_room(catalog.path.parent, size)  # half an index would answer from half the documents
        store.renew()  # type: ignore[attr-defined]
        _fill(store, catalog)


def _right(store: VectorStore, catalog: Catalog) -> set[str]:
    """The chunks whose vector in the index is the catalog's."""
    known = _all_vectors(catalog)
    rows = store.rows()  # type: ignore[attr-defined]
    return {i for ids, vectors in rows for i, v in zip(ids, vectors, strict=True) if _is_same(known.get(i), v)}


def _is_same(known: Vectors | None, held: Vectors) -> bool:
    return known is not None and np.allclose(known, held, atol=SAME)


def _fill(store: VectorStore, catalog: Catalog, without: set[str] | frozenset[str] = frozenset()) -> None:
    for document in catalog.documents():
        ids, vectors = catalog.vectors(document.doc_id)
        rows = [i for i, chunk_id in enumerate(ids) if chunk_id not in without]
        if rows:
            store.upsert([ids[i] for i in rows], [document.doc_id] * len(rows), vectors[rows])


def _survives_reading(folder: Path, catalog: Catalog) -> bool:
    """Reads the whole index in a process of its own and compares every vector with the catalog's."""
    from rag_chat.index.chroma import dump

    known = _all_vectors(catalog)
    try:
        with Sandbox(seconds=PROBE_SECONDS, memory_mb=None) as sandbox:
            for ids, vectors in sandbox.stream(dump, str(folder)):
                if any(i in known and not _is_same(known[i], held) for i, held in zip(ids, vectors, strict=True)):
                    return False
    except (DocumentError, LibraryError):
        return False
    return True


def _all_vectors(catalog: Catalog) -> dict[str, Vectors]:
    found: dict[str, Vectors] = {}
    for document in catalog.documents():
        found.update(zip(*catalog.vectors(document.doc_id), strict=True))
    return found


def _readers_store(folder: Path, catalog: Catalog, seal: Seal, lock: Lock) -> VectorStore:
    if seal.holds():
        from rag_chat.index.chroma_process import ChromaProcess

        store = ChromaProcess(folder, [lock.fileno()])
        if store.ids() == catalog.chunk_ids():
            return store
        store.close()
    exact = InMemory()
    _fill(exact, catalog)
    return exact
