import math

import numpy as np
import pytest

from rag_chat.scoring import sigmoid
from rag_chat.training.calibration import balanced_accuracy, expected_calibration_error, fit, threshold_for


def test_calibration_meets_the_observed_share_of_each_score():
    # Of 800 pairs with sum 10 a fourth is relevant, of 800 with sum 30 three fourths: logits -ln 3 and +ln 3.
    sums = np.array([[10.0]] * 800 + [[30.0]] * 800)
    relevant = np.array(([True] * 200 + [False] * 600) + ([True] * 600 + [False] * 200))
    model = fit(sums, relevant)
    assert model.weights[0] == pytest.approx(2 * math.log(3) / 20, rel=1e-2)
    assert model.weights[0] * 20 + model.offset == pytest.approx(0.0, abs=1e-2)
    assert model.probabilities(np.array([[30.0]]))[0] == pytest.approx(0.75, abs=0.01)


def test_equal_sums_give_their_share_and_separable_ones_stay_finite():
    model = fit(np.full((400, 1), 7.0), np.arange(400) % 4 == 0)
    assert sigmoid(model.weights[0] * 7 + model.offset) == pytest.approx(0.25, abs=1e-3)
    separable = fit(np.array([[1.0], [2.0], [3.0], [4.0]]), np.array([False, False, True, True]))
    assert np.isfinite([*separable.weights, separable.offset]).all()


def test_balanced_weighs_both_kinds_alike():
    rows, true = np.zeros((100, 1)), np.arange(100) >= 90
    assert fit(rows, true).probabilities(rows)[0] == pytest.approx(0.1, abs=0.01)
    assert fit(rows, true, balanced=True).probabilities(rows)[0] == pytest.approx(0.5, abs=0.01)


def test_the_calibration_error_is_the_distance_of_what_is_said_from_what_is_seen():
    true = np.array([True, False, False, False])
    assert expected_calibration_error(np.full(4, 0.25), true) == 0.0
    assert expected_calibration_error(np.full(4, 0.95), true) == pytest.approx(0.7)
    # half of the texts are off by 0.1, the others by 0.3
    said = np.array([0.6, 0.6, 0.3, 0.3])
    assert expected_calibration_error(said, np.array([True, False, False, False])) == pytest.approx(0.2)
    assert expected_calibration_error(np.array([1.0]), np.array([True])) == 0.0


def test_both_kinds_count_alike_in_balanced_accuracy():
    said, true = np.array([0.9, 0.1, 0.1, 0.1]), np.array([True, True, False, False])
    assert balanced_accuracy(said, true) == 0.75


def test_at_most_the_given_share_of_the_answerable_stays_under_the_threshold():
    scores = [i / 100 for i in range(101)]
    threshold = threshold_for(scores, 0.1)
    assert sum(score < threshold for score in scores) == 10
