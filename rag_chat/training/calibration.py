"""Signals to a probability: logistic regression, and how far its probabilities can be believed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 10


@dataclass(frozen=True, slots=True)
class Logistic:
    """sigmoid(weights . signals + offset)."""

    weights: tuple[float, ...]
    offset: float

    def probabilities(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n, signals) to (n,)."""
        found: NDArray[np.float64] = 1 / (1 + np.exp(-np.clip(rows @ np.array(self.weights) + self.offset, -30, 30)))
        return found


def fit(rows: NDArray[np.float64], true: NDArray[np.bool_], *, balanced: bool = False) -> Logistic:
    """By scikit-learn, hardly regularised; rows (n, signals) are standardised first. `balanced` weighs both kinds
    alike however many there are, so that 0.5 lies between them. Needs rows of both kinds."""
    from sklearn.linear_model import LogisticRegression

    mean, spread = rows.mean(axis=0), rows.std(axis=0)
    spread[spread == 0] = 1.0
    model = LogisticRegression(C=100.0, class_weight="balanced" if balanced else None, max_iter=1000)
    model.fit((rows - mean) / spread, true)
    weights = model.coef_[0] / spread
    return Logistic(tuple(float(w) for w in weights), float(model.intercept_[0] - weights @ mean))


def expected_calibration_error(probabilities: NDArray[np.float64], true: NDArray[np.bool_]) -> float:
    """Mean distance of stated probability and observed share over ten equal bins, weighed by how many fall in each
    (Guo et al. 2017, arXiv:1706.04599)."""
    bins = np.minimum((probabilities * BINS).astype(int), BINS - 1)
    error = 0.0
    for number in range(BINS):
        inside = bins == number
        if inside.any():
            error += float(inside.mean() * abs(probabilities[inside].mean() - true[inside].mean()))
    return error


def balanced_accuracy(probabilities: NDArray[np.float64], true: NDArray[np.bool_], threshold: float = 0.5) -> float:
    """Mean of the shares judged rightly among the true and among the false."""
    said = probabilities >= threshold
    return float((said[true].mean() + (~said[~true]).mean()) / 2)


def threshold_for(true: Sequence[float], refused_at_most: float) -> float:
    """The score under which at most this share of the answerable falls."""
    return float(np.quantile(np.array(true), refused_at_most)) if len(true) else 0.0
