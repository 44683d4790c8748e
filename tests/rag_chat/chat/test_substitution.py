import pytest

from rag_chat.chat.history import forms, read_for
from rag_chat.chat.substitution import only_names, substituted
from rag_chat.types import Turn


@pytest.mark.parametrize(
    ("earlier", "question", "meant"),
    [
        ("What did the port earn in fiscal 2021?", "And in 2018?", "What did the port earn in fiscal 2018?"),
        ("What was Block's FY2016 capital?", "And in FY2020?", "What was Block's FY2020 capital?"),
        ("What was Harbor One's income in 2020?", "And Quay's in 2018?", "What was Quay's income in 2018?"),
        ("How much rent does Ms Berg pay?", "What about Mr Lund?", "How much rent does Mr Lund pay?"),
        ("What is the cash at the end of 2016?", "And at the end of 2020?", "What is the cash at the end of 2020?"),
        ("What does error E101 mean?", "And E205?", "What does error E205 mean?"),
    ],
)
def test_only_the_year_the_code_or_the_name_changes(earlier, question, meant):
    assert substituted(question, earlier) == meant
    assert forms(question, [Turn(earlier, "Some answer.")]) == (meant,)
    assert read_for(question, meant) == meant


@pytest.mark.parametrize(
    ("earlier", "question"),
    [
        ("When does the lease end?", "And Spindle House?"),  # there is no name to replace
        ("Did Anna or Bert sign?", "And Carl?"),  # which of the two?
        ("What changed between 2019 and 2020?", "And in 2021?"),
        ("What did the port earn in 2021?", "And its staff in 2018?"),  # something else is asked, too
        ("Who won in 1999?", "Why in 2003?"),
        ("Who won in 1999?", "And in 1999?"),  # nothing is new
        ("What did it earn?", "And?"),
    ],
)
def test_where_it_is_not_certain_what_is_replaced_nothing_is(earlier, question):
    assert substituted(question, earlier) == ""


def test_a_chain_goes_on_from_the_question_as_it_was_searched():
    turns = [
        Turn("What did the port earn in 2021?", "Much."),
        Turn("And in 2018?", "Less.", "What did the port earn in 2018?"),
    ]
    assert forms("And in 2015?", turns) == ("What did the port earn in 2015?",)
    assert forms("And its costs?", turns) == ("What did the port earn in 2018? And its costs?",)


def test_a_question_that_says_more_is_read_as_it_was_asked():
    assert not only_names("And its costs in 2018?")
    assert not only_names("And?")
    assert read_for("And its costs?", "What did the port earn in 2018? And its costs?") == "And its costs?"
