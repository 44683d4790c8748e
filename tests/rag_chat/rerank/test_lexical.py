import math

from rag_chat.rerank.lexical import coverage


def test_a_word_that_every_text_holds_hardly_counts():
    texts = ["Acme sells pumps.", "Acme sells valves.", "Acme sells hydrogen.", "Acme sells bolts."]
    common = math.log(1 + 0.5 / 4.5)  # held by four of four
    rare = math.log(1 + 3.5 / 1.5)  # held by one of four
    expected = common / (common + rare)
    assert coverage("What of Acme and hydrogen?", texts) == [expected, expected, 1.0, expected]


def test_inflected_forms_meet():
    assert coverage("falling profits", ["The profit fell.", "Profits are falling."])[1] == 1.0


def test_nothing_shared_is_nothing():
    assert coverage("hydrogen", ["A quay.", "A crane."]) == [0.0, 0.0]


def test_a_question_of_stop_words_and_no_texts_are_no_trouble():
    assert coverage("what is it", ["It is."]) == [0.0]
    assert coverage("hydrogen", []) == []
