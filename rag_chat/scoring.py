"""Ranking arithmetic on plain numbers; no models and no I/O."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rag_chat.types import Candidate, Signals


@dataclass(frozen=True, slots=True)
class Combination:
    """The final order: a weighted sum of the signals, and its calibration to a probability of being relevant.

    The weights are set on tuning data and travel with the reranker's weights. Probability is
    sigmoid(scale * sum + offset), Platt's form. Those of `named`, `figures` and `lines` hold whatever the
    reranker: nothing of the kind is in sets without documents and tables (README, "Evidence pages").
    """

    cosine: float
    maxsim: float
    joint: float
    lexical: float = 0.0
    scale: float = 1.0
    offset: float = 0.0
    named: float = 16.0
    figures: float = 9.0
    lines: float = 8.0

    def logit(self, signals: Signals) -> float:
        """The weighted sum over the signals that ran, calibrated but not yet squashed."""
        parts = (
            (self.cosine, signals.cosine),
            (self.maxsim, signals.maxsim),
            (self.joint, signals.joint),
            (self.lexical, signals.lexical),
            (self.named, signals.named),
            (self.figures, signals.figures),
            (self.lines, signals.lines),
        )
        return self.scale * sum(weight * value for weight, value in parts if value is not None) + self.offset

    def probability(self, signals: Signals) -> float:
        return sigmoid(self.logit(signals))


@dataclass(frozen=True, slots=True)
class QuoteOrder:
    """How probable it is that a sentence of a passage answers the question: a logistic model of three logits.

    `sentence` weighs the scorer's logit for the bare sentence, `passage` the reranker's for its passage, `reading`
    the reader's log odds of an answer inside the sentence against none in the passage; where nothing was read, the
    share of the question's words that the sentence has.
    """

    sentence: float = 1.0
    passage: float = 1.0
    reading: float = 0.0
    offset: float = 0.0

    def probability(self, sentence: float, passage: float, reading: float, *, lift: float = 0.0) -> float:
        """`lift`: logits of what else speaks for the sentence."""
        return sigmoid(self.sentence * sentence + self.passage * passage + self.reading * reading + self.offset + lift)


@dataclass(frozen=True, slots=True)
class SupportOrder:
    """How probable it is that a quote carries a sentence: a logistic model of exact faults and the reader's logit.

    `overlap` weighs the share of the sentence's content words that the quote has; `number`, `name` and `sense` weigh
    a number or name that the quote lacks, and a negation on one side only; `reading` the reader's logit.
    """

    overlap: float
    number: float
    name: float
    sense: float
    reading: float
    offset: float

    def probability(self, faults: Sequence[float], reading: float) -> float:
        """`faults` are overlap, number, name and sense as above."""
        weights = (self.overlap, self.number, self.name, self.sense)
        total = sum(weight * value for weight, value in zip(weights, faults, strict=True))
        return sigmoid(total + self.reading * reading + self.offset)


def sigmoid(value: float) -> float:
    """1 / (1 + e^-value), without overflow on either side."""
    if value >= 0:
        return 1.0 / (1.0 + math.exp(-value))
    return math.exp(value) / (1.0 + math.exp(value))


def logit(probability: float) -> float:
    """The inverse of `sigmoid`, kept finite at both ends."""
    kept = min(max(probability, 1e-6), 1 - 1e-6)
    return math.log(kept / (1 - kept))


def reordered(candidates: Sequence[Candidate], scores: Sequence[float]) -> list[Candidate]:
    """Best first by the new scores; ties keep the earlier order; ranks count from 1 anew, stage one's are kept."""
    order = sorted(range(len(candidates)), key=lambda i: (-scores[i], candidates[i].rank))
    return [replace(candidates[i], rank=rank, score=scores[i]) for rank, i in enumerate(order, start=1)]


def length_batches(lengths: Sequence[int], size: int) -> list[list[int]]:
    """Places of texts in batches of at most `size`, longest first, so that a batch pads little."""
    order = sorted(range(len(lengths)), key=lambda i: -lengths[i])
    return [order[start : start + size] for start in range(0, len(order), size)]
