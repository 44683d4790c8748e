"""Any sentence-transformers cross-encoder, by folder or hub id, in the default's place."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import replace

from rag_chat import front, quiet
from rag_chat.compute import this_machine
from rag_chat.errors import ModelFailed
from rag_chat.scoring import length_batches, reordered, sigmoid
from rag_chat.types import Candidate
from rag_chat.weights import Weights

BATCH = 16


class CrossEncoderReranker:
    """Its own score alone orders; the sigmoid of the logit is shown, calibrated as well as its maker did."""

    def __init__(self, weights: Weights) -> None:
        quiet.libraries()
        from sentence_transformers import CrossEncoder

        machine = this_machine()
        try:
            self._model = CrossEncoder(
                weights.location,
                device=machine.device,
                local_files_only=weights.path is not None,
                model_kwargs={"dtype": machine.dtype, "use_safetensors": True},
            )
        except (OSError, ValueError, RuntimeError) as error:
            raise ModelFailed(
                f"The cross-encoder '{weights.name}' cannot be loaded ({type(error).__name__}); set `reranker` to the"
                " folder or hub id of one, or leave it out."
            ) from error
        if self._model.num_labels != 1:
            raise ModelFailed(
                f"The model '{weights.name}' has {self._model.num_labels} outputs; a reranker needs exactly one."
            )
        self.name = weights.name
        self.pairs_per_second = 0.0
        self._lock = threading.Lock()  # the tokenizer must not be borrowed by two threads at once

    def rerank(self, query: str, candidates: Sequence[Candidate]) -> list[Candidate]:
        if not candidates:
            return []
        start = time.perf_counter()
        logits = self._logits(query, [front.of(c) for c in candidates])
        self.pairs_per_second = len(candidates) / (time.perf_counter() - start)
        marked = [
            replace(c, signals=replace(c.signals, joint=logit)) for c, logit in zip(candidates, logits, strict=True)
        ]
        return reordered(marked, [sigmoid(logit) for logit in logits])

    def score(self, question: str, texts: Sequence[str]) -> list[float]:
        return [sigmoid(logit) for logit in self._logits(question, texts)]

    def _logits(self, question: str, texts: Sequence[str]) -> list[float]:
        import torch

        logits = [0.0] * len(texts)
        for batch in length_batches([len(text) for text in texts], BATCH):
            with self._lock:
                scores = self._model.predict(
                    [(question, texts[i]) for i in batch],
                    batch_size=len(batch),
                    activation_fn=torch.nn.Identity(),
                    show_progress_bar=False,
                )
            for place, logit in zip(batch, scores, strict=True):
                logits[place] = float(logit)
        return logits
