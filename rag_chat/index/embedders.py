"""Bi-encoders: text to unit vectors, in length-sorted batches in the fastest dtype of the machine."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from rag_chat import quiet
from rag_chat.compute import this_machine
from rag_chat.errors import ModelFailed
from rag_chat.weights import Weights

if TYPE_CHECKING:
    from rag_chat.types import Vectors

BATCH = 32  # texts; measured best on two cores, larger batches leave the cache
STEP = 2 * BATCH  # texts between two progress reports, and between two chances for a question to be answered


class BiEncoder:
    """A sentence-transformers bi-encoder. Threads take turns: its tokenizer must not be borrowed by two at once."""

    def __init__(self, weights: Weights) -> None:
        quiet.libraries()
        from sentence_transformers import SentenceTransformer

        machine = this_machine()
        self._lock = threading.Lock()
        try:
            self._model = SentenceTransformer(
                weights.location,
                device=machine.device,
                local_files_only=weights.path is not None,
                model_kwargs={"dtype": machine.dtype},
            )
        except (OSError, ValueError, RuntimeError) as error:
            raise ModelFailed(
                f"The embedding model '{weights.name}' cannot be loaded ({type(error).__name__})."
            ) from error
        self.name = weights.name
        self.dimension = int(self._model.get_embedding_dimension() or 0)
        self._tokenizer = self._model.tokenizer
        self.max_tokens = int(self._model.max_seq_length or 512)

    def encode_query(self, text: str) -> Vectors:
        """(dim,) float32, unit length."""
        with self._lock:
            vectors = self._model.encode_query([text], normalize_embeddings=True, show_progress_bar=False)
        vector: Vectors = _unit(np.asarray(vectors, dtype=np.float32))[0]
        return vector

    def encode_passages(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        """(n, dim) float32, rows of unit length, in the order given; `progress` hears how many are done."""
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        # Longest first over everything, so that a batch pads little and the slowest batch comes first.
        order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
        for start in range(0, len(order), STEP):
            part = order[start : start + STEP]
            with self._lock:
                vectors[part] = self._model.encode_document(
                    [texts[i] for i in part], batch_size=BATCH, normalize_embeddings=True, show_progress_bar=False
                )
            if progress is not None:
                progress(min(start + STEP, len(order)))
        return _unit(vectors)

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """Word pieces of each text without special tokens."""
        backend = self._tokenizer.backend_tokenizer  # three times as fast as through transformers
        with self._lock:
            backend.no_truncation()  # encoding leaves its own settings behind, and makes them anew
            backend.no_padding()
            encoded = backend.encode_batch_fast(list(texts), add_special_tokens=False)
        return [len(text) for text in encoded]


def _unit(vectors: Vectors) -> Vectors:
    """Rows of length one to float32's precision; bfloat16 leaves them up to 0.3% off."""
    unit: Vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return unit
