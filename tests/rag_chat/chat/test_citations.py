from dataclasses import replace

import pytest
from fakes import HashEmbedder
from values import quote

from rag_chat.chat.citations import Attribution, attribute, sentences_of, uncounted
from rag_chat.chat.support import ExactSupport


@pytest.mark.parametrize(
    "marked", ["{} [7].", "{} [1, 2].", "{}[3][4].", "{}. [1-3]", "{} [1; 2].", "{} [Source 2].", "{} [passage: 1]."]
)
def test_markers_of_the_models_own_are_removed(marked):
    assert sentences_of(marked.format("Grain is moved by rail")) == ["Grain is moved by rail."]


def test_brackets_that_are_no_markers_stay():
    assert sentences_of("The gate [sic] opens at 5 [a.m.].") == ["The gate [sic] opens at 5 [a.m.]."]


def test_lists_and_emphasis_give_plain_sentences():
    answer = "- Grain moves by **rail**.\n2) Coal moves by road. It is dusty.\n\n* \n• Fish is flown.\n[1]"
    assert sentences_of(answer) == [
        "Grain moves by rail.",
        "Coal moves by road.",
        "It is dusty.",
        "Fish is flown.",
    ]


RAIL = quote("Grain is moved to the northern quay by rail.", number=1)
GATE = quote("The tide gate opens at five in the morning.", number=2)
PUMP = quote("The pump carries a guarantee of thirty months.", number=3)


def attributed(sentence, quotes=(RAIL, GATE, PUMP), embedder=None):
    return attribute(sentence, quotes, ExactSupport(), embedder or HashEmbedder())


def test_a_copied_sentence_finds_its_quote_without_an_encoder():
    embedder = HashEmbedder()
    found = attributed(GATE.text, embedder=embedder)
    assert (found.quote, found.support) == (GATE, 1.0)
    assert embedder.encoded == []


class Unasked:
    """A SupportChecker that must not be asked."""

    def support(self, sentence, quotes):
        raise AssertionError(sentence)


def test_a_copied_sentence_needs_no_check_against_the_other_quotes():
    found = attribute(GATE.text, [PUMP, GATE], Unasked(), HashEmbedder())
    assert (found.quote, found.support) == (GATE, 1.0)


def test_a_reworded_sentence_finds_the_quote_that_carries_it():
    found = attributed("A guarantee of thirty months covers the pump.")
    assert found.quote == PUMP
    # guarantee, thirty, month and pump are in the quote, cover is not
    assert found.support == pytest.approx(0.8)


def test_of_quotes_with_the_same_words_the_nearest_in_meaning_is_taken():
    far = quote("Rail strikes stopped grain: quay workers, harbor police, customs, crews and the mayor moved out.")
    near = quote("Grain was moved by rail from the quay.")
    for order in ((far, near), (near, far)):
        assert attributed("Grain is moved by rail from the quay with care.", order).quote == near


def test_only_the_quotes_that_overlap_most_are_encoded():
    embedder = HashEmbedder()
    many = [quote(f"Line {i} of a table about ships.") for i in range(50)] + [PUMP]
    assert attributed("The pump carries a long guarantee.", many, embedder).quote == PUMP
    assert len(embedder.encoded) == 1 + 6


def test_without_quotes_nothing_carries_a_sentence():
    found = attributed("Grain is moved by rail.", ())
    assert (found.quote, found.support) == (None, 0.0)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("4.2 The renter must clean the drum.", "The renter must clean the drum."),
        ("4.3 (a) Pets are not allowed.", "Pets are not allowed."),
        ("12.3.1. No smoking.", "No smoking."),
        ("• bring your own bottles.", "Bring your own bottles."),
        ("- Bring your own bottles.", "Bring your own bottles."),
        ("(ii) If it rains, the gate is shut.", "If it rains, the gate is shut."),
    ],
)
def test_bullets_and_clause_numbers_stay_in_the_quote(written, said):
    assert uncounted(Attribution(written, quote(written), 1.0)) == Attribution(said, quote(written), 1.0)


@pytest.mark.parametrize(
    "written",
    [
        "4.2 million people live there.",
        "7.5 Nm is the torque.",
        "3 May is the last day.",
        "2024. It was a good year.",
        "-5 degrees is too cold.",
        "4.2 Total 12 13 14",
    ],
)
def test_numbers_that_say_something_stay(written):
    assert uncounted(Attribution(written, quote(written), 1.0)).sentence == written


def test_a_clause_number_that_was_asked_for_stays():
    clause = replace(quote("4.2 The renter must clean the drum."), answer="4.2")
    assert uncounted(Attribution(clause.text, clause, 1.0)).sentence == clause.text
