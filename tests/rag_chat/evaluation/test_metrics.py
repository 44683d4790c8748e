"""The measures against values worked by hand; grades and ranks are written out in each test."""

import math

import pytest

from rag_chat.evaluation.metrics import p_value, per_query, summary


def ndcg(ranking, judged):
    return summary({"q": ranking}, {"q": judged})["ndcg@10"]


def recall(ranking, judged):
    return summary({"q": ranking}, {"q": judged})["recall@50"]


def reciprocal_rank(ranking, judged):
    return summary({"q": ranking}, {"q": judged})["mrr@10"]


def test_ndcg_uses_the_grade_itself_as_gain():
    # ranking b(2) x(0) a(3): 2/log2(2) + 0 + 3/log2(4) = 3.5; ideal a(3) b(2) c(1): 3 + 2/log2(3) + 1/2
    judged = {"a": 3, "b": 2, "c": 1}
    ideal = 3 + 2 / math.log2(3) + 0.5
    assert ndcg(["b", "x", "a"], judged) == pytest.approx(3.5 / ideal)


def test_ndcg_of_the_ideal_order_is_one_and_of_nothing_is_zero():
    assert ndcg(["a", "b"], {"a": 2, "b": 1}) == pytest.approx(1.0)
    assert ndcg([], {"a": 2}) == 0.0
    assert ndcg(["a"], {"a": 0}) == 0.0


def test_ndcg_ignores_what_comes_after_the_tenth():
    ranking = [f"x{i}" for i in range(10)] + ["a"]
    assert ndcg(ranking, {"a": 1}) == 0.0
    assert ndcg(ranking[1:], {"a": 1}) == pytest.approx(1 / math.log2(11))


def test_ndcg_ideal_is_cut_at_ten_as_well():
    judged = {f"d{i}": 1 for i in range(30)}
    assert ndcg([f"d{i}" for i in range(10)], judged) == pytest.approx(1.0)


def test_negative_grades_gain_nothing():
    assert ndcg(["bad", "a"], {"bad": -1, "a": 1}) == pytest.approx(1 / math.log2(3))


def test_recall_counts_only_relevant_documents_within_fifty():
    ranking = ["a", *(f"x{i}" for i in range(49)), "b"]
    assert recall(ranking, {"a": 1, "b": 2, "x0": 0}) == 0.5


def test_reciprocal_rank_is_of_the_first_relevant_within_ten():
    assert reciprocal_rank(["x", "x2", "a", "b"], {"a": 1, "b": 1}) == pytest.approx(1 / 3)
    assert reciprocal_rank([f"x{i}" for i in range(10)] + ["a"], {"a": 1}) == 0.0


def test_a_query_without_results_still_counts():
    qrels = {"q1": {"a": 1}, "q2": {"b": 1}, "q3": {"c": 1}}
    means = summary({"q1": ["a"], "q2": []}, qrels)
    assert means == {"ndcg@10": pytest.approx(1 / 3), "recall@50": pytest.approx(1 / 3), "mrr@10": pytest.approx(1 / 3)}


def test_no_queries_give_zeros_rather_than_a_division():
    assert summary({}, {}) == {"ndcg@10": 0.0, "recall@50": 0.0, "mrr@10": 0.0}


def test_the_values_of_each_query_stay_apart():
    found = per_query({"q1": ["a"], "q2": ["x", "b"]}, {"q1": {"a": 1}, "q2": {"b": 1}})
    assert found["mrr@10"] == {"q1": 1.0, "q2": 0.5}


def values(*found):
    return {str(i): value for i, value in enumerate(found)}


def test_four_queries_better_by_chance_have_two_of_sixteen_signs_as_far_apart():
    assert p_value(values(0.9, 0.8, 0.7, 0.6), values(0.5, 0.4, 0.3, 0.2)) == pytest.approx(2 / 16)


def test_many_queries_better_are_no_chance_and_equal_ones_are():
    assert p_value(values(*[0.5] * 40), values(*[0.4] * 40)) < 0.001
    assert p_value(values(*[0.5, 0.4] * 20), values(*[0.4, 0.5] * 20)) > 0.9
    assert p_value(values(0.5, 0.4), values(0.5, 0.4)) == 1.0
