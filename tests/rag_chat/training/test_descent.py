import pytest
import torch
from torch import nn

from rag_chat.errors import ModelFailed
from rag_chat.training.descent import Descent

ROWS = torch.arange(8.0)[:, None]


def learned(*, parts=1, fails=()):
    """Losses, gradients and parts of a step, in which the second part of so many does not fit."""
    torch.manual_seed(0)
    network = nn.Linear(1, 1)
    made = Descent(network, {"": 0.1}, warmup=1, steps=8)
    made.parts = parts

    def losses(parts):
        for start in range(parts):
            if start == 1 and parts in fails:
                raise torch.OutOfMemoryError("CUDA out of memory")
            yield {"loss": (network(ROWS[start::parts]) ** 2).sum()}

    found = {}
    made._update = lambda: found.update({name: p.grad.clone() for name, p in network.named_parameters()})
    return made.learn(losses, 8), found, made.parts


def test_what_was_learned_from_the_parts_that_still_fitted_is_not_counted_twice():
    losses, gradients, _ = learned()
    same, found, parts = learned(parts=2, fails=(2, 4))
    assert parts == 8
    assert same == pytest.approx(losses)
    assert all(torch.allclose(gradient, found[name], rtol=1e-4) for name, gradient in gradients.items())


def test_no_more_parts_than_there_can_be():
    with pytest.raises(ModelFailed, match="even for a step in 8 parts; free some of it or train on the CPU"):
        learned(parts=2, fails=(2, 4, 8))
