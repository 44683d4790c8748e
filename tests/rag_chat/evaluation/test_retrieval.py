"""Both stages over a small set: the rows, the signals alone, and the cache of vectors."""

from dataclasses import replace

import pytest
from fakes import HashEmbedder

from rag_chat.evaluation import retrieval
from rag_chat.evaluation.beir import Dataset
from rag_chat.types import Signals

CORPUS = {"heat": "pumps move heat", "cold": "winter is cold", "tide": "the tide gate opens early"}
QUERIES = {"q1": "when does the tide gate open", "q2": "what do pumps move"}
QRELS = {"q1": {"tide": 1}, "q2": {"heat": 1}}
DATASET = Dataset("toy", CORPUS, QUERIES, QRELS)


class Reversed:
    """A reranker that turns the order round and says so in two of the three signals."""

    def rerank(self, query, candidates):
        turned = list(candidates)[::-1]
        return [
            replace(c, rank=n, score=1 / n, signals=Signals(cosine=c.stage1_score, maxsim=1 / n))
            for n, c in enumerate(turned, start=1)
        ]


def ranked(tmp_path, reranker):
    corpus = retrieval.embed_corpus(DATASET, HashEmbedder(), tmp_path)
    return list(retrieval.rank_all(DATASET, corpus, HashEmbedder(), reranker))


def test_stage_one_alone_gives_one_row(tmp_path):
    rows = retrieval.rows(ranked(tmp_path, None), DATASET, "dense")
    assert [(row.mode, row.stage) for row in rows] == [("dense", "stage1")]
    assert rows[0].measures == {"ndcg@10": 1.0, "recall@50": 1.0, "mrr@10": 1.0}


def test_the_final_row_measures_the_rerankers_order_and_its_time_holds_both_stages(tmp_path):
    first, final = retrieval.rows(ranked(tmp_path, Reversed()), DATASET, "rerank")
    assert first.measures["mrr@10"] == 1.0
    assert final.measures["mrr@10"] == pytest.approx(1 / 3)
    assert final.measures["recall@50"] == 1.0
    assert final.ms_per_query > first.ms_per_query


def test_each_signal_is_measured_alone_and_an_absent_one_left_out(tmp_path):
    measures = retrieval.signal_measures(ranked(tmp_path, Reversed()), DATASET)
    assert set(measures) == {"cosine", "maxsim"}
    assert measures["cosine"]["mrr@10"] == 1.0
    assert measures["maxsim"]["mrr@10"] == pytest.approx(1 / 3)


def test_vectors_come_from_the_cache_the_second_time(tmp_path):
    retrieval.embed_corpus(DATASET, HashEmbedder(), tmp_path)
    again = HashEmbedder()
    retrieval.embed_corpus(DATASET, again, tmp_path)
    assert not set(CORPUS.values()) & set(again.encoded)


def test_other_texts_or_another_embedder_never_meet_old_vectors(tmp_path):
    retrieval.embed_corpus(DATASET, HashEmbedder(), tmp_path)
    for dataset, embedder in (
        (replace(DATASET, corpus=CORPUS | {"heat": "pumps move water"}), HashEmbedder()),
        (DATASET, HashEmbedder("other")),
        (DATASET, HashEmbedder(dimension=32)),  # the same name over other weights
    ):
        retrieval.embed_corpus(dataset, embedder, tmp_path)
        assert set(dataset.corpus.values()) <= set(embedder.encoded)


def test_texts_that_tie_keep_the_order_of_the_corpus(tmp_path):
    texts = {f"t{i}": "the tide gate opens early" if i % 2 else "pumps move heat" for i in range(400)}
    embedder = HashEmbedder()
    corpus = retrieval.embed_corpus(Dataset("ties", texts, {}, {}), embedder, tmp_path)
    found = corpus.nearest(embedder.encode_query("when does the tide gate open"), 300)
    assert [c.chunk.id for c in found[:200]] == [f"t{i}" for i in range(1, 400, 2)]
