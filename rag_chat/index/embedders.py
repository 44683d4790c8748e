"""Bi-encoders: text to unit vectors, in length-sorted batches, one a core, in the fastest dtype of the machine."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rag_chat import quiet
from rag_chat.compute import this_machine
from rag_chat.errors import ModelFailed
from rag_chat.lanes import WIDTHS, lanes
from rag_chat.weights import Weights

if TYPE_CHECKING:
    import torch
    from sentence_transformers import SentenceTransformer

    from rag_chat.index.mean_pooled import MeanPooled
    from rag_chat.types import Vectors

COUNTED_AT_ONCE = 2000  # texts; what the tokenizer makes of a text takes far more room than the text
DOCUMENT_PROMPTS = ("document", "passage", "corpus")  # as sentence-transformers looks for them


class BiEncoder:
    """A sentence-transformers bi-encoder. Threads take turns: its tokenizer must not be borrowed by two at once."""

    def __init__(self, weights: Weights) -> None:
        self._lock = threading.Lock()
        try:
            self._model = _installed(weights) if weights.source == "package" else _named(weights)
        except (OSError, ValueError, RuntimeError) as error:
            raise ModelFailed(
                f"The embedding model '{weights.name}' cannot be loaded ({type(error).__name__}); set `embedder` to the"
                " folder or hub id of one, or leave it out."
            ) from error
        self.name = weights.name
        self.dimension = int(self._model.get_embedding_dimension() or 0)
        self._tokenizer = self._model.tokenizer
        prompts = self._model.prompts
        self._query_prompt = prompts.get("query")
        self._document_prompt = next((prompts[name] for name in DOCUMENT_PROMPTS if name in prompts), None)
        self.max_tokens = int(self._model.max_seq_length or 512)
        self._around = len(self._tokenizer(self._document_prompt or "")["input_ids"])  # special tokens and the prompt
        self.longest = self.max_tokens - self._around

    def encode_query(self, text: str) -> Vectors:
        """(dim,) float32, unit length."""
        vector: Vectors = _unit(self._read_question(text)["sentence_embedding"].float().cpu().numpy())[0]
        return vector

    def encode_passages(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        """(n, dim) float32, rows of unit length, in the order given; `progress` hears how many are done.

        A text that comes twice is read once: bfloat16 would give it another vector in another batch, and equal texts
        must tie.
        """
        rows: dict[str, list[int]] = {}
        for row, text in enumerate(texts):
            rows.setdefault(text, []).append(row)
        distinct = list(rows)
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        batches = lanes().batches(self._read_tokens(distinct))
        done = 0
        embedded = lanes().map(lambda batch: self._embed([distinct[i] for i in batch]), batches)
        for batch, found in zip(batches, embedded, strict=True):
            for place, vector in zip(batch, found, strict=True):
                vectors[rows[distinct[place]]] = vector
                done += len(rows[distinct[place]])
            if progress is not None:
                progress(done)
        return _unit(vectors)

    def encode_question_tokens(self, text: str) -> Vectors:
        """(tokens, dim) float32 of the last layer, rows of unit length."""
        return _unit(self._read_question(text)["token_embeddings"][0].float().cpu().numpy())

    def encode_passage_tokens(self, texts: Sequence[str]) -> list[Vectors]:
        """The same of each text, in the order given."""
        found: list[Vectors] = [np.zeros((0, self.dimension), dtype=np.float32)] * len(texts)
        batches = lanes().batches(self._read_tokens(texts))
        made = lanes().map(lambda batch: self._embed_tokens([texts[i] for i in batch]), batches)
        for batch, vectors in zip(batches, made, strict=True):
            for place, rows in zip(batch, vectors, strict=True):
                found[place] = rows
        return found

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """Word pieces of each text without special tokens."""
        backend = self._tokenizer.backend_tokenizer  # three times as fast as through transformers
        counts: list[int] = []
        for start in range(0, len(texts), COUNTED_AT_ONCE):
            with self._lock:
                backend.no_truncation()  # encoding leaves its own settings behind, and makes them anew
                backend.no_padding()
                encoded = backend.encode_batch_fast(
                    list(texts[start : start + COUNTED_AT_ONCE]), add_special_tokens=False
                )
            counts += [len(text) for text in encoded]
        return counts

    def _read_tokens(self, texts: Sequence[str]) -> list[int]:
        """Of each text, with what stands around it."""
        return [min(count + self._around, self.max_tokens) for count in self.token_counts(texts)]

    def _embed(self, texts: list[str]) -> Vectors:
        vectors: Vectors = self._read(texts)["sentence_embedding"].float().cpu().numpy()
        return vectors

    def _embed_tokens(self, texts: list[str]) -> list[Vectors]:
        read = self._read(texts)
        vectors, masks = read["token_embeddings"].float().cpu().numpy(), read["attention_mask"].bool().cpu().numpy()
        return [_unit(rows[mask]) for rows, mask in zip(vectors, masks, strict=True)]

    def _read_question(self, text: str) -> dict[str, torch.Tensor]:
        with self._lock:
            features = self._model.preprocess([text], prompt=self._query_prompt, task="query")
        return self._compute(features, "query")

    def _read(self, texts: list[str]) -> dict[str, torch.Tensor]:
        """What `encode_document` does with one batch, but that the tokenizer alone is locked, not the model."""
        with self._lock:
            features: dict[str, Any] = self._model.preprocess(texts, prompt=self._document_prompt, task="document")
            features = features | self._tokenizer.pad(
                {k: v for k, v in features.items() if k in self._tokenizer.model_input_names},
                pad_to_multiple_of=math.gcd(WIDTHS, self.max_tokens),  # never beyond what the model has places for
                return_tensors="pt",
            )
        return self._compute(features, "document")

    def _compute(self, features: Mapping[str, Any], task: str) -> dict[str, torch.Tensor]:
        import torch

        with torch.inference_mode():
            at_device = {k: v.to(self._model.device) if isinstance(v, torch.Tensor) else v for k, v in features.items()}
            read: dict[str, torch.Tensor] = self._model(at_device, task=task)
        return read


def _installed(weights: Weights) -> MeanPooled:
    from rag_chat.index.mean_pooled import MeanPooled

    return MeanPooled(weights, this_machine())


def _named(weights: Weights) -> SentenceTransformer:
    with quiet.loading():
        quiet.libraries()
        from sentence_transformers import SentenceTransformer

    machine = this_machine()
    return SentenceTransformer(
        weights.location,
        device=machine.device,
        local_files_only=weights.path is not None,
        model_kwargs={"dtype": machine.dtype, "use_safetensors": True},
    )


def _unit(vectors: Vectors) -> Vectors:
    """Rows of length one to float32's precision; bfloat16 leaves them up to 0.3% off."""
    unit: Vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return unit
