import pytest

from rag_chat.chat.history import answers_why, forms, needs_history, read_for, standalone
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


def test_a_chain_of_follow_ups_goes_back_to_the_question_that_stood_alone_by_way_of_the_last():
    rent = Turn("And the rent?", "EUR 5,760.", "When does the lease end? And the rent?")
    lease = Turn("When does the lease end?", "In 2032.", "When does the lease end?")
    asked = "How is that indexed?"
    assert standalone(asked, [PUMP, lease, rent]) == f"{lease.question} {rent.question} {asked}"
    assert standalone(asked, [lease, Turn("And the rent?", "So much.")]) == f"{lease.question} {rent.question} {asked}"
    last = Turn("For how long?", "Two years.", f"{rent.searched} For how long?")
    assert standalone("And the deposit?", [lease, rent, last]) == f"{lease.question} {rent.question} And the deposit?"


def test_a_turn_without_words_of_its_own_adds_none():
    assert standalone("Why?", [GATE, PUMP, Turn("How long?", "So long.")]) == f"{PUMP.question} Why?"


def test_a_turn_that_was_searched_in_other_words_is_followed_in_those():
    turn = Turn("Summarise it", "It is long.", "Summarise lease.pdf")
    assert standalone("And the deposit?", [PUMP, turn]) == "Summarise lease.pdf And the deposit?"


def test_what_names_another_document_is_searched_as_it_was_asked_first():
    question = "What about the deposit in the pump manual?"
    assert forms(question, [GATE], elsewhere=True) == (question, f"{GATE.question} {question}")


def test_a_follow_up_goes_back_to_a_short_question_that_was_searched_as_it_stood():
    dog = Turn("Can I bring my dog?", "No.", "Can I bring my dog?")
    assert standalone("And a cat?", [PUMP, dog]) == f"{dog.question} And a cat?"
    spares = Turn("The spare parts?", "No.", f"{PUMP.question} The spare parts?")
    assert standalone("And a cat?", [PUMP, spares]) == f"{PUMP.question} The spare parts? And a cat?"


def test_without_history_nothing_is_added():
    assert standalone("Why?", []) == "Why?"


@pytest.mark.parametrize(
    "question", ["And for the spare parts of the pump?", "How long does it last?", "Why?", "How much?"]
)
def test_what_leans_on_something_said_before_is_searched_joined_to_it(question):
    assert forms(question, [GATE, PUMP]) == (f"{PUMP.question} {question}",)


@pytest.mark.parametrize("question", ["Can I bring my dog?", "Is there a canteen?", "How much rain is there?"])
def test_where_it_is_in_doubt_both_forms_are_searched_the_asked_one_first(question):
    assert forms(question, [GATE, PUMP]) == (question, f"{PUMP.question} {question}")


@pytest.mark.parametrize(
    "question",
    [
        "Who chairs the board, and when was she elected?",
        "How long may the tenant stay after his notice?",
        "Which year did the company appoint her?",
    ],
)
def test_a_person_may_be_one_that_the_question_itself_speaks_of(question):
    assert forms(question, [GATE, PUMP]) == (question, f"{PUMP.question} {question}")


@pytest.mark.parametrize("question", ["When was she elected?", "How long may he stay there?", "What is her salary?"])
def test_a_person_whom_nothing_comes_before_was_spoken_of_before(question):
    assert forms(question, [GATE, PUMP]) == (f"{PUMP.question} {question}",)


def test_what_stands_alone_for_sure_is_searched_as_it_is():
    question = "What is the guarantee period of the circulation pump?"
    assert forms(question, [GATE]) == forms(question, []) == (question,)
    assert forms("Why?", []) == ("Why?",)


def test_passages_are_read_for_the_question_as_it_was_asked_where_it_has_words_of_its_own():
    assert read_for("And the spare parts?", "What of the pump? And the spare parts?") == "And the spare parts?"
    assert read_for("Why?", "What of the pump? Why?") == "What of the pump? Why?"
    asked = "What does the pump show? And fault E31? What does that mean?"
    assert read_for("What does that mean?", asked) == "And fault E31? What does that mean?"
    assert read_for("And the fan?", "The display shows E31. And the fan?") == "And the fan?"


@pytest.mark.parametrize("question", ["Why?", "And why?", "why is that?", "How come?", "But why so?"])
def test_what_was_just_said_is_no_reason_of_itself(question):
    said = Turn("When is the gate shut?", "The gate is shut at nine. [1]")
    assert not answers_why(question, [said], "In winter the gate is shut at nine.")
    assert answers_why(question, [said], "The gate is shut at nine because the tide turns.")
    assert answers_why(question, [said], "The tide turns then.")
    assert answers_why(question, [], "The gate is shut at nine.")
    assert answers_why("Why is the gate shut?", [said], "The gate is shut at nine.")
