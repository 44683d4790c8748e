"""A bi-encoder behind an OpenAI-compatible URL: OpenAI, vLLM, TEI, Ollama, llama.cpp. Text leaves this machine.

`embedder_url` is the address up to and without `/embeddings`, such as https://api.openai.com/v1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rag_chat.endpoint import Endpoint

if TYPE_CHECKING:
    from rag_chat.types import Vectors

AT_ONCE = 32  # texts in one request: what TEI takes by default
MOST_TOKENS = 8192  # of a chunk; no server tells how much it reads, so `chunk_tokens` alone decides
PROBE = "The quick brown fox reads 42 annual reports."


class RemoteEmbedder:
    """Asks the server once when made, to learn how long its vectors are.

    `vocabulary` is a tokenizer.json whose word pieces measure chunks: no server tells its own count beforehand.
    """

    def __init__(self, endpoint: Endpoint, model: str, vocabulary: Path) -> None:
        from tokenizers import Tokenizer

        self.name = model
        self._endpoint = endpoint
        self._tokenizer = Tokenizer.from_file(str(vocabulary))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self.longest = MOST_TOKENS
        self.dimension = 0
        self.dimension = len(self.encode_query(PROBE))

    def encode_query(self, text: str) -> Vectors:
        """(dim,) float32, unit length."""
        vector: Vectors = self._ask([text])[0]
        return vector

    def encode_passages(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        """(n, dim) float32, rows of unit length, in the order given; `progress` hears how many are done."""
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for start in range(0, len(texts), AT_ONCE):
            part = list(texts[start : start + AT_ONCE])
            vectors[start : start + len(part)] = self._ask(part)
            if progress is not None:
                progress(start + len(part))
        return vectors

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        encoded = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return [len(text) for text in encoded]

    def _ask(self, texts: list[str]) -> Vectors:
        filled = [text if text.strip() else "." for text in texts]  # OpenAI refuses an empty text
        body = self._endpoint.post({"model": self.name, "input": filled, "encoding_format": "float"})
        vectors = self._vectors(body, len(texts))
        if self.dimension and vectors.shape[1] != self.dimension:
            raise self._endpoint.misfit(f"vectors of {vectors.shape[1]} numbers after some of {self.dimension}")
        unit: Vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        return unit

    def _vectors(self, body: Any, count: int) -> Vectors:
        try:
            rows = sorted(body["data"], key=lambda row: int(row["index"]))
            vectors: Vectors = np.asarray([row["embedding"] for row in rows], dtype=np.float32)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise self._endpoint.misfit("something that is no list of embeddings") from error
        if vectors.ndim != 2 or len(vectors) != count or not vectors.shape[1] or not np.isfinite(vectors).all():
            raise self._endpoint.misfit(f"embeddings of shape {vectors.shape} for {count} texts")
        if not vectors.any(axis=1).all():
            raise self._endpoint.misfit("an embedding that is all zeros")
        return vectors
