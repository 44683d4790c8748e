from values import passage, quote

from rag_chat.chat.evidence import enough

QUOTES = (quote("Grain is moved by rail."),)


def test_the_best_passage_decides_and_the_threshold_itself_is_enough():
    passages = (passage("a", 1, score=0.2), passage("b", 2, score=0.4))
    assert enough(passages, QUOTES, 0.4)
    assert not enough(passages, QUOTES, 0.41)


def test_without_quotes_or_passages_there_is_no_evidence():
    assert not enough((passage("a", score=1.0),), (), 0.0)
    assert not enough((), QUOTES, 0.1)
