import pytest

from rag_chat.training.word_index import WordIndex

TEXTS = ["the lease ends in autumn", "a lease of the lease of a long long ship", "salt and sand", ""]


def test_more_of_a_rare_word_in_a_shorter_text_counts_for_more():
    found = WordIndex(TEXTS).scores("When does the lease of salt end?")
    # By hand: 4 texts of 3, 5, 2 and 0 content words, 2.5 on average; lease in two of them, end and salt in one.
    rare, common = 1.2039728, 0.6931472  # log(1 + 3.5 / 1.5) and log(1 + 2.5 / 2.5)
    flat = [1.2 * (0.25 + 0.75 * words / 2.5) for words in (3, 5, 2)]
    expected = [
        (rare + common) * 2.2 / (1 + flat[0]),
        common * 2 * 2.2 / (2 + flat[1]),
        rare * 2.2 / (1 + flat[2]),
        0.0,
    ]
    assert found == pytest.approx(expected, rel=1e-5)


def test_a_question_of_other_words_matches_nothing():
    assert not WordIndex(TEXTS).scores("Who are they?").any()
