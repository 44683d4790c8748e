import math

import pytest

from rag_chat.scoring import Combination, QuoteOrder, SupportOrder, length_batches, reordered, sigmoid
from rag_chat.types import Candidate, Chunk, Signals, Span


def candidate(name, rank, score=0.0):
    return Candidate(Chunk(name, "d", 0, (Span(1, 0, 1),), "", name), "d.pdf", "1", rank, score, rank, score)


def test_the_logit_is_the_calibrated_weighted_sum():
    order = Combination(cosine=2.0, maxsim=3.0, joint=0.5, lexical=4.0, scale=0.1, offset=-1.0)
    signals = Signals(cosine=0.5, maxsim=0.4, joint=2.0, lexical=0.25)
    # 0.1 * (2 * 0.5 + 3 * 0.4 + 0.5 * 2 + 4 * 0.25) - 1 = 0.1 * 4.2 - 1
    assert order.logit(signals) == pytest.approx(-0.58)
    assert order.probability(signals) == pytest.approx(1 / (1 + math.exp(0.58)))


def test_a_signal_that_did_not_run_counts_nothing():
    order = Combination(cosine=2.0, maxsim=3.0, joint=0.5)
    assert order.logit(Signals(maxsim=0.4)) == pytest.approx(1.2)
    assert order.logit(Signals()) == 0.0


def test_the_sigmoid_overflows_on_neither_side():
    assert sigmoid(0.0) == 0.5
    assert sigmoid(math.log(3)) == pytest.approx(0.75)
    assert sigmoid(-math.log(3)) == pytest.approx(0.25)
    assert (sigmoid(1e6), sigmoid(-1e6)) == (1.0, 0.0)


def test_a_quotes_probability_is_a_logistic_model_of_its_three_logits():
    order = QuoteOrder(sentence=0.5, passage=1.0, reading=0.25, offset=-1.0)
    assert order.probability(2.0, 1.0, 4.0) == pytest.approx(sigmoid(1.0 + 1.0 + 1.0 - 1.0))


def test_faults_and_the_readers_logit_make_the_probability_of_support():
    order = SupportOrder(overlap=2.0, number=-4.0, name=-1.0, sense=-2.0, reading=0.5, offset=-1.0)
    assert order.probability((0.5, 0.0, 0.0, 0.0), 2.0) == pytest.approx(sigmoid(1.0))
    assert order.probability((0.5, 1.0, 0.0, 1.0), 2.0) == pytest.approx(sigmoid(-5.0))


def test_reordering_counts_ranks_anew_and_keeps_stage_ones():
    found = reordered([candidate("a", 1), candidate("b", 2), candidate("c", 3)], [0.1, 0.9, 0.5])
    assert [(c.chunk.id, c.rank, c.score, c.stage1_rank) for c in found] == [
        ("b", 1, 0.9, 2),
        ("c", 2, 0.5, 3),
        ("a", 3, 0.1, 1),
    ]


def test_ties_keep_the_earlier_rank_whatever_the_order_they_came_in():
    found = reordered([candidate("late", 2), candidate("early", 1)], [0.5, 0.5])
    assert [c.chunk.id for c in found] == ["early", "late"]


def test_batches_hold_every_place_once_longest_first():
    assert length_batches([3, 9, 1, 9, 5], 2) == [[1, 3], [4, 0], [2]]
    assert length_batches([], 4) == []
