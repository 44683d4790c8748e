"""A question after another one: what is searched, and what its answer is read for."""

from __future__ import annotations

from fakes import ScriptedGenerator
from tide_gate import GATE, GUARANTEE, QUESTION, answer_of

from rag_chat.chat.history import turn_of
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


def test_a_model_that_is_trusted_writes_one_more_form_which_counts_where_it_finds_more(engine):
    generator = ScriptedGenerator(trusted=True).enqueue("When is the tide gate of Tarnwick shut?").enqueue(GATE)
    found = answer_of(engine(generator), "When does that open in the morning?", [Turn(GUARANTEE, "Thirty.")])
    assert [len(brief.before) for brief in generator.briefs] == [1, 0]
    assert found.citations[0].document == "harbor.pdf"
    assert "rewrite" in found.seconds


def test_a_form_that_finds_nothing_better_replaces_none(engine):
    generator = ScriptedGenerator(trusted=True).enqueue("Which elephants are there?").enqueue(GATE)
    found = answer_of(engine(generator), "And when does it open?", [Turn(QUESTION, GATE)])
    assert found.standalone_question == generator.briefs[-1].question == f"{QUESTION} And when does it open?"


def test_a_small_model_is_not_asked_to_write_a_question(engine):
    generator = ScriptedGenerator().enqueue(GATE)
    found = answer_of(engine(generator), "And when does it open?", [Turn(QUESTION, GATE)])
    assert (len(generator.briefs), "rewrite" in found.seconds) == (1, False)


def test_a_question_that_stands_alone_is_not_written_anew(engine):
    generator = ScriptedGenerator(trusted=True).enqueue(GATE)
    answer_of(engine(generator), QUESTION, [Turn(GUARANTEE, "Thirty.")])
    assert len(generator.briefs) == 1


def test_what_names_another_document_is_taken_as_it_was_asked_however_well_the_one_before_answers(engine, doc_ids):
    asked = "How many tons of grain did the northern quay receive by rail in 2021?"
    before = [Turn(asked, "4.2 million.", doc_id=doc_ids["harbor.pdf"])]
    made = engine(QuotingGenerator(), evidence_threshold=0.0, mode="dense", passages=1)
    found = answer_of(made, "And million tons for the pump?", before)
    assert (found.standalone_question, found.passages[0].candidate.document) == (found.question, "pump.pdf")
    unnamed = answer_of(made, "And million tons for it?", before)
    assert unnamed.standalone_question == f"{asked} And million tons for it?"


def test_that_document_is_the_one_the_last_answer_cites(engine, doc_ids):
    first = answer_of(engine(QuotingGenerator()), GUARANTEE)
    found = answer_of(engine(), "Summarise that document", [turn_of(first)])
    assert found.standalone_question == "Summarise pump.pdf"
    assert {c.doc_id for c in found.citations} == {doc_ids["pump.pdf"]}


def test_documents_that_mention_it_are_counted_for_what_was_spoken_of(engine):
    first = answer_of(engine(QuotingGenerator()), "How long is the guarantee of the circulation pump?")
    found = answer_of(engine(), "Which documents mention it?", [turn_of(first)])
    assert found.standalone_question == "Which documents mention guarantee?"
    assert found.text.startswith("1 of 2 documents mentions “guarantee”: pump.pdf: ")


def test_a_bare_why_is_not_answered_with_what_was_just_said(engine):
    found = answer_of(engine(QuotingGenerator()), "Why?", [Turn(QUESTION, f"{GATE} [1]", QUESTION)])
    assert found.abstained or GATE not in found.text
    assert GATE in answer_of(engine(QuotingGenerator()), QUESTION).text
