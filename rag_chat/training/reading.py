"""Trains the reader: where a passage answers a question, that it does not, and whether a quote carries a sentence.

Start: the shipped weights, or the stage-one encoder with two fresh heads. A step reads some questions with a passage
and some sentences with a quote; the loss is the cross-entropy of the answer's first and last token and the binary
cross-entropy of the claim. The data of a step are a function of (seed, step), so that a run resumes exactly where its
last checkpoint stands.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy
from torch.utils.data import DataLoader, Dataset

from rag_chat.bert import load_trained
from rag_chat.compute import keep_freed_memory, this_machine
from rag_chat.reading.couples import Coupled, coupled, padded
from rag_chat.reading.network import ReaderNetwork, Readings
from rag_chat.training.claims import Claim
from rag_chat.training.descent import Descent
from rag_chat.training.examples import EXERCISE_SHARE, SOMEWHERE, Examples

if TYPE_CHECKING:
    from transformers import BertModel, PreTrainedTokenizerBase

LIKE, LIKE_ON_ACCELERATOR = 4, 64  # rows that are read together
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
    exercises_from: float = 0.0  # share of the run after which exercises take part; they are few
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
        steps = Steps(self._tokenizer, examples, known, self.recipe)
        left = range(self.descent.step, self.recipe.steps)
        # An accelerator waits for its examples: other processes make them meanwhile.
        workers = max(1, (os.cpu_count() or 1) - 2) if self._device != "cpu" else 0
        for batch in DataLoader(steps, batch_size=None, sampler=left, num_workers=workers):
            losses = self._learn(batch)
            report(self.descent.step, losses)

    def _learn(self, batch: Batch) -> dict[str, float]:
        asked, claims = len(batch.asked), len(batch.claims)

        def losses(parts: int) -> Iterator[dict[str, Tensor]]:
            for start in range(parts):
                part = slice(start, None, parts)
                yield {
                    "span": self._span_loss(batch.asked[part], batch.places[part]) / (2 * asked),
                    "claim": self._claim_loss(batch.claims[part], batch.carried[part]) / claims,
                }

        return self.descent.learn(losses, min(asked, claims))

    def _span_loss(self, rows: Sequence[Coupled], places: Sequence[tuple[int, int]]) -> Tensor:
        """Summed over first and last tokens."""
        losses = []
        for part, readings in self._read(rows):
            marked = torch.tensor([places[i] for i in part], device=self._device)
            losses += [missed(readings.starts, marked[:, 0]), missed(readings.ends, marked[:, 1])]
        return torch.stack(losses).sum()

    def _claim_loss(self, rows: Sequence[Coupled], carried: Sequence[bool]) -> Tensor:
        """Summed over the claims."""
        losses = []
        for part, readings in self._read(rows):
            wanted = torch.tensor([float(carried[i]) for i in part], device=self._device)
            losses.append(binary_cross_entropy_with_logits(readings.carried, wanted, reduction="sum"))
        return torch.stack(losses).sum()

    def _read(self, rows: Sequence[Coupled]) -> Iterator[tuple[list[int], Readings]]:
        """Rows of a length together, so that little is padded."""
        order = sorted(range(len(rows)), key=lambda i: len(rows[i].ids))
        like = LIKE if self._device == "cpu" else LIKE_ON_ACCELERATOR
        for start in range(0, len(order), like):
            part = order[start : start + like]
            yield part, self.network(padded([rows[i] for i in part], self._device, WIDTHS))


@dataclass(frozen=True, slots=True)
class Batch:
    """What a step reads: questions with the first and last token of their answers, sentences and whether their quotes
    carry them."""

    asked: list[Coupled]
    places: list[tuple[int, int]]
    claims: list[Coupled]
    carried: list[bool]


class Steps(Dataset[Batch]):
    """The data of each step, by its number."""

    def __init__(
        self, tokenizer: PreTrainedTokenizerBase, examples: Examples, known: Sequence[Claim], recipe: Recipe
    ) -> None:
        self._tokenizer = tokenizer
        self._examples = examples
        self._known = known
        self._recipe = recipe

    def __getitem__(self, step: int) -> Batch:
        rng = random.Random(f"{self._recipe.seed}/{step}")
        share = EXERCISE_SHARE if step >= self._recipe.exercises_from * self._recipe.steps else 0.0
        asked = [self._examples.question(rng, share) for _ in range(self._recipe.questions)]
        claims = [self._claim(rng, share) for _ in range(self._recipe.claims)]
        rows = coupled(self._tokenizer, [a.question for a in asked], [a.text for a in asked])
        return Batch(
            rows,
            [place(row, a.start, a.end) for row, a in zip(rows, asked, strict=True)],
            coupled(self._tokenizer, [c.sentence for c in claims], [c.quote for c in claims]),
            [c.carried for c in claims],
        )

    def _claim(self, rng: random.Random, share: float) -> Claim:
        known = self._known and rng.random() < KNOWN_SHARE
        return rng.choice(self._known) if known else self._examples.claim(rng, share)


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
