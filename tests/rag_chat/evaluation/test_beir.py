"""Reading a retrieval set: what is accepted, and that each fault names its file and line."""

import gzip
import json

import pytest

from rag_chat.errors import BadDataset
from rag_chat.evaluation.beir import Dataset, read

CORPUS = [{"_id": "d1", "title": "Heat", "text": "Pumps move heat."}, {"_id": "d2", "title": "", "text": "Cold."}]
QUERIES = [{"_id": "q1", "text": "what moves heat?"}, {"_id": "q2", "text": "unjudged"}]
QRELS = "query-id\tcorpus-id\tscore\nq1\td1\t2\n"


def written(folder, corpus=CORPUS, queries=QUERIES, qrels=QRELS):
    folder.mkdir(exist_ok=True)
    (folder / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in corpus))
    (folder / "queries.jsonl").write_text("".join(json.dumps(row) + "\n" for row in queries))
    (folder / "qrels.tsv").write_text(qrels)
    return folder


def test_titles_are_put_in_front_and_unjudged_queries_left_out(tmp_path):
    dataset = read(written(tmp_path / "toy"))
    assert dataset.name == "toy"
    assert dataset.corpus == {"d1": "Heat Pumps move heat.", "d2": "Cold."}
    assert dataset.queries == {"q1": "what moves heat?"}
    assert dataset.qrels == {"q1": {"d1": 2}}


def test_gzipped_files_and_qrels_without_a_header_are_read(tmp_path):
    folder = written(tmp_path / "toy", qrels="q1\td1\t1\n")
    for name in ("corpus.jsonl", "queries.jsonl"):
        (folder / f"{name}.gz").write_bytes(gzip.compress((folder / name).read_bytes()))
        (folder / name).unlink()
    assert read(folder).qrels == {"q1": {"d1": 1}}


def test_limit_keeps_the_first_queries_and_the_whole_corpus(tmp_path):
    dataset = read(written(tmp_path / "toy", qrels="q1\td1\t1\nq2\td2\t1\n")).first(1)
    assert list(dataset.queries) == list(dataset.qrels) == ["q1"]
    assert len(dataset.corpus) == 2


def test_a_judged_document_that_the_corpus_lacks_is_kept_as_never_found(tmp_path):
    assert read(written(tmp_path / "toy", qrels="q1\td1\t1\nq1\tgone\t1\n")).qrels["q1"] == {"d1": 1, "gone": 1}


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"corpus": [*CORPUS, {"_id": "d3"}]}, "Line 3 of 'corpus.jsonl' is no JSON object with `_id` and `text`"),
        ({"corpus": [{"_id": 7, "text": "x"}]}, "Line 1 of 'corpus.jsonl' has an `_id`, `text` or `title`"),
        ({"queries": [["q1"]]}, "Line 1 of 'queries.jsonl' is no JSON object"),
        ({"qrels": "query-id\tcorpus-id\tscore\nq1 d1 1\n"}, "Line 2 of 'qrels.tsv' is not query-id"),
        ({"qrels": "q1\td1\thigh\n"}, "Line 1 of 'qrels.tsv' is not query-id"),
        ({"qrels": "q9\td1\t1\n"}, "judges the query 'q9'"),
        ({"qrels": "q1\tzz\t1\n"}, "No document that 'qrels.tsv' judges is in the corpus"),
        ({"qrels": ""}, "judges no query"),
    ],
)
def test_a_fault_names_file_and_line(tmp_path, fault, said):
    with pytest.raises(BadDataset) as caught:
        read(written(tmp_path / "toy", **fault))
    assert said in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


def test_a_torn_gzip_file_is_one_sentence(tmp_path):
    folder = written(tmp_path / "toy")
    whole = gzip.compress(b"".join(json.dumps(row).encode() + b"\n" for row in CORPUS * 50))
    (folder / "corpus.jsonl").unlink()
    (folder / "corpus.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadDataset, match=r"of 'corpus.jsonl.gz' cannot be read"):
        read(folder)


def test_a_missing_folder_and_a_missing_file_are_said(tmp_path):
    with pytest.raises(BadDataset, match="'absent' is no folder"):
        read(tmp_path / "absent")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadDataset, match=r"'empty' holds no corpus.jsonl"):
        read(tmp_path / "empty")


def test_a_part_leaves_out_the_first_queries():
    whole = Dataset("toy", {"d": "text"}, {"a": "1", "b": "2", "c": "3"}, {q: {"d": 1} for q in "abc"})
    assert list(whole.part(1, 1).queries) == ["b"]
    assert list(whole.part(1, None).qrels) == ["b", "c"]
