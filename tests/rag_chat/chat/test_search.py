"""What one mode does with its candidates."""

from fakes import OverlapReranker
from values import candidate

from rag_chat.chat.search import Route


class Nobody:
    """A retriever that is not asked."""

    def retrieve(self, query, top_k, doc_ids=None, *, pages=None, trace):
        raise AssertionError("not asked")


def given(*texts):
    return [candidate(text, rank=rank, score=0.9) for rank, text in enumerate(texts, start=1)]


def test_the_first_are_reranked_and_the_rest_keep_their_order_behind():
    candidates = given("no", "grain moves", "grain", "grain moves by rail", "nothing")
    final = Route(Nobody(), OverlapReranker(), read=3).rerank("grain moves by rail", candidates)
    assert [c.chunk.text for c in final] == ["grain moves", "grain", "no", "grain moves by rail", "nothing"]
    assert [c.rank for c in final] == [1, 2, 3, 4, 5]
    assert [c.score for c in final] == [0.5, 0.25, 0.0, 0.0, 0.0]


def test_without_a_limit_all_are_reranked():
    final = Route(Nobody(), OverlapReranker()).rerank("grain moves by rail", given("no", "grain moves by rail"))
    assert [c.chunk.text for c in final] == ["grain moves by rail", "no"]
    assert Route(Nobody(), OverlapReranker(), read=3).rerank("q", []) == []
