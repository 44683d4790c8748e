from values import quote

from rag_chat.generation.quoting import QuotingGenerator
from rag_chat.types import Brief


def said(*quotes):
    return list(QuotingGenerator().generate(Brief("What?", (), quotes)))


def test_the_best_quotes_come_first_a_line_each():
    best, second = quote("Best.", number=2, score=0.9), quote("Second.", number=1, start=9, score=0.6)
    assert said(best, second, quote("Third.", number=1, score=0.55)) == ["Best.\n", "Second.\n", "Third.\n"]


def test_what_is_much_worse_than_the_best_is_left_out():
    # six tenths of 0.5 are 0.30
    assert said(quote("Best.", score=0.5), quote("Near.", start=9, score=0.31), quote("Far.", score=0.29)) == [
        "Best.\n",
        "Near.\n",
    ]


def test_at_most_three_are_shown():
    assert len(said(*(quote(f"Number {i}.", start=i) for i in range(6)))) == 3


def test_without_quotes_nothing_is_said():
    assert said() == []
