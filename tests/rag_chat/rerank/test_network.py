"""Properties of the network that no training may change, with random weights."""

import pytest
import torch
import toy_bert

from rag_chat.rerank.network import InteractionNetwork, Tokens

NOISE = 2e-5


@pytest.fixture(scope="module")
def network():
    """As after training: importance and the last layer are no longer zero."""
    made = InteractionNetwork(toy_bert.encoder()).eval()
    with torch.no_grad():
        made.importance.weight.normal_(std=0.5)
        made.out.weight.normal_()
        made.out.bias.fill_(0.3)
    return made


def tokens(*lengths, pad=0, seed=5):
    """Texts of these lengths, padded to the longest and by `pad` more with ids that must not matter."""
    width = max(lengths) + pad
    ids = torch.randint(4, 20, (len(lengths), width), generator=torch.Generator().manual_seed(seed))
    mask = (torch.arange(width)[None] < torch.tensor(lengths)[:, None]).long()
    return Tokens(ids, mask)


def padded(given, extra):
    fill = torch.full((given.ids.shape[0], extra), 7)
    return Tokens(torch.cat([given.ids, fill], 1), torch.cat([given.mask, torch.zeros_like(fill)], 1))


@torch.inference_mode()
def scores(network, question, passages):
    """(maxsim, joint) of one question with its passages."""
    found = network(
        network.token_vectors(question), question.mask, network.token_vectors(passages)[None], passages.mask[None]
    )
    return torch.stack([found.maxsim[0], found.joint[0]])


def rows(given, chosen):
    return Tokens(given.ids[chosen], given.mask[chosen])


def test_padding_of_the_question_changes_nothing(network):
    question, passages = tokens(6), tokens(9, 4, 12, seed=6)
    expected = scores(network, question, passages)
    assert torch.allclose(scores(network, padded(question, 11), passages), expected, atol=NOISE)


def test_padding_of_the_passages_changes_nothing(network):
    question, passages = tokens(6), tokens(9, 4, 12, seed=6)
    expected = scores(network, question, passages)
    assert torch.allclose(scores(network, question, padded(passages, 17)), expected, atol=NOISE)


def test_a_score_does_not_depend_on_what_else_is_in_the_batch(network):
    question, passages = tokens(6), tokens(9, 4, 12, seed=6)
    together = scores(network, question, passages)
    for i in range(3):
        alone = scores(network, question, rows(passages, [i]))[:, 0]
        assert torch.allclose(alone, together[:, i], atol=NOISE)
    turned = scores(network, question, rows(passages, [2, 0, 1]))
    assert torch.allclose(turned, together[:, [2, 0, 1]], atol=NOISE)


def test_several_questions_at_once_score_as_one_by_one(network):
    questions, passages = tokens(6, 3), tokens(9, 4, 12, 5, seed=6)
    with torch.inference_mode():
        grid = network.token_vectors(passages).view(2, 2, 12, -1)
        found = network(network.token_vectors(questions), questions.mask, grid, passages.mask.view(2, 2, 12))
    for i in range(2):
        one = scores(network, rows(questions, [i]), rows(passages, [2 * i, 2 * i + 1]))
        assert torch.allclose(torch.stack([found.maxsim[i], found.joint[i]]), one, atol=NOISE)


def loop_maxsim(question, passage, weights):
    """Over unpadded token vectors: for each question token its best cosine, weighed."""
    return sum(
        float(weight) * max(float(own @ other) for other in passage)
        for own, weight in zip(question, weights, strict=True)
    )


@torch.inference_mode()
def test_maxsim_is_the_weighed_mean_of_best_cosines(network):
    question, passages = padded(tokens(6), 3), padded(tokens(9, 4, seed=6), 5)
    own = network.token_vectors(question)[0, :6]
    weights = torch.softmax((own * 24**0.5 @ network.importance.weight[0]), dim=0)
    vectors = network.token_vectors(passages)
    expected = [loop_maxsim(own, vectors[0, :9], weights), loop_maxsim(own, vectors[1, :4], weights)]
    assert scores(network, question, passages)[0].tolist() == pytest.approx(expected, abs=NOISE)


@torch.inference_mode()
def test_maxsim_of_all_is_maxsim_of_each(network):
    questions, passages = tokens(6, 3), tokens(9, 4, 12, seed=6)
    every = network.maxsim_of_all(
        network.token_vectors(questions), questions.mask, network.token_vectors(passages), passages.mask
    )
    each = torch.stack([scores(network, rows(questions, [i]), passages)[0] for i in range(2)])
    assert torch.allclose(every, each, atol=NOISE)


@torch.inference_mode()
def test_untrained_it_is_plain_maxsim_and_the_head_says_nothing():
    fresh = InteractionNetwork(toy_bert.encoder()).eval()
    question, passages = tokens(6), tokens(9, 4, seed=6)
    own, vectors = fresh.token_vectors(question)[0], fresh.token_vectors(passages)
    found = scores(fresh, question, passages)
    assert found[1].tolist() == [0.0, 0.0]
    uniform = [1 / 6] * 6
    expected = [loop_maxsim(own, vectors[0, :9], uniform), loop_maxsim(own, vectors[1, :4], uniform)]
    assert found[0].tolist() == pytest.approx(expected, abs=NOISE)


def test_the_head_reads_the_passage(network):
    question, passages = tokens(6), tokens(9, 9, seed=6)
    joint = scores(network, question, passages)[1]
    assert abs(float(joint[0] - joint[1])) > 100 * NOISE


def test_token_vectors_have_unit_length(network):
    lengths = network.token_vectors(tokens(9, 4)).norm(dim=-1)
    assert torch.allclose(lengths, torch.ones_like(lengths), atol=1e-5)


def test_a_row_of_nothing_but_padding_stays_a_number(network):
    passages = tokens(4, 4, seed=6)
    passages.mask[1] = 0
    assert torch.isfinite(scores(network, tokens(6), passages)).all()
