"""What the answerer is taught to say: fewer words of the quote, in its order, and the answer among them."""

import pytest

from rag_chat.chat.shortening import closed, place, shorten
from rag_chat.chat.support import ExactSupport

CASES = [
    # what, question, answer, sentence, target
    (
        "parentheses", "What is the harbour's depth?", "12 metres",
        "The harbour (opened in 1931) has a depth of 12 metres (39 ft)",
        "The harbour has a depth of 12 metres.",
    ),
    (
        "a parenthesis that answers", "When was the harbour opened?", "1931",
        "The harbour (opened in 1931) has a depth of 12 metres.",
        "The harbour (opened in 1931) has a depth of 12 metres.",
    ),
    (
        "a clause behind the answer", "Who built the lock?", "Mary Vale",
        "The lock at the mouth of the river was built by Mary Vale, who had studied the tides of the northern coast.",
        "The lock at the mouth of the river was built by Mary Vale.",
    ),
    (
        "an introduction", "How much grain was shipped?", "40,000 tonnes",
        "Although the drought was long, the port shipped 40,000 tonnes of grain to the southern provinces.",
        "The port shipped 40,000 tonnes of grain to the southern provinces.",
    ),
    (
        "a link to what was said before", "How much grain was shipped?", "40,000 tonnes",
        "In addition to that, the port shipped 40,000 tonnes of grain to the many towns of the southern provinces.",
        "The port shipped 40,000 tonnes of grain to the many towns of the southern provinces.",
    ),
    (
        "when it holds", "How much grain was shipped?", "40,000 tonnes",
        "During the long drought of the eighties, the port shipped 40,000 tonnes of grain to the southern provinces.",
        "During the long drought of the eighties, the port shipped 40,000 tonnes of grain to the southern provinces.",
    ),
    (
        "when it holds, which is asked", "How much grain was shipped in 1985?", "40,000 tonnes",
        "In 1985, the port shipped 40,000 tonnes of grain to the many towns of the southern provinces.",
        "The port shipped 40,000 tonnes of grain to the many towns of the southern provinces.",
    ),
    (
        "with whose consent", "May the tenant sublet?", "the tenant may sublet",
        "With the consent of the landlord, the tenant may sublet the whole of the flat or a part of it.",
        "With the consent of the landlord, the tenant may sublet the whole of the flat or a part of it.",
    ),
    (
        "who says so", "When was the roof repaired?", "in 2019",
        "According to the seller, the roof of the house and its gutters were repaired in 2019 by a firm of the town.",
        "According to the seller, the roof of the house and its gutters were repaired in 2019 by a firm of the town.",
    ),
    (
        "one more that answers", "Which flats were excluded?", "flats with air conditioning",
        "Excluded were flats with air conditioning, as were flats whose tenants were absent for more than three weeks.",
        "Excluded were flats with air conditioning, as were flats whose tenants were absent for more than three weeks.",
    ),
    (
        "which of them", "Who gets a discount?", "members of the club",
        "A discount of ten percent is given to members of the club who pay for the whole of the year in advance.",
        "A discount of ten percent is given to members of the club who pay for the whole of the year in advance.",
    ),
    (
        "the last of a list", "Who sat on the board?", "Ann Vale, Bob Reed",
        "On the board of the harbour sat Ann Vale, Bob Reed, and the three eldest of the pilots of the river.",
        "On the board of the harbour sat Ann Vale, Bob Reed, and the three eldest of the pilots of the river.",
    ),
    (
        "an introduction that answers", "When did the port ship grain?", "the long drought",
        "During the long drought of the eighties, the port shipped 40,000 tonnes of grain to the southern provinces.",
        "During the long drought of the eighties, the port shipped 40,000 tonnes of grain to the southern provinces.",
    ),
    (
        "the half that answers", "What does the east gate do?", "lets the fish pass",
        "The west gate keeps the salt water out of the meadows behind the dyke; the east gate lets the fish pass.",
        "The east gate lets the fish pass.",
    ),
    (
        "a clause between", "How long is the dyke?", "nine miles",
        "The old dyke, which was raised twice after the floods of the last century, is nine miles long today.",
        "The old dyke is nine miles long today.",
    ),
    (
        "an end that would hang", "What is a sluice?", "a gate",
        "A sluice is a gate in which the flow of the water from one basin to the next one can be held back.",
        "A sluice is a gate in which the flow of the water from one basin to the next one can be held back.",
    ),
    (
        "what the question names stays", "Which ship carried coal for the northern railway?", "the Anna",
        "The largest of them all was the Anna, which carried coal for the northern railway until the strike.",
        "The largest of them all was the Anna, which carried coal for the northern railway until the strike.",
    ),
    (
        "a condition", "What must the tenant pay?", "a fee of EUR 40",
        "If the rent is not paid by the third working day, the tenant must pay a fee of EUR 40, unless it is waived.",
        "If the rent is not paid by the third working day, the tenant must pay a fee of EUR 40, unless it is waived.",
    ),
    (
        "an exception behind a semicolon", "When may the tenant extend the lease?", "twice by five years",
        "The tenant may extend the lease of the warehouse twice by five years each; but only where no rent is owed.",
        "The tenant may extend the lease of the warehouse twice by five years each; but only where no rent is owed.",
    ),
    (
        "an exception in brackets", "What does the landlord pay?", "the water",
        "The landlord pays the water (except in the months of the winter) and the cleaning of the common yard.",
        "The landlord pays the water (except in the months of the winter) and the cleaning of the common yard.",
    ),
    (
        "a reason that is asked for", "Why was the crane taken down?", "in the spring of 2019",
        "The crane on the northern quay was taken down in the spring of 2019, because its foundations had shifted.",
        "The crane on the northern quay was taken down in the spring of 2019, because its foundations had shifted.",
    ),
    (
        "a reason that is not", "When was the crane taken down?", "in the spring of 2019",
        "The crane on the northern quay was taken down in the spring of 2019, because its foundations had shifted.",
        "The crane on the northern quay was taken down in the spring of 2019.",
    ),
    (
        "the unit of a row", "What was the revenue of 2024?", "12,400",
        "Ticket revenue (EUR thousand) 12,400 11,900",
        "Ticket revenue (EUR thousand) 12,400 11,900.",
    ),
    (
        "a list of names", "Where did he see ruins?", "Syria",
        "In his travels to Egypt, Afghanistan, Palestine and Syria, he saw the ruins of many old and famous cities.",
        "In his travels to Egypt, Afghanistan, Palestine and Syria, he saw the ruins of many old and famous cities.",
    ),
    (
        "a short sentence", "Where is it?", "at the quay",
        "It lies at the quay, which is old.",
        "It lies at the quay, which is old.",
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("question", "answer", "sentence", "target"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_what_was_not_asked_is_left_out(question, answer, sentence, target):
    said = shorten(sentence, answer, question)
    assert said == target
    assert place(said, answer)
    assert ExactSupport().support(said, [sentence])[0] >= 0.9


def test_a_negation_is_never_left_out():
    sentence = (
        "The bridge over the harbour carries trains every day of the year, but it does not carry cars or lorries."
    )
    assert shorten(sentence, "trains", "What does the bridge carry?") == sentence


def test_the_answer_is_found_as_whole_words_only():
    assert place("In 19 of 1998 cases", "19") == (3, 5)
    assert place("In 1998", "19") is None
    assert place("The TIDE gate", "tide gate") == (4, 13)
    assert place("It cost $5.", "$5") == (8, 10)
    assert place("anything", " ") is None


def test_a_target_begins_and_ends_as_a_sentence():
    assert closed("the gate opens at five,") == "The gate opens at five."
    assert closed("the tenant pays for:") == "The tenant pays for:"
    assert closed('He said "no."') == 'He said "no."'
    assert closed("") == ""
    assert closed("賃料は月額十二万円とする。") == "賃料は月額十二万円とする。"
