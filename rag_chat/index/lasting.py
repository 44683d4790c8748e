"""A vector index that outlives its process and its files: what it lacks is put back from the catalog.

Chroma is derived and disposable. While it is not whole (its process died, its files were thrown away with a deleted
document's vectors) every search is exact, over the catalog's vectors in memory, and a thread puts one document after
the other back. Nothing is tried for ever: after three losses within ten minutes the exact search stays until a later
write or the next opening. Limit: an exact search takes 1.5 kB of memory a chunk, and about 1 ms a chunk goes by before
the index is whole again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from rag_chat.errors import DiskFull, LibraryError
from rag_chat.index import parity
from rag_chat.index.chroma_process import ChromaProcess
from rag_chat.index.in_memory import InMemory
from rag_chat.index.seal import Seal
from rag_chat.library.catalog import Catalog
from rag_chat.library.files import require_room
from rag_chat.types import Vectors

MOST_LOSSES, WITHIN_SECONDS = 3, 600.0
CLOSING_SECONDS = 5.0  # in which a small library's index is made whole; a large one's goes on at the next opening
PER_CHUNK = 1024  # bytes on disk beside a vector
T = TypeVar("T")


class Lasting:
    """A VectorStore over Chroma's process. Safe to use from several threads.

    An owner brackets each write with `begin` and `end`, holding `writing` all along. A reader changes nothing: it has
    the exact search where the index fails it.
    """

    def __init__(self, chroma: ChromaProcess, catalog: Catalog, seal: Seal, *, owner: bool) -> None:
        self._chroma, self._catalog, self._seal, self._owner = chroma, catalog, seal, owner
        self.writing = threading.RLock()
        self._state = threading.Lock()  # of the exact search and the thread
        self._exact: InMemory | None = None  # what answers while the index is not whole
        self._era = 0  # counts the times when what Chroma had said before became void
        self._lacking: list[str] = []  # documents of which something may have to be put back
        self._right: set[str] = set()  # chunks of theirs that need not
        self._unfinished = False  # a write that failed could not even be tidied up, and may have left its vectors
        self._lost = False  # its process is gone, or says what cannot be
        self._losses: list[float] = []  # when, within the last minutes
        self._thread: threading.Thread | None = None
        self._closing = False

    @property
    def pid(self) -> int:
        return self._chroma.pid

    # -- the catalog's owner

    def open(self) -> None:
        """Compares the ids with the catalog's, and begins to put back what is lacking."""
        with self.writing:
            try:
                self._look_through()
            except DiskFull:
                raise
            except LibraryError:
                self._renew()
            self.end()

    def begin(self) -> None:
        """Before anything is written: until `end` the files are not what the seal says."""
        if self._unfinished:
            self._surely(lambda: self._look_through(compared=True))
        self._seal.remove()
        self._unfinished = True

    def end(self) -> None:
        """The write is done, whole or tidied up."""
        self._unfinished = False
        if self._exact is None:
            self._seal.make()
        else:
            self._put_back()

    # -- the store

    def search(self, vector: Vectors, top_k: int, doc_ids: Sequence[str] | None = None) -> list[tuple[str, float]]:
        while True:
            era, exact = self._era, self._exact
            if exact is not None:
                return exact.search(vector, top_k, doc_ids)
            try:
                found = self._chroma.search(vector, top_k, doc_ids)
            except LibraryError as error:
                if self._closing:
                    raise
                self._stand_in(era, lost=not isinstance(error, DiskFull))
                self._put_back()
            else:
                if era == self._era:
                    return found

    def upsert(self, ids: Sequence[str], doc_ids: Sequence[str], vectors: Vectors) -> None:
        with self.writing:
            self._surely(lambda: self._chroma.upsert(ids, doc_ids, vectors))
            if (exact := self._exact) is not None:
                exact.upsert(ids, doc_ids, vectors)

    def delete(self, doc_id: str) -> None:
        with self.writing:
            self._surely(lambda: self._chroma.delete(doc_id))
            if (exact := self._exact) is not None:
                exact.delete(doc_id)

    def clear(self) -> None:
        """Throws the files away, with every byte of what was in them; `end` begins to put back what the catalog has."""
        with self.writing:
            self._unfinished = True
            self._void(right=set())
            try:
                self._chroma.clear()
            except LibraryError:  # a process that is gone clears nothing
                self._chroma.renew()
            self._lost = False

    def count(self, doc_id: str | None = None) -> int:
        """Of one document: what is there at the moment."""
        if doc_id is None:
            self._wait()
        return self._surely(lambda: self._chroma.count(doc_id))

    def ids(self) -> set[str]:
        self._wait()
        return self._surely(self._chroma.ids)

    def rows(self) -> list[tuple[list[str], Vectors]]:
        """Everything it holds, in parts: ids and (n, dim) float32."""
        self._wait()
        return self._surely(self._chroma.rows)

    def close(self) -> None:
        if (thread := self._thread) is not None:
            thread.join(CLOSING_SECONDS)
        self._closing = True
        orderly = self._chroma.close()
        if thread is not None:
            thread.join()
        if self._owner and orderly and not self._unfinished and not self._lost and not self._seal.made():
            self._seal.make()  # what is there is right, and what is lacking the next opening sees

    # -- mending

    def _surely(self, call: Callable[[], T]) -> T:
        """Once more after the index was mended, where it fails; DiskFull and what fails twice are the caller's."""
        era = self._era
        try:
            return call()
        except DiskFull:
            raise
        except LibraryError:
            if self._closing:
                raise
        with self.writing:
            if era == self._era:  # else it was mended meanwhile
                self._revive()
            self._put_back()
            return call()

    def _stand_in(self, era: int, *, lost: bool) -> None:
        """Has searches be exact from now on, unless the index was mended since."""
        with self._state:
            if self._era == era and self._exact is None:
                self._exact, self._lost = exact_search(self._catalog), lost

    def _put_back(self) -> None:
        """Has a thread make the index whole, where none does so already."""
        with self._state:
            if self._exact is None or self._closing or (self._thread is not None and self._thread.is_alive()):
                return
            self._thread = threading.Thread(target=self._run, name="index", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        for _ in range(MOST_LOSSES):
            era = self._era
            try:
                with self.writing:
                    if self._lost:
                        self._revive()
                    era = self._era
                while self._put_one_back():
                    time.sleep(0.001)  # whoever waits to write goes first
                return
            except DiskFull:
                return  # the exact search goes on; a later write or opening tries again
            except LibraryError:
                if self._closing or len(self._losses) == MOST_LOSSES:
                    return
                self._lost = self._lost or era == self._era

    def _put_one_back(self) -> bool:
        with self.writing:
            if self._closing:
                return False
            if not self._lacking:
                self._exact = None
                if self._owner and not self._unfinished:
                    self._seal.make()
                return False
            doc_id = self._lacking[-1]
            ids, vectors = self._catalog.vectors(doc_id)
            rows = [i for i, chunk_id in enumerate(ids) if chunk_id not in self._right]
            if rows:
                self._chroma.upsert([ids[i] for i in rows], [doc_id] * len(rows), vectors[rows])
            self._lacking.pop()
            return True

    def _wait(self) -> None:
        """Until the index is whole, or is given up."""
        self._put_back()
        if (thread := self._thread) is not None:
            thread.join()

    def _revive(self) -> None:
        """Gets the index to answer again; LibraryError where that is to be left.

        With new files the second time, and where the process died in a write: a graph that was torn in a save can be
        read as if it were whole and holds up the next write for ever.
        """
        now = time.monotonic()
        self._losses = [then for then in self._losses if now - then < WITHIN_SECONDS]
        if len(self._losses) == MOST_LOSSES:
            raise LibraryError(
                f"The vector index failed {MOST_LOSSES} times within {WITHIN_SECONDS / 60:.0f} minutes; restart the"
                " app: it is made anew from the catalog."
            )
        self._losses.append(now)
        if not self._owner:
            self._reopen()
        elif len(self._losses) > 1 or not self._seal.holds():
            self._renew()
        else:
            self._chroma.restart()
            try:
                self._look_through()
            except LibraryError:
                self._renew()
        self._lost = False
        self._era += 1

    def _reopen(self) -> None:
        if self._seal.holds():
            self._chroma.restart()
            if self._chroma.ids() == self._catalog.chunk_ids():
                return
        raise LibraryError("The vector index is not whole; run: rag-chat doctor --repair")

    def _renew(self) -> None:
        built = self._catalog.built()
        size = self._catalog.chunk_count() * (PER_CHUNK + 8 * (built.dimension if built else 0))
        require_room(self._catalog.path.parent, size)
        self._void(right=set())
        self._chroma.renew()

    def _look_through(self, *, compared: bool = False) -> None:
        """Removes strangers and notes what is lacking; `compared` does not trust the vectors that are there."""
        held, wanted = self._chroma.ids(), self._catalog.chunk_ids()
        if held - wanted:
            self._seal.remove()
            self._chroma.delete_ids(sorted(held - wanted))
        right = parity.right(self._chroma.rows(), self._catalog) if compared else held
        self._lacking = []
        if wanted - right:
            self._void(right=right & wanted)

    def _void(self, *, right: set[str]) -> None:
        """The index is not whole from now on: only these chunks of it are as they should be."""
        self._seal.remove()
        self._lacking = [document.doc_id for document in self._catalog.documents()]
        self._right = right
        with self._state:
            self._exact = exact_search(self._catalog)
            self._era += 1


def exact_search(catalog: Catalog) -> InMemory:
    """The catalog's vectors in memory."""
    store = InMemory()
    for document in catalog.documents():
        ids, vectors = catalog.vectors(document.doc_id)
        store.upsert(ids, [document.doc_id] * len(ids), vectors)
    return store
