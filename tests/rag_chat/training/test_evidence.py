import json

import numpy as np
import pytest
from fakes import HashEmbedder, OverlapReranker

from rag_chat.errors import BadDataset
from rag_chat.training.evidence import REFUSED_AT_MOST, Asked, Found, Stages, fit, gate, read
from rag_chat.types import Reading


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


class AllAlike:
    """Finds an answer everywhere, as probable as that there is none."""

    def read(self, question, texts):
        return [Reading(((0, len(text)),), (0.0,), (0.0,), 0.0) for text in texts]

    def carried(self, sentences, quotes):
        return [0.0] * len(sentences)


def test_a_question_whose_passage_was_not_found_is_no_reason_to_answer_more():
    """It cannot be answered from its five passages, so that refusing it is right."""
    near = [Asked(f"Where does pump {word} stand?", f"The pump {word} stands here.", ()) for word in "abcdef"]
    missed = Asked("Where does pump g stand?", "Near quay nine, as all others of the row.", ("quay nine",))
    found = Asked("Who keeps the harbor light?", "The harbor light is kept by Ada Lind.", ("Ada Lind",))
    stages = Stages(HashEmbedder(), OverlapReranker(), OverlapReranker())
    both = gate([*near, found, missed], stages, AllAlike(), lambda done, total: None)
    alone = gate([*near, found], stages, AllAlike(), lambda done, total: None)
    assert both.refused_wrongly == alone.refused_wrongly == 0
    assert both.first_quote == alone.first_quote == 1


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


GOOD = {"question": "c?", "passage": "p", "answerable": False}


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (
            {"question": "a?", "passage": "p", "answerable": True},
            r"^Line 2 of 'q.jsonl' is no JSON object with question",
        ),
        ({"question": "a?", "passage": "p"}, r"^Line 2 of 'q.jsonl' is no JSON object"),
        ({"question": 1, "passage": "p", "answerable": False}, r"^Line 2 of 'q.jsonl' is no JSON object"),
        ("a", r"^Line 2 of 'q.jsonl' is no JSON object"),
        ({**GOOD, "passage": " "}, r"^Line 2 of 'q.jsonl' has an empty question, passage or answer"),
        ({**GOOD, "answerable": True, "answers": [""]}, r"^Line 2 of 'q.jsonl' has an empty question"),
        (GOOD, "it holds one kind only"),
    ],
)
def test_a_bad_line_is_named_and_one_kind_of_questions_is_not_enough(tmp_path, bad, message):
    with pytest.raises(BadDataset, match=message):
        read(write(tmp_path / "q.jsonl", GOOD, bad))
