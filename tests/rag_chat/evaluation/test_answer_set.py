"""Reading questions with gold answers: both layouts, what counts as answerable, and faults by file and line."""

import gzip
import json

import pytest

from rag_chat.errors import BadDataset
from rag_chat.evaluation.answer_set import read

CORPUS = [
    {"_id": "tide", "title": "Harbor", "text": "The tide gate opens at five."},
    {"_id": "pump", "text": "Pumps move heat."},
]
QUESTION = {"_id": "q1", "text": "when does the gate open?", "answers": ["five", "at five"], "passage": "tide"}


def written(folder, questions=(QUESTION,), corpus=CORPUS, name="questions.jsonl"):
    folder.mkdir(exist_ok=True)
    (folder / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in corpus))
    (folder / name).write_text("".join(json.dumps(row) + "\n" for row in questions))
    return folder


def asked(folder, **changed):
    (found,) = read(written(folder, [QUESTION | changed])).questions
    return found


def test_questions_keep_their_answers_passages_and_contexts(tmp_path):
    found = read(written(tmp_path / "toy", [QUESTION | {"contexts": ["pump", "tide"]}]))
    assert found.name == "toy"
    assert {key: (record.title, record.text) for key, record in found.corpus.items()} == {
        "tide": ("Harbor", "The tide gate opens at five."),
        "pump": ("", "Pumps move heat."),
    }
    (one,) = found.questions
    assert (one.id, one.text, one.answers) == ("q1", "when does the gate open?", ("five", "at five"))
    assert (one.passages, one.contexts, one.answerable) == (("tide",), ("pump", "tide"), True)


@pytest.mark.parametrize(
    ("changed", "answers"),
    [
        ({"answers": []}, ()),
        ({"answers": None, "answer": "five"}, ("five",)),
        ({"answers": [" "]}, ()),
        ({"answers": None}, ()),
        ({"answerable": False}, ()),
        ({"answerable": True}, ("five", "at five")),
    ],
)
def test_no_answers_or_a_plain_no_make_a_question_unanswerable(tmp_path, changed, answers):
    found = asked(tmp_path / "toy", **changed)
    assert found.answers == answers
    assert found.answerable is bool(answers)


def test_one_question_without_the_key_among_others_is_unanswerable(tmp_path):
    found = read(written(tmp_path / "toy", [QUESTION, {"_id": "q2", "text": "why?"}]))
    assert [one.answerable for one in found.questions] == [True, False]


def test_null_several_and_absent_passages_are_read(tmp_path):
    assert asked(tmp_path / "toy", passage=None).passages == ()
    assert asked(tmp_path / "toy", passages=["pump", "tide"]).passages == ("pump", "tide")


def test_beirs_layout_names_the_passages_in_its_qrels(tmp_path):
    bare = {key: value for key, value in QUESTION.items() if key != "passage"}
    folder = written(tmp_path / "toy", [bare, bare | {"_id": "q2"}], name="queries.jsonl")
    (folder / "queries.jsonl.gz").write_bytes(gzip.compress((folder / "queries.jsonl").read_bytes()))
    (folder / "queries.jsonl").unlink()
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq1\ttide\t1\nq1\tpump\t0\n")
    found = read(folder).questions
    assert [one.passages for one in found] == [("tide",), ()]
    assert found[0].answers == ("five", "at five")


def test_judgements_beside_both_files_are_those_of_the_queries(tmp_path):
    folder = written(tmp_path / "toy", [QUESTION])
    (folder / "queries.jsonl").write_text('{"_id": "other", "text": "tide?"}\n')
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nother\tpump\t1\n")
    assert [(one.id, one.passages) for one in read(folder).questions] == [("q1", ("tide",))]


def test_limit_keeps_the_first_questions_and_the_whole_corpus(tmp_path):
    found = read(written(tmp_path / "toy", [QUESTION, QUESTION | {"_id": "q2"}])).first(1)
    assert [one.id for one in found.questions] == ["q1"]
    assert len(found.corpus) == 2


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"questions": [QUESTION, QUESTION]}, "Line 2 of 'questions.jsonl' repeats the `_id` 'q1'"),
        ({"corpus": [CORPUS[0], CORPUS[0]]}, "Line 2 of 'corpus.jsonl' repeats the `_id` 'tide'"),
        ({"corpus": [{"_id": "a", "text": " "}]}, "Line 1 of 'corpus.jsonl' has an empty `text`"),
        ({"questions": [QUESTION | {"text": ""}]}, "Line 1 of 'questions.jsonl' has an empty `text`"),
        ({"questions": [QUESTION | {"answers": 5}]}, "Line 1 of 'questions.jsonl' has `answers` that is no list"),
        ({"questions": [QUESTION | {"answers": [5]}]}, "has `answers` that is no list of strings"),
        ({"questions": [QUESTION | {"passage": "zz"}]}, "names the passage 'zz', which the corpus does not hold"),
        ({"questions": [QUESTION | {"contexts": ["zz"]}]}, "names the passage 'zz'"),
        ({"questions": [QUESTION | {"answerable": "no"}]}, "has an `answerable` that is neither true nor false"),
        ({"questions": [{"_id": "q1"}]}, "Line 1 of 'questions.jsonl' is no JSON object with `_id` and `text`"),
        ({"questions": [{"_id": "q", "text": "why?"}]}, "No line of 'toy/questions.jsonl' has `answers`"),
        ({"questions": []}, "'toy/questions.jsonl' holds no line"),
        ({"corpus": [], "questions": []}, "'toy/corpus.jsonl' holds no line"),
    ],
)
def test_a_fault_names_file_and_line(tmp_path, fault, said):
    with pytest.raises(BadDataset) as caught:
        read(written(tmp_path / "toy", **fault))
    assert said in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


def test_a_missing_folder_and_missing_files_are_said(tmp_path):
    with pytest.raises(BadDataset, match="'absent' is no folder"):
        read(tmp_path / "absent")
    (tmp_path / "toy").mkdir()
    with pytest.raises(BadDataset, match=r"'toy' holds no corpus\.jsonl"):
        read(tmp_path / "toy")
    (tmp_path / "toy" / "corpus.jsonl").write_text("")
    with pytest.raises(BadDataset, match=r"'toy' holds no questions\.jsonl"):
        read(tmp_path / "toy")
