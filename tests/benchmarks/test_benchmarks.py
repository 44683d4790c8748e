"""The benchmarks' own arithmetic: what they compare with, and what counts as found."""

import itertools
import json

import pytest

from benchmarks import demo, financebench, forms, retrieval
from benchmarks.financebench import Found
from benchmarks.plain_stack import CHUNK, OVERLAP, split
from benchmarks.retrieval import Line
from benchmarks.worker import Worker
from rag_chat.errors import BadDataset, NotFound

WORDS = [f"word{n}" for n in range(600)]


def test_the_plain_split_keeps_its_size_its_overlap_and_every_word():
    chunks = split(" ".join(WORDS))
    assert max(map(len, chunks)) <= CHUNK
    assert list(dict.fromkeys(word for chunk in chunks for word in chunk.split())) == WORDS
    for before, after in itertools.pairwise(chunks):
        shared = [word for word in after.split() if word in before.split()]
        assert OVERLAP - 20 <= len(" ".join(shared)) <= OVERLAP


def test_the_plain_split_prefers_paragraphs_and_cuts_what_has_no_blank():
    assert split(f"{'a ' * 400}\n\n{'b ' * 400}") == [("a " * 400).strip(), ("b " * 400).strip()]
    assert [len(chunk) for chunk in split("x" * 2500)] == [1000, 1000, 900]


def test_a_line_for_each_mode_and_place_counts_the_questions_found():
    results = [Found(True, True, 0.5), Found(False, True, 0.5), Found(False, False, 0.5), Found(False, True, 0.5)]
    shown = financebench.table([financebench.Line("hybrid", "all documents", results)])
    assert "| hybrid | all documents | 0.25 | 0.75 | 0.50 |" in shown


def test_questions_are_told_apart_by_form_and_compared_with_hybrid():
    assert forms.keywords("What did the Panthers defense surrender?") == "Panthers defense surrender"
    assert forms.keywords("Who is it?") == "Who is it?"  # nothing would be left
    asked = [
        ("When did the Panthers win?", False, False),
        ("How many in 2015?", False, False),
        ("Why do we sleep?", False, False),
        ("Panthers win", True, False),
        ("Wann?", False, True),
    ]
    assert [forms.form(*one) for one in asked] == [
        "names or figures", "names or figures", "other questions", "keywords", "another language"
    ]  # fmt: skip
    by_mode = {mode: {"a": 1.0, "b": 0.0 if mode == "dense" else 1.0} for mode in forms.MODES}
    assert forms.table({"keywords": by_mode}).splitlines()[-1] == (
        "| keywords | 2 | 0.5000 (1.00) | 1.0000 (1.00) | 1.0000 | 1.0000 (1.00) |"
    )


def test_the_mean_leaves_report_only_sets_apart():
    lines = [
        Line("a", 10, {"cosine": 0.5, "maxsim": 0.6, "joint": 0.1, "final": 0.6}, 1.0, 10.0, 0.02),
        Line("b", 10, {"cosine": 0.3, "maxsim": 0.2, "joint": 0.1, "final": 0.4}, 1.0, 10.0, 0.02),
        Line("scifact_test", 10, {"cosine": 0.1, "final": 0.1}, 1.0, 10.0, 0.02),
    ]
    shown = retrieval.table(lines).splitlines()
    assert shown[4].startswith("| scifact_test (report-only) | 10 | 0.1000 | – | – | – | – | **0.1000** | +0.0000 |")
    assert shown[5].startswith(
        "| mean of the sets to tune on | 20 | 0.4000 | 0.4000 | 0.1000 | – | – | **0.5000** | +0.1000 |"
    )
    assert "| mean of all | 30 | 0.3000 | – | – | – | – | **0.3667** |" in shown[6]


def test_what_is_absent_is_said_in_one_sentence(tmp_path):
    with pytest.raises(NotFound, match="No retrieval set is in 'retrieval'"):
        retrieval.sets(tmp_path / "retrieval", [])
    with pytest.raises(NotFound, match=r"no questions\.jsonl"):
        demo.questions(tmp_path / "questions.jsonl")
    (tmp_path / "q.jsonl").write_text(json.dumps({"question": "q"}))
    with pytest.raises(BadDataset, match=r"Line 1 of 'q\.jsonl'"):
        financebench.questions(tmp_path / "q.jsonl")


def test_a_worker_answers_watches_its_memory_and_hands_errors_on(tmp_path):
    worker = Worker("counting_stack:Counting", tmp_path)
    assert worker.call("add", 2, 3) == 5
    assert worker.peak_mb > 5
    with pytest.raises(NotFound, match="It is not there"):
        worker.call("fail")
    worker.close()
