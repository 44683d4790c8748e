"""What the quick starts of the libraries give: the stack that `benchmarks/speed.py` compares with.

pypdf's text page by page as PyPDFLoader hands it on, pieces of 1,000 characters that overlap by 200 as
RecursiveCharacterTextSplitter cuts them, `SentenceTransformer(...).encode` and `CrossEncoder(...).predict` in float32
with their defaults, and `collection.add`. Nothing here is used by the product.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from rag_chat import quiet
from rag_chat.weights import find

SEPARATORS = ("\n\n", "\n", " ", "")
CHUNK, OVERLAP = 1000, 200
ENCODER = "all-MiniLM-L6-v2"


class PlainStack:
    """Loads its models once, like the product; `folder` takes the cross-encoder's files."""

    def __init__(self, folder: Path) -> None:
        quiet.libraries()
        from sentence_transformers import CrossEncoder, SentenceTransformer

        location = find(ENCODER).location
        self._encoder = SentenceTransformer(location)
        self._cross_encoder = CrossEncoder(str(_cross_encoder_folder(location, folder / "cross-encoder")))

    def ingest(self, paths: Sequence[Path], folder: Path) -> tuple[float, int, int]:
        """(seconds, pages, chunks) from files to a searchable collection in `folder`."""
        import chromadb

        start = time.perf_counter()
        pages = [text for path in paths for text in page_texts(path)]
        chunks = [chunk for page in pages for chunk in split(page)]
        vectors = self._encoder.encode(chunks, show_progress_bar=False)
        client = chromadb.PersistentClient(path=str(folder))
        collection = client.create_collection("plain", embedding_function=None)
        ids = [str(number) for number in range(len(chunks))]
        for first in range(0, len(chunks), 5000):  # the client refuses more than 5,461 at a time
            part = slice(first, first + 5000)
            collection.add(ids=ids[part], documents=chunks[part], embeddings=vectors[part])
        return time.perf_counter() - start, len(pages), len(chunks)

    def rerank(self, question: str, texts: Sequence[str]) -> float:
        """Seconds for one score per (question, text)."""
        start = time.perf_counter()
        self._cross_encoder.predict([(question, text) for text in texts], show_progress_bar=False)
        return time.perf_counter() - start


def page_texts(path: Path) -> list[str]:
    from pypdf import PdfReader

    return [page.extract_text() for page in PdfReader(path).pages]


def split(text: str, separators: Sequence[str] = SEPARATORS) -> list[str]:
    """Pieces of at most CHUNK characters, cut at the coarsest separator that serves, each beginning with up to
    OVERLAP characters of the one before."""
    separator = next((s for s in separators if s == "" or s in text), "")
    finer = separators[list(separators).index(separator) + 1 :]
    pieces = text.split(separator) if separator else list(text)
    chunks: list[str] = []
    fitting: list[str] = []
    for piece in pieces:
        if len(piece) < CHUNK:
            fitting.append(piece)
            continue
        chunks += _merged(fitting, separator)
        fitting = []
        chunks += split(piece, finer) if finer else [piece]
    return chunks + _merged(fitting, separator)


def _merged(pieces: Sequence[str], separator: str) -> list[str]:
    chunks: list[str] = []
    current: list[str] = []
    length = 0
    for piece in pieces:
        if current and length + len(separator) + len(piece) > CHUNK:
            chunks.append(separator.join(current).strip())
            while current and (length > OVERLAP or length + len(separator) + len(piece) > CHUNK):
                length -= len(current.pop(0)) + (len(separator) if current else 0)
        length += len(piece) + (len(separator) if current else 0)
        current.append(piece)
    if current:
        chunks.append(separator.join(current).strip())
    return [chunk for chunk in chunks if chunk]


def _cross_encoder_folder(encoder: str, folder: Path) -> Path:
    """A cross-encoder of the same size as ours: the encoder's layers with a head of one number. Its scores mean
    nothing; its time does."""
    from transformers import AutoTokenizer, BertForSequenceClassification

    BertForSequenceClassification.from_pretrained(encoder, num_labels=1, local_files_only=True).save_pretrained(folder)
    AutoTokenizer.from_pretrained(encoder, local_files_only=True).save_pretrained(folder)
    return folder
