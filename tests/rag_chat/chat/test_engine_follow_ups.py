"""A question after another one: what is searched, and what its answer is read for."""

from __future__ import annotations

from fakes import ScriptedGenerator
from tide_gate import GATE, QUESTION, answer_of

from rag_chat.generation.quoting import QuotingGenerator
from rag_chat.types import Turn


def test_the_generator_gets_the_question_that_stands_alone(engine):
    generator = ScriptedGenerator().enqueue(GATE)
    found = answer_of(engine(generator), "And when does it open?", [Turn(QUESTION, GATE)])
    assert generator.briefs[0].question == found.standalone_question == f"{QUESTION} And when does it open?"
    assert found.question == "And when does it open?"


def test_an_earlier_question_makes_no_follow_up_too_long(engine):
    found = answer_of(
        engine(ScriptedGenerator().enqueue(GATE), question_characters=60),
        "And when does it open, the gate of Tarnwick?",
        [Turn(QUESTION, GATE)],
    )
    assert found.standalone_question == "And when does it open, the gate of Tarnwick?"


def test_a_question_that_may_stand_alone_is_not_answered_with_the_one_before(engine):
    found = answer_of(engine(QuotingGenerator(), evidence_threshold=0.1), "Who bakes bread?", [Turn(QUESTION, GATE)])
    assert (found.standalone_question, found.abstained) == ("Who bakes bread?", True)


def test_a_question_that_may_stand_alone_is_answered_as_it_was_asked_where_it_finds_as_good_a_quote(engine):
    asked = "How many months guarantee?"
    found = answer_of(engine(QuotingGenerator(), evidence_threshold=0.1), asked, [Turn(QUESTION, GATE)])
    assert found.standalone_question == asked
    assert found.citations[0].document == "pump.pdf"


def test_a_follow_up_is_answered_for_itself_and_not_once_more_for_the_question_before(engine):
    found = answer_of(
        engine(QuotingGenerator()), "And in 2021, how many tons?", [Turn("Where is grain moved?", "By rail.")]
    )
    assert found.standalone_question == "Where is grain moved? And in 2021, how many tons?"
    assert found.citations[0].quote.startswith("In 2021 the quay")
