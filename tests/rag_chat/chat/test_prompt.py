from values import chunk, passage, quote

from rag_chat.chat import evidence, prompt
from rag_chat.types import Brief

BRIEF = Brief(
    "When does the gate open?",
    (
        passage(chunk("The tide gate \nopens at five.", page=7), 1, label="v"),
        passage(chunk("Grain trans-\nport is by rail."), 2),
    ),
    (quote("Second quote.", number=2), quote("Late quote.", start=40), quote("First quote.", start=3)),
)


def test_passages_carry_number_document_and_printed_page():
    system, user = prompt.from_passages(BRIEF)
    assert user == (
        "[1] d.pdf, page v\nThe tide gate opens at five.\n\n"
        "[2] d.pdf, page 1\nGrain transport is by rail.\n\n"
        "Question: When does the gate open?"
    )
    assert evidence.REFUSAL in system


def test_the_best_quote_alone_stands_between_the_question():
    system, user = prompt.from_quotes(BRIEF)
    assert user == "When does the gate open?\n\nSecond quote.\n\nWhen does the gate open?"
    assert evidence.REFUSAL in system
    assert prompt.about("Q?", ["One.", "Two."]) == "Q?\n\nOne.\nTwo.\n\nQ?"
