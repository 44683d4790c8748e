"""Makes answer sets with five contexts a question from questions that come with the passage they were asked about.

Three kinds, apart because a refusal means another thing in each: `answerable` (the passage among five), `unanswerable`
(the passage the question was written for does not answer it) and `gold_missing` (the passage left out). The other
contexts are the nearest by stage one that do not hold the answer. The same seed makes the same sets.
"""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rag_chat.errors import BadDataset
from rag_chat.evaluation import beir, gold, text_library
from rag_chat.evaluation.beir import Record
from rag_chat.protocols import Embedder

KINDS = ("answerable", "unanswerable", "gold_missing")
CONTEXTS = 5


@dataclass(frozen=True, slots=True)
class Sourced:
    """A question with the id of its passage; no answers where the passage does not answer it."""

    id: str
    text: str
    answers: tuple[str, ...]
    passage: str


@dataclass(frozen=True, slots=True)
class Source:
    """Distinct passages by id, and the questions about them, in file order."""

    name: str
    corpus: dict[str, Record]
    questions: list[Sourced]


def read(path: Path, name: str) -> Source:
    """JSON lines with `id`, `question`, `title`, `passage`, `answers` and `answerable`. Raises BadDataset."""
    corpus: dict[str, Record] = {}
    ids: dict[str, str] = {}
    questions = []
    for number, line in beir.lines(path):
        try:
            row = json.loads(line)
            answers = tuple(row["answers"]) if row["answerable"] else ()
            passage, title = row["passage"], row.get("title") or ""
            key = ids.setdefault(passage, f"p{len(ids) + 1}")
            questions.append(Sourced(row["id"], row["question"], answers, key))
        except (ValueError, KeyError, TypeError) as error:
            raise beir.fault(path, number, "lacks `id`, `question`, `passage`, `answers` or `answerable`") from error
        corpus.setdefault(key, Record(number, key, title, passage, {}))
    if not questions:
        raise BadDataset(f"'{path.name}' holds no question.")
    return Source(name, corpus, questions)


def write_all(source: Source, out: Path, embedder: Embedder, *, cache: Path, count: int, seed: int) -> list[Path]:
    """A folder for each kind that the source has questions for: `OUT/NAME_KIND`."""
    vectors = text_library.embedded(source.name, source.corpus, embedder, cache)
    keys = list(source.corpus)
    made = []
    for kind in KINDS:
        rng = random.Random(f"{seed} {source.name} {kind}")
        fitting = [q for q in source.questions if bool(q.answers) == (kind != "unanswerable")]
        rows = []
        for asked in rng.sample(fitting, min(count, len(fitting))):
            nearest = [keys[place] for place in np.argsort(-(vectors @ embedder.encode_query(asked.text)))]
            rows.append(_row(asked, kind, _contexts(source, asked, kind, nearest, rng)))
        if rows:
            made.append(_write(out / f"{source.name}_{kind}", source.corpus, rows))
    return made


def _contexts(source: Source, asked: Sourced, kind: str, nearest: Sequence[str], rng: random.Random) -> list[str]:
    """Five ids; the question's own passage at a random place but for `gold_missing`."""
    own = kind != "gold_missing"
    others = (
        key for key in nearest if key != asked.passage and not gold.contains(source.corpus[key].text, asked.answers)
    )
    found = [key for key, _ in zip(others, range(CONTEXTS - own), strict=False)]
    if own:
        found.insert(rng.randrange(CONTEXTS), asked.passage)
    return found


def _row(asked: Sourced, kind: str, contexts: list[str]) -> dict[str, Any]:
    known = kind == "answerable"
    return {
        "_id": asked.id,
        "text": asked.text,
        "answers": list(asked.answers) if known else [],
        "passage": asked.passage if known else None,
        "contexts": contexts,
    }


def _write(folder: Path, corpus: dict[str, Record], rows: Sequence[dict[str, Any]]) -> Path:
    texts = ({"_id": r.key, "title": r.title, "text": r.text} for r in corpus.values())
    folder.mkdir(parents=True, exist_ok=True)
    for name, lines in (("corpus", texts), ("questions", iter(rows))):
        _write_lines(folder / f"{name}.jsonl.gz", lines)
    return folder


def _write_lines(path: Path, rows: Iterator[dict[str, Any]]) -> None:
    text = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
    path.write_bytes(gzip.compress(text.encode(), mtime=0))
