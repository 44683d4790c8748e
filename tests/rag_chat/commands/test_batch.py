"""Files of queries: the whole file is checked before anything runs, and each fault names its line."""

import json

import pytest

from rag_chat.commands import batch
from rag_chat.errors import BadDataset
from rag_chat.types import Document


def document(doc_id, name):
    return Document(doc_id, name, name, 1, 1, 1, "2026-01-01T00:00:00+00:00", ())


KNOWN = [document("d1", "harbor.pdf"), document("d2", "pump.pdf"), document("d3", "pump.pdf")]


def read(tmp_path, *rows):
    path = tmp_path / "queries.jsonl"
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows), encoding="utf-8")
    return batch.read(path, KNOWN, 100)


def test_lines_keep_their_order_and_ids_and_names_become_ids(tmp_path):
    lines = read(
        tmp_path,
        {"id": "b", "text": "what moves heat?", "documents": ["pump.pdf"]},
        "",
        {"id": 7, "text": "when does it open?", "extra": 1},
        {"id": "c", "text": "all?", "documents": []},
    )
    assert [(line.id, line.text) for line in lines] == [
        ("b", "what moves heat?"), (7, "when does it open?"), ("c", "all?"),
    ]  # fmt: skip
    assert [line.doc_ids for line in lines] == [["d2", "d3"], None, None]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("{not json", "Line 2 of 'queries.jsonl' is no JSON object"),
        ({"text": "no id"}, "Line 2 of 'queries.jsonl' is no JSON object with `id` and `text`"),
        ({"id": "x", "text": 5}, "has an `id` or a `text` that is no string"),
        ({"id": "x", "text": " "}, "Line 2 of 'queries.jsonl': The question is empty"),
        ({"id": "x", "text": "y" * 101}, "Line 2 of 'queries.jsonl': The question has 101 characters"),
        ({"id": "x", "text": "q", "documents": "pump.pdf"}, "has `documents` that are no list of names"),
        ({"id": "x", "text": "q", "documents": ["gone.pdf"]}, "No document is named 'gone.pdf'"),
    ],
)
def test_a_fault_names_its_line(tmp_path, row, said):
    with pytest.raises(BadDataset) as caught:
        read(tmp_path, {"id": "a", "text": "good"}, row)
    assert said in str(caught.value)


def test_an_absent_an_empty_and_a_binary_file_are_said(tmp_path):
    with pytest.raises(BadDataset, match=r"No file 'absent\.jsonl' is there"):
        batch.read(tmp_path / "absent.jsonl", KNOWN, 100)
    with pytest.raises(BadDataset, match="holds no line"):
        read(tmp_path, "", "")
    (tmp_path / "b.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadDataset, match="cannot be read as UTF-8"):
        batch.read(tmp_path / "b.jsonl", KNOWN, 100)
