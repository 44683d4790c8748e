"""Lets a small model refuse only when it means it.

A refusal is one fixed sentence, a true answer can be worded in many ways: taken token by token, the refusal wins far
too often, because its probability stays together while that of the answers is spread (and half of all sentences begin
with the refusal's first word). So its probability is read off as a whole; below a threshold the model answers as if
refusing were not possible. Knows token ids only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from transformers import LogitsProcessor


def log_probabilities(model: Any, asked: torch.Tensor, refusal: Sequence[int]) -> list[float]:
    """Of each token of the refusal, given the prompt (1, tokens) and the tokens before it."""
    said = torch.tensor([list(refusal)], device=asked.device)
    with torch.inference_mode():
        logits = model(torch.cat([asked, said], dim=1), logits_to_keep=len(refusal) + 1).logits[0, :-1].float()
    found: list[float] = logits.log_softmax(dim=-1).gather(1, said[0, :, None])[:, 0].tolist()
    return found


class Answering(LogitsProcessor):
    """The model's distribution given that it does not refuse.

    Where all so far is the beginning of the refusal, the refusal's next token loses what leads on to its end.
    """

    def __init__(self, asked: int, refusal: Sequence[int], found: Sequence[float]) -> None:
        self._asked = asked
        self._refusal = list(refusal)
        self._rest = [math.exp(sum(found[place:])) for place in range(len(refusal))]

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        written = input_ids[0, self._asked :].tolist()
        if len(written) >= len(self._refusal) or written != self._refusal[: len(written)]:
            return scores
        probabilities = scores.float().softmax(dim=-1)
        token = self._refusal[len(written)]
        probabilities[:, token] = (probabilities[:, token] - self._rest[len(written)]).clamp_min(0)
        return probabilities.clamp_min(1e-12).log().to(scores.dtype)
