"""Token vectors for late interaction: of the project's own network, or of any ColBERT checkpoint."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from rag_chat import quiet
from rag_chat.bert import padded
from rag_chat.compute import this_machine
from rag_chat.errors import ModelFailed
from rag_chat.lanes import lanes
from rag_chat.rerank.interaction import PASSAGE_TOKENS, QUESTION_TOKENS, ids_of
from rag_chat.weights import Weights

if TYPE_CHECKING:
    from torch import Tensor

    from rag_chat.rerank.interaction import InteractionReranker
    from rag_chat.types import Vectors


class NetworkTokens:
    """The token vectors that the default reranker compares, with its learned weights of the question's tokens."""

    def __init__(self, reranker: InteractionReranker) -> None:
        self.name = f"{reranker.name}:{reranker.sha256[:16]}"  # other weights, other vectors
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


class MultiVectorTokens:
    """Any checkpoint of ColBERT or PyLate that sentence-transformers' MultiVectorEncoder loads."""

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
                f"The late interaction model '{weights.name}' cannot be loaded ({type(error).__name__})."
            ) from error
        self.name = weights.name
        self._lock = threading.Lock()  # the tokenizer must not be borrowed by two threads at once

    def encode_question(self, text: str) -> tuple[Vectors, Vectors]:
        with self._lock:
            (vectors,) = self._model.encode_query([text], show_progress_bar=False)
        found = _plain(vectors)
        return found, np.full(len(found), 1 / max(1, len(found)), dtype=np.float32)

    def encode_passages(self, texts: Sequence[str]) -> list[Vectors]:
        if not texts:
            return []
        with self._lock:
            return [_plain(v) for v in self._model.encode_document(list(texts), show_progress_bar=False)]


def _plain(vectors: Tensor) -> Vectors:
    plain: Vectors = vectors.float().cpu().numpy()
    return plain
