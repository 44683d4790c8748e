"""Training an adapter on a toy Llama: does it learn, and is an interrupted run the same run?"""

import json
import random

import pytest
import torch
import toy_llama

from rag_chat.errors import ModelFailed
from rag_chat.training.adapter_trainer import AdapterRecipe, AdapterTrainer, Encoded, batches

RECIPE = AdapterRecipe(steps=12, lessons=4, rank=4, alpha=8, untouched_layers=1, learning_rate=2e-2, warmup=2, seed=3)


def lessons(count=24):
    """The answer is always the same."""
    rng = random.Random(0)
    made = []
    for _ in range(count):
        asked = [rng.randrange(3, 64) for _ in range(rng.randrange(4, 9))]
        made.append(Encoded((*asked, 9, 7, 2), len(asked)))
    return made


def test_a_short_run_lowers_the_loss_on_the_answers():
    trainer = AdapterTrainer(toy_llama.model(), RECIPE)
    before, seen = trainer.loss(lessons()), []
    trainer.train(lessons(), lambda step, loss: seen.append((step, loss)))
    assert [step for step, _ in seen] == list(range(1, 13))
    assert trainer.loss(lessons()) < 0.9 * before


def test_an_interrupted_run_that_is_resumed_is_the_uninterrupted_one():
    whole, first, second = (AdapterTrainer(toy_llama.model(), RECIPE) for _ in range(3))
    losses, resumed, state = {}, {}, {}
    whole.train(lessons(), lambda step, loss: losses.update({step: loss}))

    def until_five(step, loss):
        if step == 5:
            state.update(first.descent.state())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        first.train(lessons(), until_five)
    second.descent.resume(state)
    second.train(lessons(), lambda step, loss: resumed.update({step: loss}))
    assert resumed == {step: loss for step, loss in losses.items() if step > 5}
    expected = whole.trained_weights()
    assert all(torch.equal(weight, expected[name]) for name, weight in second.trained_weights().items())


def test_only_the_adapter_of_the_upper_layers_moves():
    base = toy_llama.model()
    before = {name: p.detach().clone() for name, p in base.named_parameters()}
    trainer = AdapterTrainer(base, RECIPE)
    trainer.train(lessons(), lambda *_: None)
    names = set(trainer.trained_weights())
    assert {name.split(".")[4] for name in names} == {"1", "2"}
    assert all(name.startswith("base_model.model.model.layers.") for name in names)
    assert all(weight.any() for weight in trainer.trained_weights().values())  # B began at zero
    for name, weight in trainer._network.get_base_model().named_parameters():
        if "lora" not in name:
            assert torch.equal(weight, before[name.replace(".base_layer", "")])


def test_only_the_answers_tokens_count():
    trainer = AdapterTrainer(toy_llama.model(), RECIPE)
    lesson = Encoded((5, 6, 7, 8, 9, 2), 4)
    with torch.no_grad():
        logits = trainer._network.get_base_model()(torch.tensor([lesson.ids])).logits[0].float()
    expected = torch.nn.functional.cross_entropy(logits[3:5], torch.tensor([9, 2])).item()
    assert trainer.loss([lesson]) == pytest.approx(expected, rel=1e-4)
    padded = [lesson, Encoded((5, 6, 2), 2)]
    alone = trainer.loss([padded[1]])
    assert trainer.loss(padded) == pytest.approx((2 * expected + alone) / 3, rel=1e-4)


def test_a_step_in_parts_is_the_same_step():
    whole, parted = (AdapterTrainer(toy_llama.model(), RECIPE) for _ in range(2))
    parted.descent.parts = 3
    for _ in range(2):
        assert whole._learn(lessons(7)) == pytest.approx(parted._learn(lessons(7)), rel=1e-3)
    moved = parted.trained_weights()
    for name, weight in whole.trained_weights().items():
        assert torch.allclose(weight, moved[name], atol=1e-3), name


def test_too_little_memory_halves_the_batch_and_ends_with_a_sentence_when_one_lesson_is_too_much():
    trainer, limit = AdapterTrainer(toy_llama.model(), RECIPE), 2
    within = trainer._loss

    def small(batch):
        if len(batch) > limit:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return within(batch)

    trainer._loss = small
    trainer._learn(lessons(4))
    assert trainer.descent.parts == 2
    limit = 0
    with pytest.raises(ModelFailed, match="too small to train in, even for a step in 4 parts"):
        trainer._learn(lessons(4))


def test_batches_are_a_function_of_the_seed_and_hold_every_lesson_once_an_epoch():
    lengths = [random.Random(i).randrange(20, 90) for i in range(100)]
    made = batches(lengths, AdapterRecipe(steps=26, lessons=8, seed=1))
    assert made == batches(lengths, AdapterRecipe(steps=40, lessons=8, seed=1))[:26]
    assert made != batches(lengths, AdapterRecipe(steps=26, lessons=8, seed=2))
    assert sorted(row for batch in made[:13] for row in batch) == list(range(100))
    spread = [max(lengths[r] for r in batch) - min(lengths[r] for r in batch) for batch in made[:8]]
    assert sum(spread) / 8 < 25  # of 70 in all


def test_the_recipe_can_be_stored():
    assert json.loads(json.dumps({f: getattr(RECIPE, f) for f in RECIPE.__slots__}))["steps"] == 12
