"""The distribution of an answerer that does not refuse, checked against every two-token text of a toy Llama."""

import itertools
import math

import pytest
import torch
import toy_llama

from rag_chat.generation.refusal import Answering, log_probabilities

ASKED = torch.tensor([[5, 6, 7]])
REFUSAL = [9, 4]


@pytest.fixture(scope="module")
def model():
    return toy_llama.model().eval()


def distribution(model, ids):
    with torch.inference_mode():
        return model(ids).logits[:, -1].float()


def test_the_refusals_probability_is_that_of_its_tokens(model):
    found = log_probabilities(model, ASKED, REFUSAL)
    first = distribution(model, ASKED).log_softmax(-1)[0, 9]
    second = distribution(model, torch.tensor([[5, 6, 7, 9]])).log_softmax(-1)[0, 4]
    assert found == pytest.approx([float(first), float(second)], abs=1e-5)


def test_texts_are_as_probable_as_before_given_that_it_is_not_the_refusal(model):
    found = log_probabilities(model, ASKED, REFUSAL)
    answering = Answering(3, REFUSAL, found)
    left = 1 - math.exp(sum(found))
    total = 0.0
    for text in itertools.product([9, 4, 20], [4, 9, 33]):
        plain = conditional = 0.0
        for place in range(2):
            ids = torch.tensor([[5, 6, 7, *text[:place]]])
            logits = distribution(model, ids)
            plain += float(logits.log_softmax(-1)[0, text[place]])
            conditional += float(answering(ids, logits).log_softmax(-1)[0, text[place]])
        if list(text) == REFUSAL:
            assert math.exp(conditional) < 1e-9
        else:
            assert math.exp(conditional) == pytest.approx(math.exp(plain) / left, rel=1e-3)
            total += math.exp(conditional)
    assert 0 < total < 1


def test_behind_another_beginning_nothing_changes(model):
    answering = Answering(3, REFUSAL, [-0.1, -0.1])
    for ids in ([5, 6, 7, 8], [5, 6, 7, 9, 4], [5, 6, 7, 9, 4, 2]):
        logits = distribution(model, torch.tensor([ids]))
        assert torch.equal(answering(torch.tensor([ids]), logits), logits)
