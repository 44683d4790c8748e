import math

import pytest

from rag_chat.lexical import PAIRS, match


def test_a_word_that_every_text_holds_hardly_counts():
    texts = ["Acme sells pumps.", "Acme sells valves.", "Acme sells hydrogen.", "Acme sells bolts."]
    common = math.log(1 + 0.5 / 4.5)  # held by four of four
    rare = math.log(1 + 3.5 / 1.5)  # held by one of four
    expected = common / (common + rare)
    assert match("What of Acme and hydrogen?", texts) == pytest.approx([expected, expected, 1.0, expected])


def test_words_that_stand_together_count_more_than_apart():
    texts = ["the tide gate of the harbor", "the gate and the long tide of June", "a pump"]
    together, apart, nothing = match("When does the tide gate open?", texts)
    assert together > apart + 0.5 * PAIRS * 0.4 > apart > nothing == 0.0


def test_a_word_that_is_repeated_counts_more_but_not_twice():
    once, twice, _ = match("hydrogen", ["hydrogen pump", "hydrogen hydrogen", "water pump"])
    assert once < twice < 2 * once


def test_of_two_texts_with_the_word_the_shorter_one_counts_more():
    short, long = match("hydrogen", ["hydrogen pump", "hydrogen " + "water " * 30])
    assert short > long > 0


def test_inflected_forms_meet():
    assert match("falling profits", ["The quay is long.", "Profits are falling."])[1] == pytest.approx(1.0)


def test_nothing_shared_is_nothing():
    assert match("hydrogen", ["A quay.", "A crane."]) == [0.0, 0.0]


def test_a_question_of_stop_words_and_no_texts_are_no_trouble():
    assert match("what is it", ["It is."]) == [0.0]
    assert match("hydrogen", []) == []
    assert match("hydrogen", ["", "."]) == [0.0, 0.0]


def test_words_are_found_where_no_blanks_are_written():
    found, other = match("賃料はいくらですか", ["借主は毎月末日までに賃料を支払う。", "ペットの飼育は禁止する。"])
    assert found > other == 0.0
