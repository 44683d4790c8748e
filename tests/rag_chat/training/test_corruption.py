import random

import pytest

from rag_chat.training import corruption

TEXT = "In May 2021 the Harbor of Tarnwick moved 4.2 million tons more than Ostwick did."


@pytest.mark.parametrize("seed", range(20))
def test_a_number_becomes_another_of_the_same_kind(seed):
    changed = corruption.number(TEXT, random.Random(seed))
    different = [(a, b) for a, b in zip(TEXT.split(), changed.split(), strict=True) if a != b]
    ((before, after),) = different
    assert (before in corruption.MONTHS) == (after in corruption.MONTHS)
    assert len(before) == len(after) or before == "May"
    assert before != "2021" or after.startswith("20")


@pytest.mark.parametrize("seed", range(10))
def test_a_name_becomes_one_that_the_text_does_not_hold(seed):
    changed = corruption.name(TEXT, ["Ostwick", "Quellmouth"], random.Random(seed))
    assert "Quellmouth" in changed
    assert changed != TEXT
    assert corruption.name(TEXT, ["Ostwick"], random.Random(seed)) is None


def test_a_word_becomes_its_opposite_in_the_same_case():
    assert corruption.opposite("More grain came.", random.Random(0)) == "Less grain came."
    assert corruption.opposite("Grain came.", random.Random(0)) is None


def test_a_denial_is_put_in_or_taken_out():
    assert corruption.denial("The gate is open.", random.Random(0)) in (
        "The gate is not open.", "The gate is never open.",
    )  # fmt: skip
    assert corruption.denial("The gate is not open.", random.Random(0)) == "The gate is open."
    assert corruption.denial("Gates open.", random.Random(0)) is None


def test_two_names_or_two_numbers_change_places():
    assert corruption.places("the pump of Tarnwick beats Ostwick", random.Random(1)) == (
        "the pump of Ostwick beats Tarnwick"
    )
    assert corruption.places("4 of 12 pumps", random.Random(1)) == "12 of 4 pumps"
    assert corruption.places("no names", random.Random(1)) is None


def test_the_same_seed_makes_the_same_change():
    assert corruption.number(TEXT, random.Random(7)) == corruption.number(TEXT, random.Random(7))
