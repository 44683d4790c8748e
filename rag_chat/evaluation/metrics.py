"""Ranking measures as trec_eval defines them and BEIR reports them; plain arithmetic on ids.

A ranking is document ids, best first; judgements are grades by document id, above zero where relevant. Knows nothing
about models. Ties are the ranking's business: trec_eval breaks them by document id, here the given order stands.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

Ranking = Sequence[str]
Judgements = Mapping[str, int]


def ndcg(ranking: Ranking, judgements: Judgements, k: int = 10) -> float:
    """Discounted gain of the first k over the best possible; the gain is the grade itself, not 2^grade - 1."""
    gains = [max(0, judgements.get(document, 0)) for document in ranking[:k]]
    ideal = sorted((grade for grade in judgements.values() if grade > 0), reverse=True)[:k]
    return _discounted(gains) / _discounted(ideal) if ideal else 0.0


def recall(ranking: Ranking, judgements: Judgements, k: int = 50) -> float:
    """The share of the relevant documents that are among the first k."""
    relevant = {document for document, grade in judgements.items() if grade > 0}
    return len(relevant & set(ranking[:k])) / len(relevant) if relevant else 0.0


def reciprocal_rank(ranking: Ranking, judgements: Judgements, k: int = 10) -> float:
    """One over the rank of the first relevant document, 0 where none is among the first k."""
    for rank, document in enumerate(ranking[:k], start=1):
        if judgements.get(document, 0) > 0:
            return 1.0 / rank
    return 0.0


def summary(run: Mapping[str, Ranking], qrels: Mapping[str, Judgements]) -> dict[str, float]:
    """Means over every query of the qrels: one that the run lacks, or has no results for, counts as zero."""
    measures = {"ndcg@10": ndcg, "recall@50": recall, "mrr@10": reciprocal_rank}
    if not qrels:
        return dict.fromkeys(measures, 0.0)
    return {
        name: sum(measure(run.get(query, ()), judged) for query, judged in qrels.items()) / len(qrels)
        for name, measure in measures.items()
    }


def _discounted(gains: Sequence[int]) -> float:
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, start=1))
