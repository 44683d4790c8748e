import pytest

from rag_chat.chat.support import SUPPORTED, WRONG_NAME, WRONG_NUMBER, WRONG_SENSE, ExactSupport

QUOTE = "In 2021 the harbor authority of Tarnwick moved 4.2 million tons of cargo by rail."


def support(sentence, quote=QUOTE):
    return ExactSupport().support(sentence, quote)


@pytest.mark.parametrize(
    "sentence",
    [
        QUOTE,
        "Coca-Cola and Hewlett-Packard sold 3 pumps to Jean-Luc O'Neill.",
        "Orders go to Shop.example.com,Paris or to the U.S. Office.",
        "The pump doesn’t leak, and no Valve_B does.",
        "Revenue was $1,250.50 (2020: $1,100.00).",
    ],
)
def test_a_sentence_carries_itself(sentence):
    assert support(sentence, sentence) == 1.0


def test_other_forms_and_another_order_are_carried():
    assert support("Cargo moved by the harbor authority in 2021: 4.20 million tons.") >= SUPPORTED


def test_the_score_is_the_share_of_content_words():
    # harbor, authority and cargo are there, ferries is not
    assert support("the harbor authority ferries cargo") == 0.75


def test_a_wrong_number_is_never_carried():
    assert support("In 2022 the harbor authority moved 4.2 million tons of cargo.") == WRONG_NUMBER < SUPPORTED


def test_a_wrong_name_is_never_carried():
    assert support("The harbor authority of Ostwick moved cargo in 2021 by rail.") == WRONG_NAME < SUPPORTED


@pytest.mark.parametrize("negative", ["does not leak", "doesn't leak", "doesn’t leak"])
def test_a_turned_sense_is_never_carried(negative):
    assert support("The pump leaks.", f"The pump {negative}.") <= WRONG_SENSE < SUPPORTED
    assert support(f"The pump {negative}.", "The pump leaks.") <= WRONG_SENSE


def test_a_sentence_without_content_is_carried_by_nothing():
    assert support("It was so.") == 0.0
