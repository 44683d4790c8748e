"""The comparison with gold answers; expected values are worked out by hand, as SQuAD's evaluation has them."""

import pytest

from rag_chat.evaluation.gold import contains, normalised, token_f1


def test_case_punctuation_and_articles_do_not_count():
    assert normalised("The 5,500,000 square-kilometres, “a” Basin!") == ["5500000", "squarekilometres", "basin"]


@pytest.mark.parametrize(
    ("text", "gold", "found"),
    [
        ("It opens at five in the morning.", ["five in morning"], True),
        ("It opens at five.", ["six", "Five"], True),
        ("There were fifty of them.", ["fifty-one", "fif"], False),  # whole words only
        ("Five men opened it at six.", ["five six"], False),  # in a row
        ("It costs $40.", ["40 $"], True),
        ("Of the sea.", ["the"], False),  # nothing but an article: not to be found
        ("", ["five"], False),
        ("five", [], False),
    ],
)
def test_a_gold_answer_is_found_as_whole_words_in_a_row(text, gold, found):
    assert contains(text, gold) is found


def test_token_f1_is_the_best_over_the_gold_answers():
    # 'gate opens at five' against 'five': 1 shared, precision 1/4, recall 1: 0.4; against 'at five': 2/4 and 1: 2/3
    assert token_f1("The gate opens at five.", ["five", "at five"]) == pytest.approx(2 / 3)
    assert token_f1("five five", ["five"]) == pytest.approx(2 / 3)  # a word counts as often as it is shared
    assert token_f1("", ["five"]) == token_f1("six", ["five"]) == token_f1("five", []) == 0.0
