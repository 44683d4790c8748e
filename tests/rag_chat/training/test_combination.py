import math

import numpy as np
import pytest

from rag_chat.scoring import Combination, sigmoid
from rag_chat.training.combination import Scored, calibrated_as, fit, ideal_dcg, mean_ndcg


def scored(signals, grades, ideal=None):
    grades = np.array(grades, dtype=np.float64)
    rows = np.array(signals, dtype=np.float64)
    rows = np.pad(rows, ((0, 0), (0, 4 - rows.shape[1])))  # signals left out say nothing
    return Scored(rows, grades, ideal_dcg(list(grades)) if ideal is None else ideal)


def test_the_ideal_dcg_discounts_by_rank_and_ends_at_ten():
    assert ideal_dcg([0, 2, 3]) == pytest.approx(3 + 2 / math.log2(3))
    assert ideal_dcg([1.0] * 12) == pytest.approx(sum(1 / math.log2(rank + 1) for rank in range(1, 11)))


def test_ndcg_of_an_order_by_hand():
    # By cosine the grades come as 0, 2, 3: (2 / log2 3 + 3 / 2) / (3 + 2 / log2 3)
    query = scored([[0.9, 0, 0], [0.5, 0, 0], [0.7, 0, 0]], [0, 3, 2])
    expected = (2 / math.log2(3) + 3 / 2) / (3 + 2 / math.log2(3))
    assert mean_ndcg({"s": [query]}, (1, 0, 0, 0)) == pytest.approx(expected)


def test_a_judged_document_that_was_not_found_counts_against_the_order():
    query = scored([[0.9, 0, 0]], [1], ideal=ideal_dcg([1, 1]))
    assert mean_ndcg({"s": [query]}, (1, 0, 0, 0)) == pytest.approx(1 / (1 + 1 / math.log2(3)))


def test_every_set_counts_the_same_and_a_query_without_relevant_ones_counts_zero():
    right, wrong = scored([[1, 0, 0], [0, 0, 0]], [1, 0]), scored([[1, 0, 0], [0, 0, 0]], [0, 0], ideal=0.0)
    assert mean_ndcg({"many": [right] * 9, "one": [wrong]}, (1, 0, 0, 0)) == pytest.approx(0.5)


def noisy(seed, helpful):
    """Queries of eight candidates in which only the helpful signal knows the first one to be right."""
    rng = np.random.default_rng(seed)
    queries = []
    for _ in range(30):
        signals = rng.uniform(0, 0.5, (8, 4))
        signals[0, helpful] = 0.9
        queries.append(scored(signals, [1] + [0] * 7))
    return {"s": queries}


@pytest.mark.parametrize("helpful", [0, 1, 2, 3])
def test_the_signal_that_knows_gets_all_the_weight(helpful):
    combination, best = fit(noisy(0, helpful))
    weights = (combination.cosine, combination.maxsim, combination.joint, combination.lexical)
    assert best == 1.0
    assert weights[helpful] == max(weights)
    assert mean_ndcg(noisy(1, helpful), weights) == pytest.approx(1.0, abs=0.05)


def test_a_signal_that_changes_nothing_gets_no_weight():
    queries = [scored([[0.1, 0.5, 0.5, 0.5], [0.9, 0.5, 0.5, 0.5]], [0, 1])]
    combination, _ = fit({"s": queries})
    assert (combination.maxsim, combination.joint, combination.lexical) == (0.0, 0.0, 0.0)
    assert combination.cosine == 8.0


def test_the_calibration_is_on_the_same_candidates():
    combination, _ = fit(noisy(0, 1))
    weights = (combination.cosine, combination.maxsim, combination.joint, combination.lexical)
    sums = np.concatenate([q.signals @ weights for q in noisy(0, 1)["s"]])
    mean = np.mean([sigmoid(combination.scale * s + combination.offset) for s in sums])
    assert mean == pytest.approx(1 / 8, abs=0.01)


def judged(count=40, *, times=1.0, more=0.0, noise=1.0):
    """Queries whose only signal, MaxSim, is one higher for the relevant text, beside noise."""
    rng = np.random.default_rng(0)
    rows = [rng.normal(size=4) * noise + [1, 0, 0, 0] for _ in range(count)]
    return [scored([[0, times * value + more] for value in row], [1, 0, 0, 0]) for row in rows]


def test_a_score_of_the_same_odds_gets_the_same_probability_as_the_model_gives_it():
    model = Combination(0.0, 2.0, 0.0, scale=0.7, offset=-3.0)
    made = calibrated_as(Combination(0.0, 4.0, 0.0), judged(times=3.0, more=5.0), model, judged())
    for value in (-1.0, 0.0, 2.5):
        there, here = 2.0 * value, 4.0 * (3.0 * value + 5.0)
        assert made.scale * here + made.offset == pytest.approx(0.7 * there - 3.0, abs=1e-3)


def test_better_signals_get_surer_probabilities_and_useless_ones_keep_the_models():
    model = Combination(0.0, 1.0, 0.0, scale=0.7, offset=-3.0)
    assert calibrated_as(model, judged(noise=0.4), model, judged()).scale > 1.5 * model.scale
    turned = judged(times=-1.0)  # the relevant ones lowest
    assert calibrated_as(Combination(0.0, 1.0, 0.0), turned, model, judged()) == model
