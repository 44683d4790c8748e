"""Sets the final order: how much cosine, MaxSim and the head's logit weigh, and what the sum means as a probability.

A coarse search over ratios, by the mean nDCG@10 of the tuning sets, so that every set counts the same however many
queries it has; then Platt's calibration on the same candidates. Numbers in, numbers out; no model.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rag_chat.scoring import Combination
from rag_chat.training import calibration

COSINES = (0.0, 8.0, 16.0, 24.0, 32.0)
MAXSIMS = (0.0, 16.0, 24.0, 32.0)
JOINTS = (0.0, 0.5, 1.0, 1.5, 2.0)
LEXICALS = (0.0, 2.0, 4.0, 6.0, 8.0, 12.0)
DEPTH = 10


@dataclass(frozen=True, slots=True)
class Scored:
    """One query: signals (candidates, 4) as cosine, maxsim, joint, lexical; grades (candidates,); the best DCG@10."""

    signals: NDArray[np.float64]
    grades: NDArray[np.float64]
    ideal: float


def fit(sets: Mapping[str, Sequence[Scored]]) -> tuple[Combination, float]:
    """The best combination over the sets and its mean nDCG@10."""
    grid = itertools.product(COSINES, MAXSIMS, JOINTS, LEXICALS)
    # Of equal combinations the one with the smallest weights: a signal that changes nothing gets none.
    best, chosen = max(
        ((mean_ndcg(sets, weights), weights) for weights in grid if any(weights)),
        key=lambda found: (found[0], -sum(found[1])),
    )
    signals = np.concatenate([query.signals for queries in sets.values() for query in queries])
    relevant = np.concatenate([query.grades > 0 for queries in sets.values() for query in queries])
    platt = calibration.fit((signals @ np.array(chosen))[:, None], relevant)
    return replace(Combination(*chosen), scale=platt.weights[0], offset=platt.offset), best


def calibrated_as(
    order: Combination, scored: Sequence[Scored], model: Combination, by_model: Sequence[Scored]
) -> Combination:
    """`order` with a scale and an offset under which its probabilities mean what `model`'s do, judged by both on the
    same queries.

    A fit on these queries alone would not hold: their candidates are fewer and harder than those of a search, which
    `model` was calibrated on. Where a fit tells nothing, the model's own scale and offset are kept.
    """
    own, other = _platt(order, scored), _platt(model, by_model)
    if own.weights[0] <= 0 or other.weights[0] <= 0:
        return replace(order, scale=model.scale, offset=model.offset)
    ratio = model.scale / other.weights[0]
    return replace(order, scale=ratio * own.weights[0], offset=model.offset + ratio * (own.offset - other.offset))


def _platt(order: Combination, scored: Sequence[Scored]) -> calibration.Logistic:
    weights = np.array([order.cosine, order.maxsim, order.joint, order.lexical])
    sums = np.concatenate([query.signals @ weights for query in scored])
    return calibration.fit(sums[:, None], np.concatenate([query.grades > 0 for query in scored]))


def mean_ndcg(sets: Mapping[str, Sequence[Scored]], weights: Sequence[float]) -> float:
    """Mean over the sets of the mean nDCG@10 of their queries."""
    vector = np.array(weights)
    return float(np.mean([np.mean([_ndcg(query, query.signals @ vector) for query in q]) for q in sets.values()]))


def ideal_dcg(grades: Sequence[float]) -> float:
    """DCG@10 of the best possible order of all judged documents."""
    return _dcg(np.sort(np.array(grades, dtype=np.float64))[::-1])


def _ndcg(query: Scored, scores: NDArray[np.float64]) -> float:
    order = np.argsort(-scores, kind="stable")
    return _dcg(query.grades[order]) / query.ideal if query.ideal else 0.0


def _dcg(grades: NDArray[np.float64]) -> float:
    top = grades[:DEPTH]
    return float((top / np.log2(np.arange(2, len(top) + 2))).sum())
