"""Ranking measures as trec_eval defines them and BEIR reports them, through ir-measures; and whether two runs differ.

A ranking is document ids, best first; judgements are grades by document id, above zero where relevant. trec_eval breaks
ties by document id; here there are none, the given order stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

Ranking = Sequence[str]
Judgements = Mapping[str, int]
PerQuery = dict[str, dict[str, float]]  # by measure, then by query

NAMES = ("ndcg@10", "recall@50", "mrr@10")
RESAMPLES, SEED = 9999, 0  # of the randomisation


def per_query(run: Mapping[str, Ranking], qrels: Mapping[str, Judgements]) -> PerQuery:
    """Every measure for every query of the qrels: one that the run lacks, or has no results for, counts as zero."""
    import ir_measures

    measures: dict[Any, str] = dict(
        zip((ir_measures.nDCG @ 10, ir_measures.R @ 50, ir_measures.RR @ 10), NAMES, strict=True)
    )
    scored = {query: {key: -float(rank) for rank, key in enumerate(run.get(query, ()))} for query in qrels}
    found: PerQuery = {name: dict.fromkeys(qrels, 0.0) for name in NAMES}
    for metric in ir_measures.iter_calc(list(measures), {q: dict(judged) for q, judged in qrels.items()}, scored):
        found[measures[metric.measure]][metric.query_id] = float(metric.value)
    return found


def means(found: PerQuery) -> dict[str, float]:
    return {name: sum(values.values()) / len(values) if values else 0.0 for name, values in found.items()}


def summary(run: Mapping[str, Ranking], qrels: Mapping[str, Judgements]) -> dict[str, float]:
    """Means over every query of the qrels."""
    return means(per_query(run, qrels))


def p_value(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    """How often chance alone would part two runs over the same queries so far: paired randomisation, two-sided.

    Each query's two values change places at random (Smucker and others 2007, doi:10.1145/1321440.1321528).
    """
    from scipy.stats import permutation_test

    differences = np.array([value - other[query] for query, value in one.items()])
    if not differences.any():
        return 1.0
    tested = permutation_test(
        (differences,), np.mean, permutation_type="samples", vectorized=True, n_resamples=RESAMPLES,
        rng=np.random.default_rng(SEED),
    )  # fmt: skip
    return float(tested.pvalue)
