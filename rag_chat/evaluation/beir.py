"""Reads a retrieval set in BEIR's layout: `corpus.jsonl[.gz]`, `queries.jsonl[.gz]`, `qrels.tsv`.

Every fault is a BadDataset that names the file and the line. Reads everything into memory.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Container, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rag_chat.errors import BadDataset


@dataclass(frozen=True, slots=True)
class Dataset:
    """`corpus` and `queries` map id to text in file order; only judged queries are kept; `qrels` holds grades."""

    name: str
    corpus: dict[str, str]
    queries: dict[str, str]
    qrels: dict[str, dict[str, int]]

    def first(self, limit: int | None) -> Dataset:
        """The same corpus with the first `limit` queries only."""
        return self.part(0, limit)

    def part(self, skip: int, limit: int | None) -> Dataset:
        """The same corpus with the queries after the first `skip`, at most `limit` of them."""
        kept = dict(list(self.queries.items())[skip : None if limit is None else skip + limit])
        return replace(self, queries=kept, qrels={query: self.qrels[query] for query in kept})


@dataclass(frozen=True, slots=True)
class Record:
    """One line of corpus.jsonl or queries.jsonl; `row` is all of it, for keys that BEIR does not have."""

    number: int  # of the line, from 1
    key: str
    title: str
    text: str
    row: dict[str, Any]


def read(folder: Path) -> Dataset:
    """Raises BadDataset where the folder is no such set."""
    if not folder.is_dir():
        raise BadDataset(f"'{folder.name}' is no folder; name one with corpus.jsonl, queries.jsonl and qrels.tsv.")
    corpus = {record.key: titled(record) for record in records(_file(folder, "corpus.jsonl"))}
    queries = {record.key: record.text for record in records(_file(folder, "queries.jsonl"))}
    qrels = judgements(_file(folder, "qrels.tsv"), corpus, queries)
    judged = {query: text for query, text in queries.items() if query in qrels}
    if not judged:
        raise BadDataset(f"'{folder.name}/qrels.tsv' judges no query; each line is query-id, corpus-id and score.")
    return Dataset(folder.resolve().name, corpus, judged, {query: qrels[query] for query in judged})


def find(folder: Path, name: str) -> Path | None:
    """The file of that name, plain or gzipped; BEIR itself keeps the judgements of a split in qrels/test.tsv."""
    for path in (folder / name, folder / f"{name}.gz", folder / "qrels" / "test.tsv"):
        if path.is_file() and (path.parent == folder or name == "qrels.tsv"):
            return path
    return None


def records(path: Path) -> Iterator[Record]:
    """Every line that holds something."""
    for number, line in lines(path):
        try:
            row = json.loads(line)
            key, text, title = row["_id"], row["text"], row.get("title") or ""
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise fault(path, number, "is no JSON object with `_id` and `text`") from error
        if not (isinstance(key, str) and isinstance(text, str) and isinstance(title, str)):
            raise fault(path, number, "has an `_id`, `text` or `title` that is no string")
        yield Record(number, key, title, text, row)


def titled(record: Record) -> str:
    """The text with the title in front, as BEIR's own dense baselines have it."""
    return f"{record.title} {record.text}".strip()


def _file(folder: Path, name: str) -> Path:
    found = find(folder, name)
    if found is None:
        raise BadDataset(
            f"'{folder.name}' holds no {name}; a retrieval set needs corpus.jsonl, queries.jsonl, qrels.tsv."
        )
    return found


def judgements(path: Path, corpus: Container[str], queries: Container[str]) -> dict[str, dict[str, int]]:
    """Grades by query and document, of a qrels file."""
    qrels: dict[str, dict[str, int]] = {}
    for number, line in lines(path):
        fields = line.rstrip("\r\n").split("\t")
        if number == 1 and fields[-1] == "score":
            continue
        try:
            query, document, grade = fields
            value = int(grade)
        except ValueError as error:
            raise fault(path, number, "is not query-id, corpus-id and a whole-number score, parted by tabs") from error
        if query not in queries:
            raise fault(path, number, f"judges the query '{query}', which no line of the questions has as its `_id`")
        qrels.setdefault(query, {})[document] = value
    # A judged document that the corpus lacks counts as never found, as in BEIR; none at all is a mix-up of files.
    if qrels and not any(document in corpus for judged in qrels.values() for document in judged):
        raise BadDataset(f"No document that '{path.name}' judges is in the corpus; the files are of different sets.")
    return qrels


def lines(path: Path) -> Iterator[tuple[int, str]]:
    """Lines that hold something, numbered from 1."""
    number = 0
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            for number, raw in enumerate(file, start=1):
                line = raw.decode("utf-8-sig")  # Windows editors begin a file with a mark
                if line.strip():
                    yield number, line
    except (UnicodeDecodeError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise fault(path, max(1, number), f"cannot be read: {error}") from error


def fault(path: Path, number: int, what: str) -> BadDataset:
    """The error that names the file and the line."""
    return BadDataset(f"Line {number} of '{path.name}' {what}; mend or remove that line.")
