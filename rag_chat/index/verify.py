"""Is a library what it says it is? Every chunk against its page, every vector of the index against the catalog's, every
file against its hash.

Exhaustive, as a sample proves nothing of the rest. Changes nothing. Knows no models.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from rag_chat.errors import LibraryError
from rag_chat.index import parity
from rag_chat.index.in_memory import InMemory

if TYPE_CHECKING:
    from rag_chat.index.connect import Library
    from rag_chat.library.catalog import Catalog
    from rag_chat.types import Document, Vectors


REPAIR = "run: rag-chat doctor --repair"


def faults(library: Library) -> Iterator[str]:
    """A sentence for each thing that is not as it must be; none where the library is whole."""
    catalog = library.catalog
    if (damage := catalog.damage()) is not None:
        yield f"the catalog's file is damaged ({damage[:200]}); put back a backup: rag-chat restore"
        return
    for document in catalog.documents():
        yield from _document(catalog, document)
    if lacking := catalog.tokens_missing():
        yield f"{lacking} chunks lack the token vectors that came with their documents; run: rag-ingest --rebuild"
    lacking, strange = catalog.word_faults()
    if lacking or strange:
        yield f"the word index lacks {lacking} chunks and has {strange} strange ones; {REPAIR}"
    try:
        yield from _vectors(catalog, _rows(library))
    except LibraryError as error:
        yield f"the index cannot be read ({error}); {REPAIR}"


def _rows(library: Library) -> list[tuple[list[str], Vectors]]:
    """All that the index holds. A reader's that is not what its seal says is read from a copy: nothing is changed."""
    if not isinstance(library.store, InMemory):
        rows: list[tuple[list[str], Vectors]] = library.store.rows()  # type: ignore[attr-defined]
        return rows
    if not (library.folder / "chroma").exists():
        return []
    with TemporaryDirectory() as folder:
        return list(parity.read_apart(Path(shutil.copytree(library.folder / "chroma", Path(folder) / "chroma"))))


def _vectors(catalog: Catalog, rows: list[tuple[list[str], Vectors]]) -> Iterator[str]:
    wanted, held = catalog.chunk_ids(), {chunk_id for ids, _ in rows for chunk_id in ids}
    if held != wanted:
        yield f"the index lacks {len(wanted - held)} vectors and has {len(held - wanted)} strange ones; {REPAIR}"
    wrong = (held & wanted) - parity.right(rows, catalog)
    of = Counter(chunk.doc_id for chunk in catalog.chunks(sorted(wrong)).values())
    for document in catalog.documents():
        if count := of[document.doc_id]:
            yield f"{count} vectors of '{document.name}' in the index are not the catalog's; {REPAIR}"


def _document(catalog: Catalog, document: Document) -> Iterator[str]:
    name = f"'{document.name}'"
    if not catalog.file(document.doc_id).is_file():
        yield f"the file of {name} is gone; delete and add it again"
    elif not catalog.file_is_whole(document.doc_id):
        yield f"the file of {name} has other bytes than when it was added; delete and add it again"
    pages = {page.number: page.text for page in catalog.pages(document.doc_id)}
    chunks = catalog.all_chunks([document.doc_id])
    if len(pages) != document.pages or len(chunks) != document.chunks:
        yield (
            f"{name} has {len(pages)} of {document.pages} pages and {len(chunks)} of {document.chunks} chunks;"
            " delete and add it again"
        )
    strange = sum(
        chunk.text != "\n".join(pages.get(s.page, "")[s.start : s.end] for s in chunk.spans) for chunk in chunks
    )
    if strange:
        yield f"{strange} chunks of {name} are not their pages' text; run: rag-ingest --rebuild"
