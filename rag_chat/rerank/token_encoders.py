"""Token vectors for late interaction: of the project's own network, of stage one, or of a ColBERT checkpoint."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rag_chat import quiet
from rag_chat.bert import padded
from rag_chat.compute import this_machine
from rag_chat.errors import ModelFailed
from rag_chat.lanes import lanes
from rag_chat.rerank.interaction import PASSAGE_TOKENS, QUESTION_TOKENS, ids_of
from rag_chat.weights import Weights
from rag_chat.weights import find as weights_of

if TYPE_CHECKING:
    from torch import Tensor

    from rag_chat.protocols import TokenEmbedder
    from rag_chat.rerank.interaction import InteractionReranker
    from rag_chat.types import Vectors

COLBERT_TYPES = ("ColBERT", "MultiVectorEncoder")  # PyLate's word for it, and sentence-transformers'


class NetworkTokens:
    """The token vectors that the default reranker compares, with its learned weights of the question's tokens."""

    def __init__(self, reranker: InteractionReranker) -> None:
        self.name = f"{reranker.name}:{reranker.sha256[:16]}"  # other weights, other vectors
        self.order = reranker.card.passages
        self._network, self._tokenizer, self._lock = reranker.parts

    def encode_question(self, text: str) -> tuple[Vectors, Vectors]:
        import torch

        from rag_chat.rerank.network import Tokens

        with self._lock:
            ids = ids_of(self._tokenizer, [text], QUESTION_TOKENS)
        with torch.inference_mode():
            tokens = Tokens(*padded(ids, this_machine().device))
            vectors = self._network.token_vectors(tokens)
            weights = self._network.importance_of(vectors, tokens.mask)
        return vectors[0].float().cpu().numpy(), weights[0].float().cpu().numpy()

    def encode_passages(self, texts: Sequence[str]) -> list[Vectors]:
        import torch

        from rag_chat.rerank.network import Tokens

        with self._lock:
            ids = ids_of(self._tokenizer, texts, PASSAGE_TOKENS)

        def encoded(batch: list[int]) -> list[Vectors]:
            with torch.inference_mode():
                vectors = self._network.token_vectors(Tokens(*padded([ids[i] for i in batch], this_machine().device)))
            return [v[: len(ids[i])].float().cpu().numpy() for i, v in zip(batch, vectors, strict=True)]

        found: list[Vectors] = [np.zeros((0, 0), dtype=np.float32)] * len(texts)
        batches = lanes().batches([len(row) for row in ids])
        for batch, made in zip(batches, lanes().map(encoded, batches), strict=True):
            for place, vectors in zip(batch, made, strict=True):
                found[place] = vectors
        return found


class StageOneTokens:
    """The last layer of stage one's encoder as it is, each token of a question as important as the others."""

    def __init__(self, embedder: TokenEmbedder) -> None:
        self.name = f"{embedder.name}:tokens"
        self._embedder = embedder

    def encode_question(self, text: str) -> tuple[Vectors, Vectors]:
        found = self._embedder.encode_question_tokens(text)
        return found, _equal(found)

    def encode_passages(self, texts: Sequence[str]) -> list[Vectors]:
        return self._embedder.encode_passage_tokens(texts)


class MultiVectorTokens:
    """Any checkpoint of ColBERT or PyLate that sentence-transformers' MultiVectorEncoder loads.

    It loads any other encoder too, under a projection of random numbers: that is refused.
    """

    def __init__(self, weights: Weights) -> None:
        quiet.libraries()
        from sentence_transformers import MultiVectorEncoder

        try:
            self._model = MultiVectorEncoder(
                weights.location,
                device=this_machine().device,
                local_files_only=weights.path is not None,
                model_kwargs={"use_safetensors": True},
            )
        except (OSError, ValueError, RuntimeError) as error:
            raise ModelFailed(
                f"The late interaction model '{weights.name}' cannot be loaded ({type(error).__name__}); set"
                " `token_encoder` to the folder or hub id of one, or leave it out."
            ) from error
        if not _is_colbert(weights_of(weights.name).path):
            raise ModelFailed(
                f"The model '{weights.name}' was not trained for late interaction (it is no ColBERT checkpoint); to"
                " compare its own token vectors name it as `embedder` and leave `token_encoder` out."
            )
        self.name = weights.name
        self._lock = threading.Lock()  # the tokenizer must not be borrowed by two threads at once

    def encode_question(self, text: str) -> tuple[Vectors, Vectors]:
        with self._lock:
            (vectors,) = self._model.encode_query([text], show_progress_bar=False)
        found = _plain(vectors)
        return found, _equal(found)

    def encode_passages(self, texts: Sequence[str]) -> list[Vectors]:
        if not texts:
            return []
        with self._lock:
            return [_plain(v) for v in self._model.encode_document(list(texts), show_progress_bar=False)]


def _is_colbert(folder: Path | None) -> bool:
    """As sentence-transformers tells its own and PyLate's checkpoints, Stanford's, and transformers' retrievers."""
    if folder is None:
        return False
    kind = _said(folder / "config_sentence_transformers.json").get("model_type")
    built = _said(folder / "config.json").get("architectures") or []
    return kind in COLBERT_TYPES or any(name == "HF_ColBERT" or name.endswith("ForRetrieval") for name in built)


def _said(path: Path) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return said


def _equal(vectors: Vectors) -> Vectors:
    """The same weight for each row, one in all."""
    return np.full(len(vectors), 1 / max(1, len(vectors)), dtype=np.float32)


def _plain(vectors: Tensor) -> Vectors:
    plain: Vectors = vectors.float().cpu().numpy()
    return plain
