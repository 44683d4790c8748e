import pytest

from rag_chat.chat.history import needs_history, standalone
from rag_chat.types import Turn

PUMP = Turn("What is the guarantee period of the circulation pump?", "Thirty months.")
GATE = Turn("When does the tide gate open?", "At five.")


@pytest.mark.parametrize(
    "question",
    [
        "What is the guarantee period of the circulation pump?",
        "How many tons of cargo did the harbor authority move in 2021?",
        "When was it bought by Acme and from whom?",  # names something of its own
    ],
)
def test_a_question_that_stands_alone_is_left_as_it_is(question):
    assert not needs_history(question)
    assert standalone(question, [GATE]) == question


@pytest.mark.parametrize(
    "question",
    [
        "And for the spare parts of the pump?",
        "What about the spare parts of the pump?",
        "Why?",
        "How long does it last after the delivery date?",
        "Does the guarantee period cover all of them?",
        "And in 2020?",
        "How much?",
    ],
)
def test_a_follow_up_gets_the_question_it_follows(question):
    assert standalone(question, [GATE, PUMP]) == f"{PUMP.question} {question}"


def test_a_chain_of_follow_ups_goes_back_to_the_question_that_stood_alone():
    assert standalone("Why?", [GATE, PUMP, Turn("How long?", "So long.")]) == f"{PUMP.question} Why?"
    assert standalone("Why?", [Turn("What about it?", "No."), Turn("And then?", "No.")]) == "And then? Why?"


def test_without_history_nothing_is_added():
    assert standalone("Why?", []) == "Why?"
