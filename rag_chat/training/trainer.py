"""Trains the default cross-encoder: a residual on cosine and MaxSim, learned listwise on hard negatives.

Start: the shipped weights, or the stage-one encoder and an untrained head whose last layer is zero. Each step takes a
few groups (question, positive, hard negatives), domains balanced. Three losses, all listwise cross-entropy: of the
summed signals over the group; of the head's logit alone over the group; of MaxSim over all passages of the step, since
a question can be compared with every other question's passages for almost nothing once they are encoded.
The data order is a function of (seed, step), so that a run resumes exactly where its last checkpoint stands.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from torch.utils.checkpoint import checkpoint

from rag_chat import lexical
from rag_chat.bert import load_trained, padded
from rag_chat.compute import keep_freed_memory, this_machine
from rag_chat.rerank import window
from rag_chat.rerank.interaction import QUESTION_TOKENS, tokens_of
from rag_chat.rerank.network import InteractionNetwork, Tokens
from rag_chat.training.descent import Descent
from rag_chat.training.mining import Group
from rag_chat.types import Signals

if TYPE_CHECKING:
    from transformers import BertModel, PreTrainedTokenizerBase

COSINE_WEIGHT, MAXSIM_WEIGHT = 8.0, 24.0  # the untrained ranking that training starts from (ratio from the README)


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that shapes a run; stored with the weights."""

    steps: int = 2000  # at most
    fresh: bool = False  # start from the stage-one encoder instead of from the shipped weights
    groups: int = 8  # questions a step
    negatives: int = 4  # hard negatives a question and step
    passage_tokens: int = 128
    question_tokens: int = 40
    frozen_layers: int = 2
    learning_rate: float = 4e-5
    joint_learning_rate: float = 3e-4
    warmup: int = 100
    seed: int = 0


class Trainer:
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
        network = InteractionNetwork(encoder)
        if start is not None:
            load_trained(network, start)
        for part in [encoder.embeddings, *encoder.encoder.layer[: recipe.frozen_layers]]:
            part.requires_grad_(False)
        self.network = network.to(self._device, this_machine().dtype).train()
        rates = {"encoder.": recipe.learning_rate, "": recipe.joint_learning_rate}
        self.descent = Descent(self.network, rates, warmup=recipe.warmup, steps=recipe.steps)

    def train(
        self, groups: Sequence[Group], report: Callable[[int, dict[str, float]], None], until: int | None = None
    ) -> None:
        """Runs to the recipe's last step, or the step `until`; `report(step, losses)` is called after each."""
        left = (self.recipe.steps if until is None else until) - self.descent.step
        for batch in islice(steps(groups, self.recipe, self.descent.step), max(0, left)):
            losses = self._learn(batch)
            report(self.descent.step, losses)

    def signals(self, question: str, texts: Sequence[str]) -> list[Signals]:
        """As the reranker would give them with the weights of this moment."""
        asked = tokens_of(self._tokenizer, [question], QUESTION_TOKENS, self._device)
        passages = Tokens(*padded(window.ids(self._tokenizer, question, texts), self._device))
        self.network.eval()
        with torch.no_grad():
            vectors = self.network.token_vectors(passages)
            scores = self.network(self.network.token_vectors(asked), asked.mask, vectors[None], passages.mask[None])
        self.network.train()
        found = zip(scores.maxsim[0].tolist(), scores.joint[0].tolist(), lexical.match(question, texts), strict=True)
        return [Signals(maxsim=maxsim, joint=joint, lexical=matched) for maxsim, joint, matched in found]

    def _learn(self, batch: Sequence[Group]) -> dict[str, float]:
        return self.descent.learn(lambda parts: [self._losses(batch, parts)], len(batch))

    def _losses(self, batch: Sequence[Group], parts: int) -> dict[str, Tensor]:
        """The passages are encoded in so many parts: each question is compared with all of them."""
        recipe, size = self.recipe, len(batch[0].negatives) + 1
        questions = tokens_of(self._tokenizer, [g.question for g in batch], recipe.question_tokens, self._device)
        read = [
            ids
            for g in batch
            for ids in window.ids(self._tokenizer, g.question, (g.positive, *g.negatives), recipe.passage_tokens)
        ]
        passages = Tokens(*padded(read, self._device))
        network, grouped = self.network, (len(batch), size, -1)
        question, passage = network.token_vectors(questions), self._encoded(passages, parts)
        scores = network(
            question, questions.mask, passage.view(*grouped, passage.shape[-1]), passages.mask.view(*grouped)
        )
        every = network.maxsim_of_all(question, questions.mask, passage, passages.mask)
        cosine = torch.tensor([g.cosines for g in batch], device=self._device)
        rows = torch.arange(len(batch), device=self._device)
        first = torch.zeros_like(rows)
        return {
            "final": cross_entropy(COSINE_WEIGHT * cosine + MAXSIM_WEIGHT * scores.maxsim + scores.joint, first),
            "joint": 0.3 * cross_entropy(scores.joint, first),
            "all": 0.5 * cross_entropy(MAXSIM_WEIGHT * every, rows * size),
        }

    def _encoded(self, tokens: Tokens, parts: int) -> Tensor:
        """Token vectors; in parts, what their gradients need is made anew when it is their turn, and is not kept."""
        if parts == 1:
            return self.network.token_vectors(tokens)
        pieces = map(Tokens, tokens.ids.chunk(parts), tokens.mask.chunk(parts))
        return torch.cat([checkpoint(self.network.token_vectors, piece, use_reentrant=False) for piece in pieces])


def steps(groups: Sequence[Group], recipe: Recipe, done: int) -> Iterator[list[Group]]:
    """Batches from step `done` on: sources drawn by the square root of their size, negatives drawn anew each time."""
    by_source: defaultdict[str, list[Group]] = defaultdict(list)
    for group in groups:
        if len(group.negatives) >= recipe.negatives:
            by_source[group.source].append(group)
    sources = sorted(by_source)
    weights = [len(by_source[source]) ** 0.5 for source in sources]
    for step in range(done, recipe.steps):
        rng = random.Random(f"{recipe.seed}/{step}")
        chosen = rng.choices(sources, weights, k=recipe.groups)
        yield [_draw(rng.choice(by_source[source]), recipe.negatives, rng) for source in chosen]


def _draw(group: Group, count: int, rng: random.Random) -> Group:
    rows = rng.sample(range(len(group.negatives)), count)
    return Group(
        question=group.question,
        positive=group.positive,
        negatives=tuple(group.negatives[row] for row in rows),
        cosines=(group.cosines[0], *(group.cosines[row + 1] for row in rows)),
        source=group.source,
    )
