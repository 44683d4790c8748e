"""The answer sets that the benchmark makes: which contexts each kind of question is given."""

import gzip
import json

import pytest
from fakes import HashEmbedder

from benchmarks import answer_sets
from rag_chat.errors import BadDataset
from rag_chat.evaluation import answer_set, gold

WORDS = ["gate", "quay", "pump", "crane", "light", "wall", "dock", "rail", "ship"]
PASSAGES = [f"The {word} of the harbor opens at {n}." for n, word in enumerate(WORDS)]


def raw(n, answerable=True):
    answers = [str(n)] if answerable else []
    question = f"When does the {WORDS[n]} of the harbor open?"
    row = {"id": f"q{n}{answerable}", "question": question, "title": "Harbor", "passage": PASSAGES[n]}
    return row | {"answers": answers, "answerable": answerable}


@pytest.fixture
def source(tmp_path):
    rows = [raw(n, kind) for n in range(len(PASSAGES)) for kind in (True, False)]
    rows.append(raw(3) | {"id": "again", "passage": "The crane of the harbor also opens at 3."})
    path = tmp_path / "raw.jsonl.gz"
    path.write_bytes(gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode()))
    return answer_sets.read(path, "toy")


def made(source, out, seed=0):
    folders = answer_sets.write_all(source, out, HashEmbedder(), cache=out, count=8, seed=seed)
    return {folder.name.removeprefix("toy_"): answer_set.read(folder) for folder in folders}


def test_each_kind_has_five_contexts_and_its_own_passage_or_not(source, tmp_path):
    sets = made(source, tmp_path)
    own = {asked.id: asked.passage for asked in source.questions}
    assert list(sets) == list(answer_sets.KINDS)
    for kind, found in sets.items():
        assert len(found.questions) == 8
        for asked in found.questions:
            assert len(set(asked.contexts)) == 5
            assert (own[asked.id] in asked.contexts) is (kind != "gold_missing")
            assert asked.answerable is (kind == "answerable")


def test_no_other_context_holds_the_answer(source, tmp_path):
    sets = made(source, tmp_path)
    golds = {asked.id: asked for asked in source.questions}
    for found in (sets["answerable"], sets["gold_missing"]):
        for asked in found.questions:
            others = [found.corpus[key].text for key in asked.contexts if key != golds[asked.id].passage]
            assert not any(gold.contains(text, golds[asked.id].answers) for text in others)


def test_the_same_seed_makes_the_same_bytes_and_another_does_not(source, tmp_path):
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        made(source, tmp_path / name, seed)
    a, b, c = ((tmp_path / name / "toy_answerable" / "questions.jsonl.gz").read_bytes() for name in "abc")
    assert a == b != c


def test_a_question_without_its_passage_is_a_fault_with_its_line(tmp_path):
    path = tmp_path / "raw.jsonl"
    path.write_text(json.dumps(raw(0)) + "\n" + json.dumps({"question": "why?"}))
    with pytest.raises(BadDataset, match=r"Line 2 of 'raw\.jsonl' lacks"):
        answer_sets.read(path, "toy")
