"""Trains the reader: where a passage answers a question, that it does not, and whether a quote carries a sentence.

Start: the shipped weights, or the stage-one encoder with two fresh heads. A step reads some questions with a passage
and some sentences with a quote; the loss is the cross-entropy of the answer's first and last token and the binary
cross-entropy of the claim. The data of a step are a function of (seed, step), so that a run resumes exactly where its
last checkpoint stands.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from rag_chat.bert import load_trained
from rag_chat.compute import keep_freed_memory, this_machine
from rag_chat.reading.couples import Coupled, coupled, padded
from rag_chat.reading.network import ReaderNetwork, Readings
from rag_chat.training.claims import Claim
from rag_chat.training.descent import Descent
from rag_chat.training.examples import SOMEWHERE, Asked, Examples

if TYPE_CHECKING:
    from transformers import BertModel, PreTrainedTokenizerBase

LIKE = 4  # rows that are read together
WIDTHS = 32  # tokens: of few widths the kernels and the blocks of memory are made once (a step of 5.3 s took 3.2)
KNOWN_SHARE = 0.3  # of the claims, drawn from labelled ones where there are any


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that shapes a run; stored with the weights."""

    steps: int = 1000
    fresh: bool = False  # start from the stage-one encoder instead of from the shipped weights
    questions: int = 16  # a step
    claims: int = 8  # a step
    frozen_layers: int = 1  # the lowest; the word vectors are always stage one's
    learning_rate: float = 8e-5
    head_learning_rate: float = 5e-4
    warmup: int = 100
    seed: int = 0


class ReaderTrainer:
    """Owns the network in the machine's dtype and its descent."""

    def __init__(
        self, encoder: BertModel, tokenizer: PreTrainedTokenizerBase, recipe: Recipe, start: Path | None = None
    ) -> None:
        """`start` holds weights to go on from."""
        keep_freed_memory()
        self.recipe = recipe
        self._tokenizer = tokenizer
        self._device = this_machine().device
        torch.manual_seed(recipe.seed)
        network = ReaderNetwork(encoder)
        if start is not None:
            load_trained(network, start)
        for part in [encoder.embeddings, *encoder.encoder.layer[: recipe.frozen_layers]]:
            part.requires_grad_(False)  # shared with stage one, so that they are not stored twice
        # Without dropout: a run sees hardly any pair twice, and random numbers took a third of a step on a CPU.
        self.network = network.to(self._device, this_machine().dtype).eval()
        rates = {"encoder.": recipe.learning_rate, "": recipe.head_learning_rate}
        self.descent = Descent(self.network, rates, warmup=recipe.warmup, steps=recipe.steps)

    def train(
        self, examples: Examples, known: Sequence[Claim], report: Callable[[int, dict[str, float]], None]
    ) -> None:
        """Runs to the recipe's last step; `report(step, losses)` is called after each."""
        while self.descent.step < self.recipe.steps:
            rng = random.Random(f"{self.recipe.seed}/{self.descent.step}")
            asked = [examples.question(rng) for _ in range(self.recipe.questions)]
            claims = [_claim(examples, known, rng) for _ in range(self.recipe.claims)]
            losses = self._learn(asked, claims)
            report(self.descent.step, losses)

    def _learn(self, asked: Sequence[Asked], claims: Sequence[Claim]) -> dict[str, float]:
        def losses(parts: int) -> Iterator[dict[str, Tensor]]:
            for start in range(parts):
                yield {
                    "span": self._span_loss(asked[start::parts]) / (2 * len(asked)),
                    "claim": self._claim_loss(claims[start::parts]) / len(claims),
                }

        return self.descent.learn(losses, min(len(asked), len(claims)))

    def _span_loss(self, asked: Sequence[Asked]) -> Tensor:
        """Summed over first and last tokens."""
        rows = coupled(self._tokenizer, [a.question for a in asked], [a.text for a in asked])
        losses = []
        for part, readings in self._read(rows):
            places = torch.tensor([place(rows[i], asked[i].start, asked[i].end) for i in part], device=self._device)
            losses += [missed(readings.starts, places[:, 0]), missed(readings.ends, places[:, 1])]
        return torch.stack(losses).sum()

    def _claim_loss(self, claims: Sequence[Claim]) -> Tensor:
        """Summed over the claims."""
        rows = coupled(self._tokenizer, [c.sentence for c in claims], [c.quote for c in claims])
        losses = []
        for part, readings in self._read(rows):
            carried = torch.tensor([float(claims[i].carried) for i in part], device=self._device)
            losses.append(binary_cross_entropy_with_logits(readings.carried, carried, reduction="sum"))
        return torch.stack(losses).sum()

    def _read(self, rows: Sequence[Coupled]) -> Iterator[tuple[list[int], Readings]]:
        """Rows of a length together, so that little is padded."""
        order = sorted(range(len(rows)), key=lambda i: len(rows[i].ids))
        for start in range(0, len(order), LIKE):
            part = order[start : start + LIKE]
            yield part, self.network(padded([rows[i] for i in part], self._device, WIDTHS))


def missed(logits: Tensor, places: Tensor) -> Tensor:
    """Sum over the rows of the cross-entropy of `logits` (rows, tokens) at `places`; of being anywhere but at [CLS]
    where the place is SOMEWHERE."""
    marked = cross_entropy(logits, places.clamp(min=0), reduction="none")
    anywhere = logits.logsumexp(1) - logits[:, 1:].logsumexp(1)
    return torch.where(places == SOMEWHERE, anywhere, marked).sum()


def place(row: Coupled, start: int, end: int) -> tuple[int, int]:
    """First and last token of `text[start:end]`; (0, 0), the place of [CLS], where there is no such answer or it was
    cut off; SOMEWHERE twice where its place is not known."""
    if start == SOMEWHERE:
        return SOMEWHERE, SOMEWHERE
    if start < 0:
        return 0, 0
    inside = [i for i, (a, b) in enumerate(row.offsets) if a >= 0 and a < end and b > start]
    return (inside[0], inside[-1]) if inside else (0, 0)


def _claim(examples: Examples, known: Sequence[Claim], rng: random.Random) -> Claim:
    return rng.choice(known) if known and rng.random() < KNOWN_SHARE else examples.claim(rng)
