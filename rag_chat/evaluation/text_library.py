"""A corpus of plain texts as a library that the engine can search: one text is one document of one page and one chunk.

The catalog is a real one in a temporary folder, the vectors are searched in memory. Limits: a text longer than the
encoder reads is found by its beginning only; so many documents make a search slower than their pages in one document
would be (5,000 texts: 7 s to open, 0.2 s a question).
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rag_chat import front
from rag_chat.evaluation import retrieval
from rag_chat.evaluation.beir import Dataset, Record
from rag_chat.index.in_memory import InMemory
from rag_chat.library.catalog import Catalog
from rag_chat.protocols import Embedder, VectorStore
from rag_chat.types import Box, Chunk, Document, Page, Span, Vectors


@dataclass(frozen=True, slots=True)
class TextLibrary:
    """What an engine is built over; ids of documents and chunks are the corpus' own."""

    catalog: Catalog
    store: VectorStore

    def place_quote(self, doc_id: str, page: int, start: int, end: int) -> tuple[Box, ...]:
        """A plain text has no page to draw on."""
        return ()


@contextmanager
def opened(corpus: Mapping[str, Record], vectors: Vectors) -> Iterator[TextLibrary]:
    """The library, gone afterwards; `vectors` as `embedded` gives them."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        catalog, store = Catalog(Path(folder)), InMemory()
        try:
            for record, vector in zip(corpus.values(), vectors, strict=True):
                _add(catalog, record, vector[None])
            store.upsert(list(corpus), list(corpus), vectors)
            yield TextLibrary(catalog, store)
        finally:
            catalog.close()


def embedded(
    name: str,
    corpus: Mapping[str, Record],
    embedder: Embedder,
    cache: Path,
    progress: retrieval.Progress | None = None,
) -> Vectors:
    """(texts, dim) float32, rows of unit length, made once and kept; the title in front, as for a document's chunk."""
    texts = {key: front.before(record.title, "", record.text) for key, record in corpus.items()}
    return retrieval.corpus_vectors(Dataset(name, texts, {}, {}), embedder, cache, progress)


def _add(catalog: Catalog, record: Record, vector: Vectors) -> None:
    text = record.text
    document = Document(record.key, record.title, "", 1, 1, len(text.encode()), "", ())
    chunk = Chunk(record.key, record.key, 0, (Span(1, 0, len(text)),), "", text)
    catalog.add(document, [Page(1, "1", text)], [chunk], vector)
