from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmarks.known_answers import Known, outcome, questions
from rag_chat.errors import BadDataset
from rag_chat.types import Answer, Citation, Finished

UNSEEN = Path(__file__).resolve().parents[2] / "data" / "unseen"


def said(text, page, abstained=False):
    cited = (Citation(1, "a.pdf", "d", page, str(page), "q", 0, 1, (), 0.9, True),)
    answer = Answer("q", "q", text, abstained, (), () if abstained else cited, ())
    return SimpleNamespace(ask=lambda question: iter([Finished(answer)]))


@pytest.mark.parametrize(
    ("answer", "engine", "expected"),
    [
        ("EUR 3.20", said("It costs EUR 3.20. [1]", 2), "right"),
        ("EUR 3.20", said("It costs EUR 3.20. [1]", 3), "right, cites another page"),
        ("EUR 3.2", said("It costs EUR 3.20. [1]", 2), "wrong"),
        ("EUR 3.20", said("The documents do not say.", 2, abstained=True), "refused"),
        ("", said("It costs EUR 3.20. [1]", 2), "wrong"),
        ("", said("The documents do not say.", 2, abstained=True), "refused"),
    ],
)
def test_an_answer_is_right_wrong_or_refused(answer, engine, expected):
    assert outcome(engine, Known("q", answer, "a.pdf", 2, "")) == (expected, engine.ask("q").__next__().answer.text)


def test_the_shipped_questions_can_be_read(tmp_path):
    asked = questions(UNSEEN / "questions.jsonl")
    assert len(asked) == 150
    assert sum(not one.answer for one in asked) == 50
    assert all((UNSEEN / one.document).is_file() for one in asked)
    (tmp_path / "q.jsonl").write_text('{"question": "q"}')
    with pytest.raises(BadDataset, match="Line 1"):
        questions(tmp_path / "q.jsonl")
