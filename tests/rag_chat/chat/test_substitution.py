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
        # Of two names one is no name, or it is not certain that it is one:
        ("What did Harbor's CEO earn in 2021?", "And Quay?"),
        ("What was EBITDA in 2021?", "And Quay?"),
        ("What was Harbor's EBITDA in 2021?", "And EBIT?"),
        ("What does the Tenant pay?", "And Berg?"),
        ("Who is the CEO?", "And Quay?"),
        ("What's the revenue?", "And Quay?"),
        ("Isn't Harbor profitable?", "And Quay?"),
        ("Explain the deposit.", "And Quay?"),
        ("Show Harbor's revenue.", "And Quay?"),
        ("Total revenue in 2021?", "And Quay in 2018?"),
        # A place, a day or a product is none of the other kind:
        ("How many people does Harbor have?", "And in France?"),
        ("How many people are there in Germany?", "And Quay?"),
        ("When does the shop in Oslo open?", "And on Sunday?"),
        ("How much is the Duo 60?", "And the Vesta?"),
        ("How many Harbor 737s were sold?", "And Quay?"),
        # A month is not thrown away, a number is no year, a name with a figure is no other one:
        ("How much was revenue in March 2021?", "And in April 2022?"),
        ("What happened on 3 May 2021?", "And in 2018?"),
        ("Which products cost 2000 euros?", "And in 2018?"),
        ("What is ISO 2022?", "And in 2018?"),
        ("What did 3M earn in 2021?", "And AT&T in 2018?"),
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
