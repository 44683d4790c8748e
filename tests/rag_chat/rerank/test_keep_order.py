from values import candidate

from rag_chat.rerank.keep_order import KeepOrder


def test_the_order_stays_and_cosines_are_cut_to_a_share():
    found = KeepOrder().rerank("q", [candidate("a", score=0.4), candidate("b", score=-0.2), candidate("c", score=1.01)])
    assert [(c.chunk.text, c.rank, c.score) for c in found] == [("a", 1, 0.4), ("b", 2, 0.0), ("c", 3, 1.0)]


def test_nothing_in_nothing_out():
    assert KeepOrder().rerank("q", []) == []
