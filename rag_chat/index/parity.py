"""Are the vectors of the index the catalog's? All of them are compared, as a sample proves nothing of the rest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from rag_chat.errors import DocumentError, LibraryError
from rag_chat.library.catalog import Catalog
from rag_chat.sandbox import Sandbox
from rag_chat.types import Vectors

PROBE_SECONDS = 300.0
SAME = 1e-4  # by which a vector may differ that Chroma gives back


def right(rows: Iterable[tuple[list[str], Vectors]], catalog: Catalog) -> set[str]:
    """The chunks whose vector among these rows, ids and (n, dim) float32 each, is the catalog's."""
    known: dict[str, Vectors] = {}
    for document in catalog.documents():
        known.update(zip(*catalog.vectors(document.doc_id), strict=True))
    return {i for ids, vectors in rows for i, v in zip(ids, vectors, strict=True) if _is_same(known.get(i), v)}


def read_apart(folder: Path) -> Iterator[tuple[list[str], Vectors]]:
    """All rows of the index in this folder, read in a process of its own; LibraryError where that does not survive."""
    from rag_chat.index.chroma import dump

    try:
        with Sandbox(seconds=PROBE_SECONDS, memory_mb=None) as sandbox:
            yield from sandbox.stream(dump, str(folder))
    except DocumentError as error:
        raise LibraryError(f"The vector index cannot be read ({error}); run: rag-chat doctor --repair") from error


def _is_same(known: Vectors | None, held: Vectors) -> bool:
    return known is not None and known.shape == held.shape and np.allclose(known, held, atol=SAME)
