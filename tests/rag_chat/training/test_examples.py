import random

import pytest

from rag_chat.training.examples import LONG, NOWHERE, SOMEWHERE, Examples, statement, window
from rag_chat.training.pairs import Pair

PASSAGES = [
    (
        "The tide gate of Tarnwick opens at five in the morning, before the first grain ship arrives. The night watch"
        " closes it at nine in the evening. In 2021 the northern quay received 4.2 million tons of grain by rail."
    ),
    (
        "The harbor master of Ostwick keeps two pumps, an old one and a new one from Quellmouth. The new pump carries"
        " a guarantee of thirty months. It moved 90 tons of water an hour in 2019, more than the old one ever did."
    ),
]
PAIRS = [
    Pair("When does the tide gate of Tarnwick open?", PASSAGES[0], "Harbors", "five in the morning", "s"),
    Pair("What did the northern quay receive in 2021?", PASSAGES[0], "Harbors", "4.2 million tons of grain", "s"),
    Pair("How long is the guarantee of the new pump?", PASSAGES[1], "Harbors", "thirty months", "s"),
    Pair("Who keeps two pumps?", PASSAGES[1], "Harbors", "The harbor master of Ostwick", "s"),
]


@pytest.fixture(scope="module")
def examples():
    return Examples(PAIRS)


def test_a_passage_that_answers_as_a_whole_gives_an_answer_somewhere():
    whole = [
        Pair(f"Why is gate {i} shut?", f"Gate {i} has a broken hinge. It waits for a smith.", "t", "", "faq")
        for i in range(5)
    ]
    rng = random.Random(4)
    drawn = [one for one in (Examples([*PAIRS, *whole]).question(rng) for _ in range(1000)) if "shut" in one.question]
    assert 0.2 < len(drawn) / 1000 < 0.3
    own = {pair.question: pair.passage for pair in whole}
    for one in drawn:
        assert one.start == (SOMEWHERE if one.text == own[one.question] else NOWHERE)
    assert 0.3 < sum(one.start == NOWHERE for one in drawn) / len(drawn) < 0.55


def test_a_questions_place_is_its_answer_and_two_fifths_have_none(examples):
    rng = random.Random(0)
    drawn = [examples.question(rng) for _ in range(600)]
    answers = {pair.question: pair.answer for pair in PAIRS}
    for one in drawn:
        if one.start >= 0:
            assert one.text[one.start : one.end] == answers[one.question]
    assert 0.36 < sum(one.start < 0 for one in drawn) / len(drawn) < 0.48


def test_a_text_without_the_answer_does_not_hold_it_unless_the_question_was_changed(examples):
    rng = random.Random(1)
    drawn = [one for one in (examples.question(rng) for _ in range(600)) if one.start < 0]
    answers = {pair.question: pair.answer for pair in PAIRS}
    kept = [one for one in drawn if one.question in answers]
    assert kept
    assert len(kept) < len(drawn)
    assert not [one for one in kept if answers[one.question] in one.text]


def test_a_mined_passage_stands_for_one_that_does_not_answer():
    mined = "The tide gate of Tarnwick was painted green. Nobody knows who wanted it to be of that color."
    rng = random.Random(3)
    examples = Examples(PAIRS, {PAIRS[0].question: [mined]})
    drawn = [examples.question(rng) for _ in range(600)]
    shown = {one.text for one in drawn if one.start < 0 and one.question == PAIRS[0].question}
    assert any(text in mined for text in shown)


def test_half_of_the_claims_are_carried_and_the_others_are_not_their_quote(examples):
    rng = random.Random(2)
    drawn = [examples.claim(rng) for _ in range(400)]
    assert 0.42 < sum(claim.carried for claim in drawn) / len(drawn) < 0.58
    assert not [c for c in drawn if not c.carried and c.sentence in c.quote]
    assert {claim.carried for claim in drawn if claim.sentence in claim.quote} == {True}


def test_the_same_state_draws_the_same(examples):
    first, second = random.Random(5), random.Random(5)
    assert [examples.claim(first) for _ in range(20)] == [examples.claim(second) for _ in range(20)]
    assert [examples.question(first) for _ in range(20)] == [examples.question(second) for _ in range(20)]


@pytest.mark.parametrize(
    ("question", "answer", "expected"),
    [
        ("Who keeps two pumps?", "the master", "Who keeps two pumps: the master."),
        ("Who was the master?", "Ann", "Ann was the master."),
        ("What is the gate made of?", "oak", "Oak is the gate made of."),
        ("When did the gate open?", "at five", "The gate open: at five."),
        ("In what year did it open?", "1990", "It open: 1990."),
    ],
)
def test_question_and_answer_become_a_statement(question, answer, expected):
    assert statement(Pair(question, "", "", answer, "s")) == expected


def test_a_window_is_whole_sentences_around_the_answer():
    text = " ".join(f"Ship {i} carried grain to the northern quay today." for i in range(60))
    at = text.index("Ship 30")
    for seed in range(20):
        start, end = window(text, (at, at + 7), random.Random(seed))
        assert start <= at < at + 7 <= end
        assert text[start:].startswith("Ship ")
        assert text[end - 1] == "."
        assert end - start <= LONG[1] + 60
