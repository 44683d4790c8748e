"""Trains a LoRA adapter (Hu et al. 2021, arXiv:2106.09685) on lessons: the loss counts on the answer's tokens only.

The upper layers are adapted and nothing below them: gradients then stop where the adapter begins, which
saves a sixth of the time. Batches are a function of (seed, step), so that a run resumes exactly.
"""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from peft import LoraConfig, get_peft_model
from torch import Tensor
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pad_sequence

from rag_chat.compute import keep_freed_memory
from rag_chat.training.descent import Descent

if TYPE_CHECKING:
    from transformers import PreTrainedModel

WINDOW = 8  # batches drawn together and sorted by length, so that little is padding
PROJECTIONS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


@dataclass(frozen=True, slots=True)
class AdapterRecipe:
    """Everything that shapes a run; stored with the weights."""

    steps: int = 520
    lessons: int = 8  # a step
    rank: int = 8
    alpha: int = 16
    untouched_layers: int = 10  # of the base, from below
    learning_rate: float = 5e-4
    warmup: int = 30
    longest: int = 320  # tokens; longer lessons are left out
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Encoded:
    """A lesson as token ids; the answer begins at `answer`."""

    ids: tuple[int, ...]
    answer: int


class AdapterTrainer:
    """Owns the base with its adapter, the master weights and the optimizer."""

    def __init__(self, base: PreTrainedModel, recipe: AdapterRecipe) -> None:
        keep_freed_memory()
        self.recipe = recipe
        torch.manual_seed(recipe.seed)
        layers = range(min(recipe.untouched_layers, base.config.num_hidden_layers - 1), base.config.num_hidden_layers)
        self.config = LoraConfig(
            r=recipe.rank,
            lora_alpha=recipe.alpha,
            target_modules=list(PROJECTIONS),
            layers_to_transform=list(layers),
            task_type="CAUSAL_LM",
        )
        self._network: Any = _adapted(base, self.config)
        self.descent = Descent(self._network, {"": recipe.learning_rate}, warmup=recipe.warmup, steps=recipe.steps)

    def train(self, lessons: Sequence[Encoded], report: Callable[[int, float], None]) -> None:
        """Runs to the recipe's last step; `report(step, loss)` is called after each."""
        for batch in batches([len(lesson.ids) for lesson in lessons], self.recipe)[self.descent.step :]:
            report(self.descent.step + 1, self._learn([lessons[i] for i in batch]))

    def loss(self, lessons: Sequence[Encoded]) -> float:
        """Mean loss of an answer's token, without learning."""
        answers = sum(len(lesson.ids) - lesson.answer for lesson in lessons)
        size = self.recipe.lessons
        with torch.no_grad():
            found = [self._loss(lessons[i : i + size]).item() for i in range(0, len(lessons), size)]
        return sum(found) / max(1, answers)

    def _learn(self, batch: Sequence[Encoded]) -> float:
        """One step on the whole batch; the mean loss of an answer's token."""
        answers = sum(len(lesson.ids) - lesson.answer for lesson in batch)

        def losses(parts: int) -> Iterator[dict[str, Tensor]]:
            for start in range(parts):
                yield {"loss": self._loss(batch[start::parts]) / answers}

        return self.descent.learn(losses, len(batch))["loss"]

    def _loss(self, batch: Sequence[Encoded]) -> Tensor:
        """Summed over the answers' tokens; the vocabulary is looked at for these positions alone."""
        device = self._network.device
        ids = pad_sequence([torch.tensor(lesson.ids) for lesson in batch], batch_first=True).to(device)
        lengths = torch.tensor([len(lesson.ids) for lesson in batch], device=device)
        begins = torch.tensor([lesson.answer for lesson in batch], device=device)
        places = torch.arange(ids.shape[1], device=device)
        causal = self._network.get_base_model()
        mask = (places < lengths[:, None]).long()
        states = causal.model(input_ids=ids, attention_mask=mask, use_cache=False).last_hidden_state
        wanted = (places >= begins[:, None]) & (places < lengths[:, None])
        logits = causal.lm_head(states[:, :-1][wanted[:, 1:]])
        return cross_entropy(logits.float(), ids[wanted], reduction="sum")

    def trained_weights(self) -> dict[str, Tensor]:
        """The adapter's master weights, float32, under the names that peft gives them in a file."""
        return {name.replace(".default.", "."): weight for name, weight in self.descent.weights().items()}


def _adapted(base: PreTrainedModel, config: LoraConfig) -> Any:
    with warnings.catch_warnings():  # peft 0.21 asks for an attribute that transformers 5.23 has renamed
        warnings.filterwarnings("ignore", message="`is_gradient_checkpointing` is deprecated", category=FutureWarning)
        return get_peft_model(base, config, autocast_adapter_dtype=False).train()


def batches(lengths: Sequence[int], recipe: AdapterRecipe) -> list[list[int]]:
    """The rows of every step: each epoch in a new order, within a window sorted by length."""
    found: list[list[int]] = []
    for epoch in range(recipe.steps):
        rng = random.Random(f"{recipe.seed}/{epoch}")
        order = rng.sample(range(len(lengths)), len(lengths))
        for start in range(0, len(order), WINDOW * recipe.lessons):
            window = sorted(order[start : start + WINDOW * recipe.lessons], key=lambda row: (lengths[row], row))
            own = [window[i : i + recipe.lessons] for i in range(0, len(window), recipe.lessons)]
            found += rng.sample(own, len(own))
        if len(found) >= recipe.steps:
            break
    return found[: recipe.steps]
