import pytest

from rag_chat.chat.support import SUPPORTED, ExactSupport, ReadSupport
from rag_chat.scoring import SupportOrder, logit, sigmoid

QUOTE = "In 2021 the harbor authority of Tarnwick moved 4.2 million tons of cargo by rail."


def support(sentence, quote=QUOTE):
    (found,) = ExactSupport().support(sentence, [quote])
    return found


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
    assert (
        support("In 2022 the harbor authority moved 4.2 million tons of cargo.")
        == ExactSupport.WRONG_NUMBER
        < SUPPORTED
    )


def test_a_wrong_name_is_never_carried():
    assert (
        support("The harbor authority of Ostwick moved cargo in 2021 by rail.") == ExactSupport.WRONG_NAME < SUPPORTED
    )


@pytest.mark.parametrize("negative", ["does not leak", "doesn't leak", "doesn’t leak"])
def test_a_turned_sense_is_never_carried(negative):
    assert support("The pump leaks.", f"The pump {negative}.") <= ExactSupport.WRONG_SENSE < SUPPORTED
    assert support(f"The pump {negative}.", "The pump leaks.") <= ExactSupport.WRONG_SENSE


def test_a_sentence_without_content_is_carried_by_nothing():
    assert support("It was so.") == 0.0


class Told:
    """A ClaimReader that says what it is told, and remembers what it read."""

    def __init__(self, *logits):
        self.logits, self.read = list(logits), []

    def carried(self, sentences, quotes):
        self.read += zip(sentences, quotes, strict=True)
        return self.logits[: len(quotes)]


ORDER = SupportOrder(overlap=2.0, number=-3.0, name=-1.0, sense=-1.0, reading=0.5, offset=-1.0)


@pytest.mark.parametrize(
    ("sentence", "quote"),
    [
        ("The rent is €400 a month.", "The rent is $400 a month."),
        ("Revenue was 12 billion dollars.", "Revenue was 12 million dollars in all."),
        ("Sales in 2020 were higher than in 2019.", "Sales in 2019 were higher than in 2020."),
    ],
)
def test_numbers_of_something_else_are_carried_by_no_quote_whatever_the_reader_says(sentence, quote):
    assert ReadSupport(Told(99.0), ORDER).support(sentence, [quote]) == [ExactSupport.WRONG_NUMBER]
    assert ExactSupport().support(sentence, [quote]) == [ExactSupport.WRONG_NUMBER]


def test_a_sentence_that_stands_in_the_quote_is_not_read():
    reader = Told(-9.0)
    found = ReadSupport(reader, ORDER).support("The pump leaks.", ["It is old, so the pump leaks, they say.", "No."])
    assert found[0] == 1.0
    assert reader.read == [("The pump leaks.", "No.")]
    assert ReadSupport(Told(), ORDER).support("The pump leaks.", []) == []


def test_what_is_read_is_weighed_against_the_faults():
    said = "The pump of Ostwick leaked 4 liters."
    quotes = ["The pump of Ostwick leaked four liters.", "The pump of Ostwick did not leak 4 liters."]
    found = ReadSupport(Told(2.0, -2.0), ORDER).support(said, quotes)
    assert found[0] == sigmoid(2.0 * 0.8 - 3.0 + 1.0 - 1.0)
    assert logit(found[1]) == pytest.approx(2.0 * 1.0 - 1.0 - 1.0 - 1.0)


def test_a_sentence_that_stands_in_its_own_denial_is_read():
    reader = Told(-4.0)
    (found,) = ReadSupport(reader, ORDER).support("The pump leaks.", ["It is not true that the pump leaks."])
    assert found < SUPPORTED
    assert len(reader.read) == 1
