"""Training the reader on a toy encoder: does it learn, and is an interrupted run the same run?"""

import random

import pytest
import torch
import toy_bert

from rag_chat.reading.couples import coupled
from rag_chat.training.claims import Claim
from rag_chat.training.examples import Asked
from rag_chat.training.reading import ReaderTrainer, Recipe, place

RECIPE = Recipe(
    steps=40, questions=6, claims=4, frozen_layers=1, learning_rate=3e-3, head_learning_rate=3e-3, warmup=3, seed=4
)


class ToyExamples:
    """The word that the question names answers it; a sentence of the quote's own words is carried."""

    def question(self, rng):
        words = rng.sample(toy_bert.WORDS, 5)
        text = " ".join(words[:4])
        if rng.random() < 0.3:
            return Asked(words[4], text, -1, -1)
        answer = rng.choice(words[:4])
        at = text.index(answer)
        return Asked(answer, text, at, at + len(answer))

    def claim(self, rng):
        words = rng.sample(toy_bert.WORDS, 4)
        return Claim(words[0], " ".join(words[:2] if rng.random() < 0.5 else words[2:]), words[0] in words[:2])


def trainer(steps=RECIPE.steps):
    recipe = Recipe(**{**{f: getattr(RECIPE, f) for f in RECIPE.__slots__}, "steps": steps})
    return ReaderTrainer(toy_bert.encoder(), toy_bert.tokenizer(), recipe)


def test_a_short_run_lowers_the_span_loss():
    seen = []
    trainer(120).train(ToyExamples(), [], lambda step, losses: seen.append(losses["span"]))
    assert len(seen) == 120
    assert sum(seen[-20:]) < 0.95 * sum(seen[:20])


def test_an_interrupted_run_that_is_resumed_is_the_uninterrupted_one():
    whole, first, second = trainer(), trainer(), trainer()
    losses, resumed, state = {}, {}, {}
    known = [Claim("grain", "grain rail", True)]
    whole.train(ToyExamples(), known, lambda step, found: losses.update({step: found}))

    def until_twelve(step, found):
        if step == 12:
            state.update(first.descent.state())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        first.train(ToyExamples(), known, until_twelve)
    second.descent.resume(state)
    second.train(ToyExamples(), known, lambda step, found: resumed.update({step: found}))
    assert resumed == {step: found for step, found in losses.items() if step > 12}
    expected = whole.descent.weights()
    assert all(torch.equal(weight, expected[name]) for name, weight in second.descent.weights().items())


def test_what_is_shared_with_stage_one_stays():
    made = trainer(3)
    before = {name: p.detach().clone() for name, p in made.network.named_parameters()}
    made.train(ToyExamples(), [], lambda *_: None)
    moved = {name for name, p in made.network.named_parameters() if not torch.equal(p, before[name])}
    assert not any(name.startswith(("encoder.embeddings", "encoder.encoder.layer.0")) for name in moved)
    assert any(name.startswith("encoder.encoder.layer.1") for name in moved)
    assert {"span.weight", "carry.weight"} <= moved


def test_the_place_of_an_answer_is_its_first_and_last_token():
    (row,) = coupled(toy_bert.tokenizer(), ["gate tide"], ["grain rail gate tide"])
    assert (
        row.ids[place(row, 6, 15)[0] : place(row, 6, 15)[1] + 1]
        == toy_bert.tokenizer()("rail gate", add_special_tokens=False)["input_ids"]
    )
    assert place(row, -1, -1) == (0, 0)
    assert place(row, 400, 410) == (0, 0)


def gradients(made, asked, claims):
    found = {}
    made.descent._update = lambda: found.update({n: p.grad.clone() for n, p in made.descent._trained.items()})
    return made._learn(asked, claims), found


def test_too_little_memory_runs_the_step_in_parts_with_the_same_gradients():
    rng, examples = random.Random(0), ToyExamples()
    asked, claims = [examples.question(rng) for _ in range(6)], [examples.claim(rng) for _ in range(4)]
    losses, whole = gradients(trainer(), asked, claims)
    starved, within = trainer(), ReaderTrainer._span_loss

    def small(some):
        if len(some) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return within(starved, some)

    starved._span_loss = small
    same, found = gradients(starved, asked, claims)
    assert starved.descent.parts == 2
    assert same == pytest.approx(losses, rel=1e-2)
    for name, gradient in whole.items():
        assert torch.allclose(gradient, found[name], rtol=0.05, atol=2e-3), name
