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
from typing import cast

from rag_chat.config import profiles_of
from rag_chat.errors import LibraryError, LibraryMismatch, NotFound
from rag_chat.index.chroma_process import ChromaProcess, throw_away
from rag_chat.index.in_memory import InMemory
from rag_chat.index.lasting import PER_CHUNK, Lasting, exact_search
from rag_chat.index.seal import Seal
from rag_chat.library.begun import Begun
from rag_chat.library.catalog import Built, Catalog
from rag_chat.library.files import require_room
from rag_chat.library.lock import Lock
from rag_chat.library.token_vectors import TokenCodes
from rag_chat.protocols import VectorStore
from rag_chat.types import Chunk, Document, Outline, Page, Vectors

SEAL = "chroma.seal"
# Bytes on disk while a document is written: its chunk in catalog, log and both indexes, a vector of float32 in four
# places, the text in three (measured: 6.4 kB a chunk of 384 dimensions with hardly any text).
_PER_CHARACTER = 4


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

    def add(
        self, document: Document, pages: Sequence[Page], chunks: Sequence[Chunk], vectors: Vectors, *,
        outline: Sequence[Outline], source: Path, sha256: str | None = None, replaces: Sequence[str] = (),
        tokens: TokenCodes | None = None,
    ) -> None:  # fmt: skip
        """File, then vectors, then the commit that makes the document ready; a failure leaves nothing of it.

        Raises DocumentError where the source is not, or no more, what `sha256` says. Raises DiskFull before anything is
        written where the room is too small: a disk that is full to the last byte makes every part of the library fail
        in its own way.
        The documents that it replaces answer until that commit, and are removed after it. A document that is there
        already is put in its own place.
        """
        text = sum(len(page.text) for page in pages)
        per_chunk = PER_CHUNK + 16 * vectors.shape[1]
        coded = 0 if tokens is None else 2 * sum(codes.nbytes for codes in tokens.codes)  # in catalog and log
        require_room(self.folder, document.size + len(chunks) * per_chunk + _PER_CHARACTER * text + coded)
        with self._index.writing:
            self._index.begin()
            there = self.catalog.document(document.doc_id) is not None
            try:
                kept = self.catalog.keep_file(document.doc_id, source, document.kind, sha256=sha256)
                self.store.upsert([c.id for c in chunks], [c.doc_id for c in chunks], vectors)
                self.catalog.add(document, pages, chunks, vectors, outline, replaces=replaces, tokens=tokens, kept=kept)
            except BaseException:
                self._forget(document.doc_id)
                raise
            with contextlib.suppress(LibraryError):  # the document is ready; what is left over goes at the next opening
                if there:  # it may have fewer chunks than before
                    self._refill(document.doc_id)
                self._remove(replaces)
                self._index.end()

    def delete(self, doc_id: str) -> Deletion:
        """Invisible at once, then gone everywhere, to the last byte; opening the library ends an interrupted deletion.

        The index's files go as a whole, and it is made anew from the catalog in the background; searches are exact
        meanwhile.

        Raises NotFound where no ready document has this id.
        """
        document = self.catalog.document(doc_id)
        if document is None:
            raise NotFound(f"No document '{doc_id}' is in the library; `rag-chat documents` lists what is.")
        self.catalog.hide(doc_id)
        with self._index.writing:
            self._remove([doc_id])
            proof = Deletion(
                document.name, doc_id, document.chunks, self.catalog.rows_left(doc_id), self.store.count(doc_id),
                int(self.catalog.file(doc_id).exists()),
            )  # fmt: skip
            self._index.end()
        return proof

    def replace_chunks(self, built: Built) -> None:
        """Puts the catalog's staged chunks in the old ones' place and makes the index anew from them."""
        with self._index.writing:
            self._index.begin()
            self.catalog.adopt_staged(built)
            self.store.clear()
            self._index.end()
        self.store.count()  # waits for all of them

    def close(self) -> None:
        if not isinstance(self.store, InMemory):
            self.store.close()  # type: ignore[attr-defined]
        self.catalog.close()
        self.lock.close()

    @property
    def _index(self) -> Lasting:
        """The store of who may write."""
        return cast(Lasting, self.store)

    def _remove(self, doc_ids: Sequence[str]) -> None:
        """Their vectors first: a document that is hidden tells the next opening that they may still be there."""
        if doc_ids:
            self.store.clear()
        for doc_id in doc_ids:
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
            self._index.end()


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
        opened = _whole_store if exclusive else _readers_store
        store = opened(folder / "chroma", catalog, Seal(folder / SEAL, folder / "chroma"), lock)
        return Library(folder, catalog, store, lock)
    except BaseException:
        lock.close()
        raise


def distrust(folder: Path) -> None:
    """Lets the next owner make the whole index anew from the catalog."""
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
    """Chroma, made to hold exactly the catalog's ready chunks, in the background where that takes long."""
    throw_away(folder.with_name("chroma.damaged"))  # earlier versions kept what they could not use
    if catalog.is_deleting() or not seal.holds():
        throw_away(folder)
    catalog.sweep()
    ready = {document.doc_id for document in catalog.documents()}
    Begun(folder.parent).sweep(ready)
    new = not folder.exists() and not ready
    with contextlib.ExitStack() as opened:
        store = Lasting(ChromaProcess(folder, [lock.fileno()]), catalog, seal, owner=True)
        opened.callback(store.close)
        if new:  # nothing waits for Chroma to be loaded before the first vectors are there
            store.end()
        else:
            store.open()
        opened.pop_all()
    return store


def _readers_store(folder: Path, catalog: Catalog, seal: Seal, lock: Lock) -> VectorStore:
    if seal.holds():
        store = Lasting(ChromaProcess(folder, [lock.fileno()]), catalog, seal, owner=False)
        if store.ids() == catalog.chunk_ids():
            return store
        store.close()
    return exact_search(catalog)
