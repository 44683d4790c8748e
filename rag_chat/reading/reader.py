"""The reader at work: a question with the few best passages, or a sentence with the quotes that may carry it."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag_chat import quiet
from rag_chat.bert import load_encoder, load_tokenizer, load_trained, require_base
from rag_chat.compute import this_machine
from rag_chat.errors import ModelFailed
from rag_chat.lanes import lanes
from rag_chat.reading.couples import Coupled, coupled, padded
from rag_chat.scoring import QuoteOrder, SupportOrder
from rag_chat.types import Reading
from rag_chat.weights import Weights

if TYPE_CHECKING:
    from torch import Tensor

WEIGHTS_FILE, CARD_FILE = "weights.safetensors", "card.json"


@dataclass(frozen=True, slots=True)
class Card:
    """What travels with the weights: how the reader's logits are combined with what else is known, and what they mean.

    `threshold` is the probability of the best quote under which nothing counts as evidence.
    """

    quotes: QuoteOrder
    support: SupportOrder
    threshold: float
    base_sha256: str  # of the encoder that it was trained on

    @classmethod
    def read(cls, path: Path) -> Card:
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        quotes, support = QuoteOrder(**values["quotes"]), SupportOrder(**values["support"])
        return cls(quotes, support, float(values["threshold"]), str(values["base_sha256"]))


class Reader:
    """Safe to share between threads."""

    def __init__(self, weights: Weights, encoder: Weights) -> None:
        quiet.libraries()
        from rag_chat.reading.network import ReaderNetwork

        try:
            if weights.path is None:
                raise FileNotFoundError(weights.name)
            self.card = Card.read(weights.path / CARD_FILE)
            require_base(weights.name, self.card.base_sha256, encoder)
            network = ReaderNetwork(load_encoder(encoder))
            load_trained(network, weights.path / WEIGHTS_FILE)
            self._tokenizer = load_tokenizer(encoder)
        except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
            raise ModelFailed(
                f"The reader '{weights.name}' cannot be loaded ({type(error).__name__}); make it anew with:"
                " rag-chat train support."
            ) from error
        self._network = network.to(this_machine().device, this_machine().dtype).eval()
        self.name = weights.name
        self._lock = threading.Lock()  # the tokenizer must not be borrowed by two threads at once

    def read(self, question: str, texts: Sequence[str]) -> list[Reading]:
        """Where each text may answer the question, in the order given."""
        return self._run([question] * len(texts), texts, _readings)

    def carried(self, sentences: Sequence[str], quotes: Sequence[str]) -> list[float]:
        """For each sentence with its quote the logit that the quote carries it."""
        return self._run(sentences, quotes, lambda rows, starts, ends, carried: carried.tolist())

    def _run(self, firsts: Sequence[str], seconds: Sequence[str], made_of: Any) -> list[Any]:
        import torch

        if not seconds:
            return []
        with self._lock:
            rows = coupled(self._tokenizer, firsts, seconds)

        def read(batch: list[int]) -> list[Any]:
            part = [rows[i] for i in batch]
            with torch.inference_mode():
                found = self._network(padded(part, this_machine().device))
            return list(made_of(part, found.starts.cpu(), found.ends.cpu(), found.carried.cpu()))

        results: list[Any] = [None] * len(rows)
        batches = lanes().batches([len(row.ids) for row in rows])
        for batch, made in zip(batches, lanes().map(read, batches), strict=True):
            for place, one in zip(batch, made, strict=True):
                results[place] = one
        return results


def _readings(rows: Sequence[Coupled], starts: Tensor, ends: Tensor, carried: Tensor) -> list[Reading]:
    return [_reading(row, starts[i], ends[i]) for i, row in enumerate(rows)]


def _reading(row: Coupled, starts: Tensor, ends: Tensor) -> Reading:
    """Only the tokens of the second text, and [CLS] for there being no answer."""
    read = [i for i, (start, _) in enumerate(row.offsets) if start >= 0]
    return Reading(
        tuple(row.offsets[i] for i in read),
        tuple(starts[read].tolist()),
        tuple(ends[read].tolist()),
        float(starts[0] + ends[0]),
    )
