"""The default cross-encoder: this project's weights on top of the stage-one encoder (see `network.py`)."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag_chat import front, lexical, quiet
from rag_chat.bert import load_encoder, load_tokenizer, load_trained, padded, require_base
from rag_chat.compute import this_machine
from rag_chat.errors import ModelFailed
from rag_chat.lanes import lanes
from rag_chat.rerank import window
from rag_chat.scoring import Combination, reordered
from rag_chat.types import Candidate, Signals
from rag_chat.weights import Weights, hash_of

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerBase

    from rag_chat.rerank.network import InteractionNetwork, Tokens

WEIGHTS_FILE, CARD_FILE = "weights.safetensors", "combination.json"
WARM_UP_TEXT = "the quick brown fox reads forty two annual reports " * 25
WARM_UP_PAIRS = 24
TITLES = 10  # of the nearest candidates' documents, to see what they have in common
PASSAGE_TOKENS, QUESTION_TOKENS = 256, 96  # stage one's own limit; longer questions are cut


@dataclass(frozen=True, slots=True)
class Card:
    """What travels with the weights: the final order, the order of bare sentences, and the encoder's sha256."""

    passages: Combination  # cosine, MaxSim and joint logit of a passage
    sentences: Combination  # of a sentence, which has no stage-one cosine
    base_sha256: str

    @classmethod
    def read(cls, path: Path) -> Card:
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return cls(Combination(**values["passages"]), Combination(**values["sentences"]), str(values["base_sha256"]))


class InteractionReranker:
    """Scores pairs in length-sorted batches, one a core; `pairs_per_second` is what this machine did last."""

    def __init__(self, weights: Weights, encoder: Weights) -> None:
        quiet.libraries()
        assert weights.path is not None
        try:
            self.card = Card.read(weights.path / CARD_FILE)
            require_base(weights.name, self.card.base_sha256, encoder)
            self._network = load_network(encoder, weights.path / WEIGHTS_FILE)
            self._tokenizer = load_tokenizer(encoder)
        except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
            raise ModelFailed(
                f"The reranker '{weights.name}' cannot be loaded ({type(error).__name__}); make it anew with:"
                " rag-chat train reranker."
            ) from error
        self._network = self._network.to(this_machine().device, this_machine().dtype).eval()
        self.name = weights.name
        self.sha256 = hash_of(weights)
        self.pairs_per_second = 0.0
        self._lock = threading.Lock()  # the tokenizer must not be borrowed by two threads at once

    @property
    def parts(self) -> tuple[InteractionNetwork, PreTrainedTokenizerBase, threading.Lock]:
        """Network, tokenizer and the tokenizer's lock, for who needs token vectors alone."""
        return self._network, self._tokenizer, self._lock

    def warm_up(self) -> None:
        """Measures this machine's speed on full-length passages, which also warms everything: 0.2 s."""
        texts = [WARM_UP_TEXT] * WARM_UP_PAIRS
        self.signals(WARM_UP_TEXT[:60], texts)
        start = time.perf_counter()
        self.signals(WARM_UP_TEXT[:60], texts)
        self.pairs_per_second = len(texts) / (time.perf_counter() - start)

    def rerank(self, query: str, candidates: Sequence[Candidate]) -> list[Candidate]:
        if not candidates:
            return []
        start = time.perf_counter()
        asked = front.within(query, [f"{c.document} {c.title}" for c in candidates[:TITLES]])
        found = self.signals(asked, [front.of(c) for c in candidates])
        self.pairs_per_second = len(candidates) / (time.perf_counter() - start)
        marked = [_marked(c, signals) for c, signals in zip(candidates, found, strict=True)]
        return reordered(marked, [self.card.passages.probability(c.signals) for c in marked])

    def score(self, question: str, texts: Sequence[str]) -> list[float]:
        """Calibrated 0..1 for sentences of a passage."""
        return [self.card.sentences.probability(s) for s in self.signals(question, texts)]

    def signals(self, question: str, texts: Sequence[str]) -> list[Signals]:
        """MaxSim, the head's logit and the match of words of each text, in the order given."""
        import torch

        from rag_chat.rerank.network import Tokens

        matched = lexical.match(question, texts)
        device = this_machine().device
        with self._lock:
            asked = tokens_of(self._tokenizer, [question], QUESTION_TOKENS, device)
            found = window.ids(self._tokenizer, question, texts)
        with torch.inference_mode():
            question_vectors = self._network.token_vectors(asked)

        def scored(batch: list[int]) -> list[tuple[float, float]]:
            with torch.inference_mode():
                passages = Tokens(*padded([found[i] for i in batch], device))
                vectors = self._network.token_vectors(passages)
                scores = self._network(question_vectors, asked.mask, vectors[None], passages.mask[None])
            return list(zip(scores.maxsim[0].tolist(), scores.joint[0].tolist(), strict=True))

        batches = lanes().batches([len(ids) for ids in found])
        signals = [Signals()] * len(texts)
        for batch, scores in zip(batches, lanes().map(scored, batches), strict=True):
            for place, (maxsim, joint) in zip(batch, scores, strict=True):
                signals[place] = Signals(maxsim=maxsim, joint=joint, lexical=matched[place])
        return signals


def _marked(candidate: Candidate, found: Signals) -> Candidate:
    """With what the network says beside what stage one knew."""
    known = candidate.signals
    cosine = candidate.stage1_score if known.cosine is None else known.cosine
    signals = replace(known, cosine=cosine, maxsim=found.maxsim, joint=found.joint, lexical=found.lexical)
    return replace(candidate, signals=signals)


def load_network(encoder: Weights, trained: Path) -> InteractionNetwork:
    """The network in float32 on the CPU: the stage-one encoder, and over it what training changed."""
    from rag_chat.rerank.network import InteractionNetwork

    network = InteractionNetwork(load_encoder(encoder))
    load_trained(network, trained)
    return network


def tokens_of(
    tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], limit: int, device: str | torch.device
) -> Tokens:
    """(texts, tokens) ids and mask, padded to the longest, cut at `limit`."""
    from rag_chat.rerank.network import Tokens

    return Tokens(*padded(ids_of(tokenizer, texts, limit), device))


def ids_of(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], limit: int) -> list[list[int]]:
    """The ids of each text with its special tokens, cut at `limit`."""
    ids: list[list[int]] = tokenizer(list(texts), truncation=True, max_length=limit)["input_ids"] if texts else []
    return ids
