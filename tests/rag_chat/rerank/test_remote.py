"""The remote reranker against a server that speaks the APIs."""

import pytest
from json_server import running
from values import candidate

from rag_chat.endpoint import Endpoint
from rag_chat.errors import RemoteFailed
from rag_chat.rerank.remote import TEI_AT_ONCE, RemoteReranker
from rag_chat.scoring import sigmoid

TEXTS = ["grain", "the gate opens", "gate"]


def score(text):
    return 0.9 if text == "gate" else 0.5 if "gate" in text else 0.1


def cohere(path, body):
    ranked = sorted(range(len(body["documents"])), key=lambda i: -score(body["documents"][i]))
    return 200, {"id": "x", "results": [{"index": i, "relevance_score": score(body["documents"][i])} for i in ranked]}


def tei(path, body):
    if "texts" not in body:
        return 422, b"Failed to deserialize the JSON body: missing field `texts`"
    if len(body["texts"]) > TEI_AT_ONCE:
        return 413, {"error": "batch size"}
    return 200, [{"index": i, "score": score(text)} for i, text in reversed(list(enumerate(body["texts"])))]


@pytest.fixture
def server():
    with running() as found:
        found.respond = cohere
        yield found


@pytest.fixture
def reranker(server):
    return RemoteReranker(Endpoint(f"{server.url}/v2/rerank", "reranker", "reranker_url"), "rerank-v3.5")


def test_scores_come_in_the_order_of_the_texts_and_the_request_is_coheres(reranker, server):
    assert reranker.score("When?", TEXTS) == [0.1, 0.5, 0.9]
    wanted = {"model": "rerank-v3.5", "query": "When?", "documents": TEXTS, "top_n": 3}
    assert server.asked == [("/v2/rerank", wanted, "")]


def test_candidates_are_ordered_and_keep_stage_ones_ranks(reranker):
    given = [candidate(text, rank=rank) for rank, text in enumerate(TEXTS, start=1)]
    found = reranker.rerank("When?", given)
    assert [(c.rank, c.stage1_rank, c.score) for c in found] == [(1, 2, 0.5), (2, 3, 0.5), (3, 1, 0.1)]
    assert reranker.pairs_per_second > 0
    assert reranker.rerank("When?", []) == []


def test_a_tei_server_is_asked_in_its_own_form_from_then_on(reranker, server):
    server.respond = tei
    texts = TEXTS * 20
    assert reranker.score("When?", texts) == [score(text) for text in texts]
    assert [len(body.get("texts", body.get("documents"))) for _, body, _ in server.asked] == [60, 32, 28]
    reranker.score("When?", TEXTS)
    assert "documents" not in server.asked[-1][1]


def test_logits_of_a_server_without_a_sigmoid_keep_their_order(reranker, server):
    logits = [7.5, -3.0, 9.0]
    rows = [{"index": i, "score": logit} for i, logit in enumerate(logits)]
    server.respond = lambda path, body: (200, {"results": rows})
    assert reranker.score("When?", TEXTS) == [sigmoid(logit) for logit in logits]
    found = reranker.rerank("When?", [candidate(text, rank=rank) for rank, text in enumerate(TEXTS, start=1)])
    assert [c.chunk.text for c in found] == [TEXTS[2], TEXTS[0], TEXTS[1]]


def test_logits_far_from_zero_are_told_apart_though_their_sigmoids_are_not(reranker, server):
    rows = [{"index": 0, "score": 50.0}, {"index": 1, "score": 60.0}]
    server.respond = lambda path, body: (200, {"results": rows})
    found = reranker.rerank("When?", [candidate(text, rank=rank) for rank, text in enumerate(TEXTS[:2], start=1)])
    assert [c.chunk.text for c in found] == [TEXTS[1], TEXTS[0]]


@pytest.mark.parametrize(
    "body",
    [
        {"results": [{"index": 0, "relevance_score": 0.1}]},  # fewer than were sent
        {"results": [{"index": 9, "relevance_score": 0.1}]},
        {"results": [{"index": -1, "relevance_score": 0.1}]},
        {"results": [{"index": 0}]},
        {"results": None},
        {"error": "no"},
        "no",
        [None],
        {"results": [{"index": i, "score": float("nan")} for i in range(3)]},
    ],
)
def test_what_is_no_whole_list_of_scores_fails_in_one_sentence(reranker, server, body):
    server.respond = lambda path, asked: (200, body)
    with pytest.raises(RemoteFailed, match=r"The reranker server at .* sent .*check its address and its log\.$"):
        reranker.score("When?", TEXTS)


def test_a_refusal_is_named(reranker, server):
    server.respond = lambda path, asked: (401, {"message": "invalid api token"})
    with pytest.raises(RemoteFailed, match="status 401"):
        reranker.score("When?", TEXTS)
    assert len(server.asked) == 1  # what refuses is not asked again
