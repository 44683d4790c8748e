"""Reads a set of questions with gold answers over a corpus.

A folder with `corpus.jsonl[.gz]` (`_id`, `title`, `text`) and `questions.jsonl[.gz]` (`_id`, `text`, and `answers` or
`answer`; `passage` or `passages` hold the answer; `contexts` are the passages to answer from). `queries.jsonl` with the
same keys is read in its place, `qrels.tsv` then names the passages, as in BEIR's layout; beside both files it is of
the queries. Every fault is a BadDataset that names the file and the line. Reads everything into memory.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rag_chat.errors import BadDataset
from rag_chat.evaluation import beir
from rag_chat.evaluation.beir import Record, fault

SAYS = frozenset(("answers", "answer", "answerable"))
LAYOUT = "an answer set needs corpus.jsonl and questions.jsonl"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question; the passages are ids of the corpus."""

    id: str
    text: str
    answers: tuple[str, ...]  # empty where nothing answers it
    passages: tuple[str, ...]  # hold the answer, as far as the set says
    contexts: tuple[str, ...]  # to answer from, where retrieval is left out

    @property
    def answerable(self) -> bool:
        return bool(self.answers)


@dataclass(frozen=True, slots=True)
class AnswerSet:
    """Corpus and questions in file order."""

    name: str
    corpus: dict[str, Record]
    questions: tuple[Asked, ...]

    def first(self, limit: int | None) -> AnswerSet:
        """The same corpus with the first `limit` questions only."""
        return replace(self, questions=self.questions[:limit])


def read(folder: Path) -> AnswerSet:
    """Raises BadDataset where the folder is no such set."""
    if not folder.is_dir():
        raise BadDataset(f"'{folder.name}' is no folder; {LAYOUT}.")
    corpus_file = _needed(folder, "corpus.jsonl")
    file = beir.find(folder, "questions.jsonl") or _needed(folder, "queries.jsonl")
    corpus = {record.key: record for record in _once(corpus_file)}
    records = list(_once(file))
    for path, found in ((corpus_file, corpus), (file, records)):
        if not found:
            raise BadDataset(f"'{folder.name}/{path.name}' holds no line; {LAYOUT}.")
    if not any(SAYS & record.row.keys() for record in records):  # a retrieval set: nothing is known about answers
        raise BadDataset(f"No line of '{folder.name}/{file.name}' has `answers`; add them, [] where nothing answers.")
    questions = tuple(_asked(file, record, corpus) for record in records)
    qrels = beir.find(folder, "qrels.tsv")
    if qrels is not None and file == (beir.find(folder, "queries.jsonl") or file):
        questions = _judged(questions, beir.judgements(qrels, corpus, {asked.id for asked in questions}))
    return AnswerSet(folder.resolve().name, corpus, questions)


def _needed(folder: Path, name: str) -> Path:
    found = beir.find(folder, name)
    if found is None:
        missing = "questions.jsonl" if name == "queries.jsonl" else name
        raise BadDataset(f"'{folder.name}' holds no {missing}; {LAYOUT}.")
    return found


def _once(path: Path) -> Iterator[Record]:
    """The file's records; an id that comes twice would make two texts or two answers one."""
    seen: set[str] = set()
    for record in beir.records(path):
        if record.key in seen:
            raise fault(path, record.number, f"repeats the `_id` '{record.key[:80]}'")
        if not record.text.strip():
            raise fault(path, record.number, "has an empty `text`")
        seen.add(record.key)
        yield record


def _asked(path: Path, record: Record, corpus: Container[str]) -> Asked:
    answers = tuple(a for a in _strings(path, record, "answers", "answer") if a.strip())
    answerable = record.row.get("answerable", True)
    if not isinstance(answerable, bool):
        raise fault(path, record.number, "has an `answerable` that is neither true nor false")
    passages = _strings(path, record, "passages", "passage")
    contexts = _strings(path, record, "contexts")
    for key in (*passages, *contexts):
        if key not in corpus:
            raise fault(path, record.number, f"names the passage '{key[:80]}', which the corpus does not hold")
    return Asked(record.key, record.text, answers if answerable else (), passages, contexts)


def _strings(path: Path, record: Record, *keys: str) -> tuple[str, ...]:
    """The first of these keys that has a value: a string, or a list of them."""
    value: Any = next((record.row[key] for key in keys if record.row.get(key) is not None), [])
    found = [value] if isinstance(value, str) else value
    if not (isinstance(found, list) and all(isinstance(one, str) for one in found)):
        raise fault(path, record.number, f"has `{keys[0]}` that is no list of strings")
    return tuple(dict.fromkeys(found))


def _judged(questions: tuple[Asked, ...], grades: dict[str, dict[str, int]]) -> tuple[Asked, ...]:
    relevant = {key: tuple(d for d, grade in judged.items() if grade > 0) for key, judged in grades.items()}
    return tuple(replace(q, passages=q.passages or relevant.get(q.id, ())) for q in questions)
