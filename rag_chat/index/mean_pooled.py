"""The installed default bi-encoder, read by transformers alone: mean of the token vectors, of unit length.

sentence-transformers makes the same vectors, bit for bit (a test compares them), but importing it takes a third of the
time in which a command answers its first question.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rag_chat import quiet
from rag_chat.weights import Weights

if TYPE_CHECKING:
    from torch import Tensor

    from rag_chat.compute import Compute


class MeanPooled:
    """What `BiEncoder` uses of a SentenceTransformer, for a BERT model whose vectors are means; it has no prompts."""

    def __init__(self, weights: Weights, machine: Compute) -> None:
        with quiet.loading():
            quiet.libraries()
            from rag_chat.bert import load_encoder, load_tokenizer

            encoder = load_encoder(weights)
        assert weights.path is not None
        self.prompts: dict[str, str] = {}
        self.tokenizer = load_tokenizer(weights)
        self.max_seq_length = int(
            json.loads((weights.path / "sentence_bert_config.json").read_text())["max_seq_length"]
        )
        self.device = machine.device
        self._encoder = encoder.eval().to(machine.device, machine.dtype)

    def get_embedding_dimension(self) -> int:
        return int(self._encoder.config.hidden_size)

    def preprocess(self, texts: Sequence[str], prompt: str | None = None, task: str = "") -> dict[str, Tensor]:
        """Token ids and masks, (texts, tokens)."""
        read = self.tokenizer(
            list(texts), truncation=True, max_length=self.max_seq_length, padding=True, return_tensors="pt"
        )
        return dict(read)

    def __call__(self, features: Mapping[str, Any], task: str = "") -> dict[str, Tensor]:
        """`token_embeddings` (texts, tokens, dim) and `sentence_embedding` (texts, dim), beside what came in."""
        import torch

        vectors = self._encoder(**features).last_hidden_state
        mask = features["attention_mask"].unsqueeze(-1).to(vectors.dtype)
        mean = (vectors * mask).sum(1, dtype=torch.float32) / mask.sum(1, dtype=torch.float32)
        unit = torch.nn.functional.normalize(mean.to(vectors.dtype), dim=1)
        return {**features, "token_embeddings": vectors, "sentence_embedding": unit}
