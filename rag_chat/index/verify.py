"""Is a library what it says it is? Every chunk against its page, every id against the index, every file on disk.

Exhaustive, as a sample proves nothing of the rest. Changes nothing. Knows no models.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rag_chat.index.in_memory import InMemory

if TYPE_CHECKING:
    from rag_chat.index.connect import Library
    from rag_chat.library.catalog import Catalog
    from rag_chat.types import Document


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
    wanted = catalog.chunk_ids()
    held = library.store.ids() if not isinstance(library.store, InMemory) else wanted  # type: ignore[attr-defined]
    if held != wanted:
        yield (
            f"the index lacks {len(wanted - held)} vectors and has {len(held - wanted)} strange ones;"
            " run: rag-chat doctor --repair"
        )


def _document(catalog: Catalog, document: Document) -> Iterator[str]:
    name = f"'{document.name}'"
    if not catalog.file(document.doc_id).is_file():
        yield f"the file of {name} is gone; delete and add it again"
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
