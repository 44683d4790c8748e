"""Every mode along a search's own routes over a small set, with real SQLite and vectors of hashes."""

import pytest
from fakes import HashEmbedder, HashTokens, OverlapReranker

from rag_chat.chat.search import Limits, Route, Search
from rag_chat.errors import BadSetting
from rag_chat.evaluation import modes, plot, retrieval
from rag_chat.evaluation.beir import Dataset
from rag_chat.rerank.keep_order import KeepOrder
from rag_chat.retrieval.dense import DenseRetriever
from rag_chat.retrieval.hybrid import HybridRetriever
from rag_chat.retrieval.saying import SayingRetriever

CORPUS = {"heat": "pumps move heat", "cold": "winter is cold", "tide": "the tide gate opens early", "grain": "grain"}
QUERIES = {"q1": "when does the tide gate open", "q2": "what do pumps move"}
DATASET = Dataset("toy", CORPUS, QUERIES, {"q1": {"tide": 1}, "q2": {"heat": 1}})


@pytest.fixture
def done():
    embedder, told = HashEmbedder(), []
    with modes.library(DATASET, embedder.encode_passages(list(CORPUS.values()))) as library:
        dense = DenseRetriever(embedder, library.store, library.catalog)
        hybrid = HybridRetriever(embedder, library.store, library.catalog)
        routes = {
            "dense": Route(dense, KeepOrder()),
            "rerank": Route(dense, OverlapReranker()),
            "hybrid": Route(hybrid, OverlapReranker(), widened=2),
            "exhaustive": Route(dense, OverlapReranker()),
        }
        found = list(modes.runs(DATASET, routes, list(routes), 1, lambda *report: told.append(report)))
    assert told[-1] == ("searching by exhaustive", 2, 2)
    return found


def test_each_stage_of_each_mode_is_a_run_over_every_query(done):
    assert [(run.mode, run.stage) for run in done] == [
        ("dense", "stage1"), ("rerank", "stage1"), ("rerank", "final"), ("hybrid", "stage1"), ("hybrid", "final"),
        ("exhaustive", "stage1"), ("exhaustive", "final"),
    ]  # fmt: skip
    assert all(set(run.rankings) == set(QUERIES) and len(run.seconds) == 2 for run in done)
    assert [len(run.rankings["q1"]) for run in done] == [1, 1, 1, 2, 2, 4, 4]
    assert done[4].rankings["q1"][0] == "tide"
    assert all(both >= first for first, both in zip(done[3].seconds, done[4].seconds, strict=True))


def test_rows_have_measures_time_and_the_part_of_chance(done):
    rows = modes.rows(done, DATASET)
    assert rows[0].measures == {"ndcg@10": 1.0, "recall@50": 1.0, "mrr@10": 1.0}
    assert rows[0].p == 1.0
    assert all(row.ms_per_query > 0 for row in rows)
    assert rows[0].note == ""
    without = modes.rows(done[3:], DATASET)  # then chance is told from the first mode's last stage
    assert modes._baseline(done[3:]) == 1
    assert without[1].p == 1.0


def test_auto_runs_as_a_search_does_and_says_what_it_came_down_to():
    corpus = CORPUS | {"two": "the tide gate is old", "three": "the tide gate is green"}
    queries = QUERIES | {"slip": "wnter is clod"}
    dataset = Dataset("toy", corpus, queries, {"q1": {"tide": 1}, "q2": {"heat": 1}, "slip": {"cold": 1}})
    embedder, told = HashEmbedder(), []
    with modes.library(dataset, embedder.encode_passages(list(corpus.values()))) as library:
        dense = DenseRetriever(embedder, library.store, library.catalog)
        hybrid = Route(HybridRetriever(embedder, library.store, library.catalog), OverlapReranker(), weak=0.5)
        routes = {"hybrid": hybrid, "exhaustive": Route(dense, OverlapReranker(pairs_per_second=1e9), weak=0.5)}
        saying, two = SayingRetriever(embedder, library.store, library.catalog), lambda texts: [2] * len(texts)

        def auto(candidates):
            searching = Search(library.catalog, routes, Limits(), saying, two)
            return modes.auto(dataset, searching, candidates, lambda *report: told.append(report))

        run, small = auto(1), auto(len(corpus))
    assert (run.mode, run.stage, run.note) == ("auto", "final", "hybrid for 3; searched again for 1, better for 1")
    assert {query: best[0] for query, best in run.rankings.items()} == {"q1": "tide", "q2": "heat", "slip": "cold"}
    assert len(run.seconds) == 3 and told[2] == ("searching by auto", 3, 3)
    assert small.note.startswith("exhaustive for 3;")
    assert [len(ids) for ids in small.rankings.values()] == [6, 6, 6]
    (row,) = modes.rows([run], dataset)
    assert (row.mode, row.p, row.note, row.measures["ndcg@10"]) == ("auto", 1.0, run.note, 1.0)


@pytest.mark.parametrize("ending", plot.ENDINGS)
def test_quality_against_time_is_drawn(done, tmp_path, ending):
    path = tmp_path / f"p{ending}"
    plot.check(path)
    plot.draw(modes.rows(done, DATASET), "toy", path)
    assert path.stat().st_size > 5000


def test_another_ending_is_refused_before_anything_is_measured(tmp_path):
    with pytest.raises(BadSetting, match="is no picture; end it in"):
        plot.check(tmp_path / "p.txt")


def test_a_set_has_token_vectors_as_a_library_has_them():
    told = []
    tokens = retrieval.corpus_tokens(DATASET, HashTokens(), lambda *report: told.append(report))
    with modes.library(DATASET, HashEmbedder().encode_passages(list(CORPUS.values())), tokens) as library:
        assert library.catalog.has_all_tokens(tokens.encoder)
        kept = library.catalog.all_tokens(tokens.encoder)
    assert {key: len(codes) for key, codes in kept.items()} == {"heat": 3, "cold": 3, "tide": 5, "grain": 1}
    assert told == [("making token vectors", 4, 4)]
