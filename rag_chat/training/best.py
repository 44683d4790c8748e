"""The weights that ranked the watched questions best so far, and for how many measurements none was better."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

PATIENCE = 3  # measurements without a better one, after which a run ends


@dataclass(frozen=True, slots=True)
class Best:
    """`score` is nDCG@10; of equal ones the earliest is kept, as it moved least."""

    score: float
    step: int
    weights: Mapping[str, Tensor]
    missed: int = 0

    def after(self, score: float, step: int, weights: Mapping[str, Tensor]) -> Best:
        if score > self.score:
            return Best(score, step, weights)
        return Best(self.score, self.step, self.weights, self.missed + 1)

    def state(self) -> dict[str, Any]:
        """The fields, for a checkpoint."""
        return {field: getattr(self, field) for field in self.__slots__}

    @property
    def stands(self) -> bool:
        return self.missed >= PATIENCE
