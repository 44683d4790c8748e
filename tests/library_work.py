"""Work on a library whose parts may kill the process, for test_crashes.py; imports no pytest."""

import os
import signal
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np

from rag_chat.index.connect import open_library
from rag_chat.library.catalog import Built
from rag_chat.library.token_vectors import TokenCodes
from rag_chat.types import Chunk, Document, Page, Span

DIMENSION = 16


class Mortal:
    """Passes every call on; `countdown` is shared, and its end is the process's."""

    def __init__(self, part, countdown):
        self._part, self._countdown = part, countdown

    def __getattr__(self, name):
        found = getattr(self._part, name)
        if not callable(found):
            return found

        def call(*args, **options):
            self._countdown[0] -= 1
            if self._countdown[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return found(*args, **options)

        return call


def open_at(folder):
    return open_library(Path(folder), "hash", DIMENSION, chunk_tokens=60, overlap=15, exclusive=True)


def live(folder, work, step):
    library = open_at(folder)
    countdown = [step]
    mortal = replace(
        library,
        catalog=Mortal(library.catalog, countdown),
        store=Mortal(library.store, countdown),
    )
    if work == "fill":
        add(library, "a")
        add(library, "b", 1200)  # enough for Chroma to save its graph
    elif work == "add":
        add(mortal, "c")
    elif work == "replace":
        add(mortal, "c", replaces=("a",))
    elif work == "delete":
        mortal.delete("a")
    elif work == "rebuild":
        library.catalog.drop_staged()
        for doc_id in ("a", "b"):
            mortal.catalog.stage(*made(doc_id, 30, seed="rebuilt"))
        mortal.replace_chunks(Built("hash", DIMENSION, 60, 15))
    library.close()


def made(doc_id, count, seed=""):
    rng = np.random.default_rng(zlib.crc32(f"{doc_id}{seed}".encode()))
    vectors = rng.standard_normal((count, DIMENSION)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return [Chunk(f"{doc_id}-{i}", doc_id, i, (Span(1, 0, 5),), "", "Grain") for i in range(count)], vectors


def add(library, doc_id, count=20, replaces=()):
    chunks, vectors = made(doc_id, count)
    document = Document(doc_id, f"{doc_id}.pdf", "", 1, count, 4, "2026-01-01T00:00:00+00:00", ())
    source = library.folder.parent / "source.pdf"
    source.write_bytes(b"%PDF")
    tokens = TokenCodes("tokens", [np.zeros((3, 4), dtype=np.uint8)] * count)
    library.add(
        document, [Page(1, "1", "Grain")], chunks, vectors,
        outline=(), source=source, replaces=replaces, tokens=tokens,
    )  # fmt: skip
