"""Trains the default cross-encoder: a residual on cosine and MaxSim, learned listwise on hard negatives.

Start: the stage-one encoder and an untrained head whose last layer is zero. Each step takes a few groups (question,
positive, hard negatives), domains balanced. Three losses, all listwise cross-entropy: of the summed signals over the
group; of the head's logit alone over the group; of MaxSim over all passages of the step, since a question can be
compared with every other question's passages for almost nothing once they are encoded.
The data order is a function of (seed, step), so that a run resumes exactly where its last checkpoint stands.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from rag_chat.compute import keep_freed_memory, this_machine
from rag_chat.rerank.interaction import tokens_of
from rag_chat.rerank.network import InteractionNetwork
from rag_chat.training.mining import Group

if TYPE_CHECKING:
    from transformers import BertModel, PreTrainedTokenizerBase

COSINE_WEIGHT, MAXSIM_WEIGHT = 8.0, 24.0  # the untrained ranking that training starts from (ratio from the README)


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that shapes a run; stored with the weights."""

    steps: int = 2000
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
    """Owns the network in the machine's dtype, float32 master weights and the optimizer."""

    def __init__(self, encoder: BertModel, tokenizer: PreTrainedTokenizerBase, recipe: Recipe) -> None:
        keep_freed_memory()
        self.recipe = recipe
        self.step = 0
        self._tokenizer = tokenizer
        self._device = this_machine().device
        torch.manual_seed(recipe.seed)
        network = InteractionNetwork(encoder)
        for part in [encoder.embeddings, *encoder.encoder.layer[: recipe.frozen_layers]]:
            part.requires_grad_(False)
        self.network = network.to(self._device, this_machine().dtype).train()
        self._trained = {n: p for n, p in self.network.named_parameters() if p.requires_grad}
        self._master = {n: p.detach().float().clone().requires_grad_() for n, p in self._trained.items()}
        fresh = [n for n in self._master if not n.startswith("encoder.")]
        slow = [n for n in self._master if n.startswith("encoder.")]
        self._optimizer = torch.optim.AdamW(
            [
                {"params": [self._master[n] for n in slow], "lr": recipe.learning_rate},
                {"params": [self._master[n] for n in fresh], "lr": recipe.joint_learning_rate},
            ],
            weight_decay=0.01,
        )
        self._schedule = torch.optim.lr_scheduler.LambdaLR(self._optimizer, self._rate)

    def train(self, groups: Sequence[Group], report: Callable[[int, dict[str, float]], None]) -> None:
        """Runs to the recipe's last step; `report(step, losses)` is called after each."""
        for batch in steps(groups, self.recipe, self.step):
            losses = self._losses(batch)
            total = torch.stack(list(losses.values())).sum()
            total.backward()
            self._update()
            self.step += 1
            report(self.step, {name: loss.item() for name, loss in losses.items()})

    def _losses(self, batch: Sequence[Group]) -> dict[str, Tensor]:
        recipe, size = self.recipe, len(batch[0].negatives) + 1
        questions = tokens_of(self._tokenizer, [g.question for g in batch], recipe.question_tokens, self._device)
        texts = [text for g in batch for text in (g.positive, *g.negatives)]
        passages = tokens_of(self._tokenizer, texts, recipe.passage_tokens, self._device)
        network, grouped = self.network, (len(batch), size, -1)
        question, passage = network.token_vectors(questions), network.token_vectors(passages)
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

    def _update(self) -> None:
        for name, parameter in self._trained.items():
            self._master[name].grad = parameter.grad.float() if parameter.grad is not None else None
            parameter.grad = None
        torch.nn.utils.clip_grad_norm_(list(self._master.values()), 1.0)
        self._optimizer.step()
        self._schedule.step()
        with torch.no_grad():
            for name, parameter in self._trained.items():
                parameter.copy_(self._master[name])

    def _rate(self, step: int) -> float:
        if step < self.recipe.warmup:
            return (step + 1) / self.recipe.warmup
        return max(0.02, 1 - (step - self.recipe.warmup) / max(1, self.recipe.steps - self.recipe.warmup))

    def trained_weights(self) -> dict[str, Tensor]:
        """The master weights of what training may change, float32."""
        return {name: weight.detach().clone() for name, weight in self._master.items()}

    def save(self, path: Path) -> None:
        """Writes a checkpoint beside `path` first, so that an interruption leaves the last one whole."""
        state = {
            "step": self.step,
            "master": self.trained_weights(),
            "optimizer": self._optimizer.state_dict(),
            "schedule": self._schedule.state_dict(),
        }
        fresh = path.with_suffix(".new")
        torch.save(state, fresh)
        fresh.replace(path)

    def resume(self, path: Path) -> None:
        state: dict[str, Any] = torch.load(path, weights_only=True, map_location="cpu")
        self.step = state["step"]
        with torch.no_grad():
            for name, weight in state["master"].items():
                self._master[name].copy_(weight)
                self._trained[name].copy_(weight)
        self._optimizer.load_state_dict(state["optimizer"])
        self._schedule.load_state_dict(state["schedule"])


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
