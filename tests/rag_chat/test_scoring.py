import math

import numpy as np
import pytest

from rag_chat.scoring import Combination, fit_calibration, length_batches, reordered, sigmoid
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


def test_calibration_meets_the_observed_share_of_each_score():
    # Of 8 pairs with sum 10 two are relevant, of 8 with sum 30 six are: logit -ln 3 at 10 and +ln 3 at 30.
    sums = np.array([10.0] * 8 + [30.0] * 8)
    relevant = np.array([1.0] * 2 + [0.0] * 6 + [1.0] * 6 + [0.0] * 2)
    scale, offset = fit_calibration(sums, relevant)
    assert scale == pytest.approx(2 * math.log(3) / 20, rel=1e-4)
    assert scale * 20 + offset == pytest.approx(0.0, abs=1e-4)


def test_calibration_of_equal_sums_is_their_share_and_of_separable_ones_finite():
    scale, offset = fit_calibration(np.full(4, 7.0), np.array([1.0, 0.0, 0.0, 0.0]))
    assert sigmoid(scale * 7 + offset) == pytest.approx(0.25, abs=1e-4)
    assert all(np.isfinite(fit_calibration(np.array([1.0, 2.0, 3.0, 4.0]), np.array([0.0, 0.0, 1.0, 1.0]))))


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
