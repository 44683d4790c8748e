"""One optimizer step after another: weights in the machine's dtype, float32 masters, warm-up and linear decay.

Its state holds everything that the next step depends on, so that an interrupted run goes on as if it had not been.
Knows nothing about what is learned, nor about files.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from rag_chat.errors import ModelFailed

LEAST_RATE = 0.02  # of the learning rate, at the end


class Descent:
    """AdamW over the float32 masters of a network's trainable parameters.

    `rates` gives the learning rate by the beginning of a parameter's name, the first that fits; "" fits every name.
    """

    def __init__(self, network: nn.Module, rates: Mapping[str, float], *, warmup: int, steps: int) -> None:
        self.step = 0
        self.parts = 1  # of a batch, each run by itself; doubled when the accelerator's memory is too small
        self._warmup, self._steps = min(warmup, max(1, steps // 10)), steps
        self._trained = {n: p for n, p in network.named_parameters() if p.requires_grad}
        self._master = {n: p.detach().float().clone().requires_grad_() for n, p in self._trained.items()}
        by_prefix: dict[str, list[Tensor]] = {prefix: [] for prefix in rates}
        for name, master in self._master.items():
            by_prefix[next(prefix for prefix in rates if name.startswith(prefix))].append(master)
        groups = [{"params": masters, "lr": rates[prefix]} for prefix, masters in by_prefix.items() if masters]
        self._optimizer = torch.optim.AdamW(groups, weight_decay=0.01)
        self._schedule = torch.optim.lr_scheduler.LambdaLR(self._optimizer, self._rate)

    def learn(self, losses: Callable[[int], Iterable[Mapping[str, Tensor]]], most: int) -> dict[str, float]:
        """One step; gives the losses by name.

        `losses(parts)` gives those of so many parts of the batch one after another, whose sums are the whole batch's,
        so that the step is the same in however many parts, at most `most`. Raises ModelFailed where the memory is too
        small even so.
        """
        while True:
            try:
                found: defaultdict[str, float] = defaultdict(float)
                for part in losses(self.parts):
                    torch.stack(list(part.values())).sum().backward()
                    for name, loss in part.items():
                        found[name] += loss.item()
                break
            except torch.OutOfMemoryError as error:
                for parameter in self._trained.values():
                    parameter.grad = None
                if self.parts * 2 > most:
                    raise ModelFailed(
                        f"The accelerator's memory is too small to train in, even for a step in {self.parts} parts;"
                        " free some of it or train on the CPU (CUDA_VISIBLE_DEVICES= )."
                    ) from error
                self.parts *= 2
        self._update()
        return dict(found)

    @property
    def notes(self) -> tuple[str, ...]:
        """A sentence on the parts, where there had to be some."""
        many = self.parts > 1
        return (f"The accelerator's memory is small: each step was run in {self.parts} parts.",) if many else ()

    def _update(self) -> None:
        """One step along the gradients, and the new weights into the network."""
        for name, parameter in self._trained.items():
            self._master[name].grad = parameter.grad.float() if parameter.grad is not None else None
            parameter.grad = None
        torch.nn.utils.clip_grad_norm_(list(self._master.values()), 1.0)
        self._optimizer.step()
        self._schedule.step()
        with torch.no_grad():
            for name, parameter in self._trained.items():
                parameter.copy_(self._master[name])
        self.step += 1

    def weights(self) -> dict[str, Tensor]:
        """The masters by name, float32, on the CPU."""
        return {name: master.detach().cpu().clone() for name, master in self._master.items()}

    @property
    def size(self) -> int:
        """Bytes of the state: masters and AdamW's two moments, float32."""
        return 3 * 4 * sum(master.numel() for master in self._master.values())

    def state(self) -> dict[str, Any]:
        return {
            "step": self.step,
            "master": self.weights(),
            "optimizer": self._optimizer.state_dict(),
            "schedule": self._schedule.state_dict(),
        }

    def resume(self, state: Mapping[str, Any]) -> None:
        """Goes on from another one's `state()`, on whatever device that was."""
        self.step = state["step"]
        with torch.no_grad():
            for name, weight in state["master"].items():
                self._master[name].copy_(weight)
                self._trained[name].copy_(weight)
        self._optimizer.load_state_dict(state["optimizer"])
        self._schedule.load_state_dict(state["schedule"])

    def _rate(self, step: int) -> float:
        if step < self._warmup:
            return (step + 1) / self._warmup
        return max(LEAST_RATE, 1 - (step - self._warmup) / max(1, self._steps - self._warmup))
