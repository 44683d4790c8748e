import pytest

from rag_chat import figures


@pytest.mark.parametrize(
    "question",
    [
        "How much did it cost?",
        "What was the profit margin in 2021?",
        "Did sales increase?",
        "Is it above 5%?",
        "USD millions?",
    ],
)
def test_a_question_for_figures(question):
    assert figures.asked_for(question)


@pytest.mark.parametrize(
    "question", ["Who is the chair of the board?", "Why was the study stopped?", "Where do shareholders meet?"]
)
def test_a_question_for_something_else(question):
    assert not figures.asked_for(question)


def test_the_share_of_table_rows():
    row, prose = "Revenue 224.9 247.3 10.0%", "Revenue rose in a good year."
    assert figures.share(f"{row}\n{row}") == 1.0
    assert figures.share(prose) == 0.0
    assert figures.share(f"{row}\n{prose}") == pytest.approx(len(row) / (len(row) + len(prose)))
    assert figures.share("") == 0.0
