import json

import numpy as np
import pytest

from rag_chat.errors import BadDataset
from rag_chat.training.evidence import REFUSED_AT_MOST, Found, fit, read


def questions(count=200, seed=0):
    """Sentences whose third signal tells the answer from the rest; unanswerable questions have none that does."""
    rng = np.random.default_rng(seed)
    for i in range(count):
        rows, answerable = rng.normal(size=(6, 3)), i % 2 == 0
        answers = np.zeros(6, dtype=bool)
        if answerable:
            answers[i % 6] = True
            rows[i % 6, 2] += 5.0
        yield Found(rows, answers, answerable)


def test_the_signal_that_tells_is_weighed_and_the_threshold_refuses_the_wanted_share():
    gate = fit(list(questions()))
    assert gate.order.reading > 5 * max(abs(gate.order.sentence), abs(gate.order.passage))
    assert gate.refused_wrongly == pytest.approx(REFUSED_AT_MOST, abs=0.011)
    assert gate.answered_wrongly < 0.5
    assert gate.first_quote > 0.9
    assert 0 < gate.threshold < 1


def test_a_gate_on_noise_does_not_pretend():
    noise = [Found(np.random.default_rng(i).normal(size=(6, 3)), np.arange(6) == i % 6, i % 2 == 0) for i in range(200)]
    gate = fit([Found(f.rows, f.answers & f.answerable, f.answerable) for f in noise])
    assert gate.answered_wrongly > 0.7
    assert gate.first_quote < 0.4


def write(path, *rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_questions_of_both_kinds_are_read(tmp_path):
    rows = [
        {"question": "a?", "passage": "p", "answerable": True, "answers": ["x", "y"]},
        {"question": "b?", "passage": "p", "answerable": True, "answer": "z"},
        {"question": "c?", "passage": "p", "answerable": False, "answers": []},
    ]
    found = {asked.question: asked.answers for asked in read(write(tmp_path / "q.jsonl", *rows))}
    assert found == {"a?": ("x", "y"), "b?": ("z",), "c?": ()}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"question": "a?", "passage": "p", "answerable": True}], "it holds one kind only"),
        ([{"question": "a?", "passage": "p"}], "cannot be read as JSON lines"),
        (["a"], "cannot be read as JSON lines"),
    ],
)
def test_a_file_of_another_shape_is_refused(tmp_path, rows, message):
    with pytest.raises(BadDataset, match=message):
        read(write(tmp_path / "q.jsonl", *rows))
