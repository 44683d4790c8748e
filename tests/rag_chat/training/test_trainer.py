"""Training on a toy encoder: does the loss fall, and is an interrupted run the same run?"""

import pytest
import torch
import toy_bert
from toy_training import RECIPE, toy_groups

from rag_chat.errors import ModelFailed
from rag_chat.training.mining import Group
from rag_chat.training.trainer import Recipe, Trainer, steps


def trainer(recipe=RECIPE):
    return Trainer(toy_bert.encoder(), toy_bert.tokenizer(), recipe)


def test_a_short_run_lowers_every_loss():
    seen = []
    trainer().train(toy_groups(), lambda step, losses: seen.append(losses))
    assert len(seen) == RECIPE.steps
    for name in ("final", "joint", "all"):
        losses = [loss[name] for loss in seen]
        assert sum(losses[-6:]) < 0.8 * sum(losses[:6]), name


def test_an_interrupted_run_that_is_resumed_is_the_uninterrupted_one():
    whole, first, second = trainer(), trainer(), trainer()
    losses, state = {}, {}
    whole.train(toy_groups(), lambda step, found: losses.update({step: found}))

    def until_twelve(step, found):
        if step == 12:
            state.update(first.descent.state())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        first.train(toy_groups(), until_twelve)
    second.descent.resume(state)
    assert second.descent.step == 12
    resumed = {}
    second.train(toy_groups(), lambda step, found: resumed.update({step: found}))
    assert resumed == {step: found for step, found in losses.items() if step > 12}
    expected = whole.descent.weights()
    assert all(torch.equal(weight, expected[name]) for name, weight in second.descent.weights().items())


def test_frozen_layers_stay_and_the_others_move():
    made = trainer(Recipe(**{**{f: getattr(RECIPE, f) for f in RECIPE.__slots__}, "steps": 3}))
    before = {name: p.detach().clone() for name, p in made.network.named_parameters()}
    made.train(toy_groups(), lambda *_: None)
    moved = {name for name, p in made.network.named_parameters() if not torch.equal(p, before[name])}
    assert not any(name.startswith(("encoder.embeddings", "encoder.encoder.layer.0")) for name in moved)
    assert any(name.startswith("encoder.encoder.layer.1") for name in moved)
    assert {"out.weight", "importance.weight", "compare.weight"} <= moved
    assert set(made.descent.weights()) >= moved


def test_the_data_order_is_a_function_of_seed_and_step():
    groups = toy_groups()
    whole = list(steps(groups, RECIPE, 0))
    assert list(steps(groups, RECIPE, 7)) == whole[7:]
    other = Recipe(steps=30, groups=4, negatives=3, seed=5)
    assert list(steps(groups, other, 0)) != whole
    assert len(whole) == 30
    assert {len(batch) for batch in whole} == {4}


def test_negatives_are_drawn_with_their_cosines():
    own = Group("q", "p", ("n1", "n2", "n3", "n4"), (0.9, 0.1, 0.2, 0.3, 0.4), "own")
    cosine = dict(zip(own.negatives, own.cosines[1:], strict=True))
    drawn = [group for batch in steps([own], RECIPE, 0) for group in batch]
    assert all(g.cosines == (0.9, *(cosine[n] for n in g.negatives)) for g in drawn)
    assert all(len(set(g.negatives)) == 3 for g in drawn)
    assert len({g.negatives for g in drawn}) > 10


def test_sources_are_balanced_by_the_square_root_of_their_size():
    # 16 * 9 and 16 groups: three to one
    groups = [*toy_groups("large") * 9, *toy_groups("small")]
    drawn = [g.source for batch in steps(groups, Recipe(steps=500, groups=4, negatives=3), 0) for g in batch]
    assert drawn.count("small") / len(drawn) == pytest.approx(0.25, abs=0.03)


def test_a_group_with_too_few_negatives_is_left_out():
    few = toy_groups("few", negatives=2)
    assert {g.source for batch in steps([*few, *toy_groups()], RECIPE, 0) for g in batch} == {"own"}


def starved(made, limit):
    """As if the accelerator's memory held no more than so many passages at once."""
    within = made.network.token_vectors

    def small(tokens):
        if len(tokens.ids) > limit:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return within(tokens)

    made.network.token_vectors = small
    return made


def gradients(made, batch):
    """Of one step; the descent's own are taken before it uses them up."""
    found = {}
    made.descent._update = lambda: found.update({n: p.grad.clone() for n, p in made.descent._trained.items()})
    return made._learn(batch), found


def test_too_little_memory_runs_the_step_in_parts_with_the_same_gradients():
    batch = next(steps(toy_groups(), RECIPE, 0))  # 16 passages
    losses, whole = gradients(trainer(), batch)
    parted = starved(trainer(), 4)
    same, found = gradients(parted, batch)
    assert parted.descent.parts == 4
    assert parted.descent.notes == ("The accelerator's memory is small: each step was run in 4 parts.",)
    assert same == pytest.approx(losses, rel=1e-2)
    for name, gradient in whole.items():
        assert torch.allclose(gradient, found[name], rtol=0.05, atol=2e-3), name
    with pytest.raises(ModelFailed, match="too small to train in, even for a step in 4 parts; free some of it"):
        starved(trainer(), 0)._learn(batch)


def test_signals_are_those_of_the_network_as_it_is_used():
    made = trainer()
    made.train(toy_groups(), lambda *_: None, until=3)
    assert made.descent.step == 3
    question, texts = "grain rail", ["grain gate", "tide pump quay grain"]
    found = made.signals(question, texts)
    alone = [made.signals(question, [text])[0] for text in texts]
    assert [s.maxsim for s in found] == pytest.approx([s.maxsim for s in alone], abs=0.02)
    assert found[0].lexical > 0
    assert made.network.training
