"""Sets the threshold under which the app says that the documents do not say it.

From questions with and without an answer in the same passages: the best passage's calibrated score for each, and
the score under which at most a given share of the answerable ones falls. SQuAD 2.0's unanswerable questions are made
to look answerable by the very passage they were written for, so they are the hard end of what users ask.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rag_chat.errors import BadDataset
from rag_chat.protocols import Embedder, Reranker
from rag_chat.training.pairs import lines
from rag_chat.types import Candidate, Chunk, Span

CANDIDATES = 20  # nearest by stage one; the best passage of the final order is practically never further down
REFUSED_AT_MOST = 0.02  # of the answerable questions; a refusal hides an answer that is there
QUESTIONS = 200  # of each kind


@dataclass(frozen=True, slots=True)
class Gate:
    """The threshold and both error rates at it, on the questions it was set on."""

    threshold: float
    refused_wrongly: float  # share of the answerable questions
    answered_wrongly: float  # share of the unanswerable ones


@dataclass(frozen=True, slots=True)
class Asked:
    question: str
    passage: str
    answerable: bool


def gate(path: Path, embedder: Embedder, reranker: Reranker, progress: Callable[[int, int], None]) -> Gate:
    """Reads JSON lines with `question`, `passage` and `answerable`. Raises BadDataset."""
    rows = _read(path)
    passages = sorted({row.passage for row in rows})
    vectors = embedder.encode_passages(passages)
    best: dict[bool, list[float]] = {True: [], False: []}
    asked = _sample(rows, True) + _sample(rows, False)
    for done, row in enumerate(asked, start=1):
        cosines = np.dot(vectors, embedder.encode_query(row.question))
        nearest = np.argsort(-cosines)[:CANDIDATES]
        ranked = reranker.rerank(row.question, [_candidate(passages[i], float(cosines[i])) for i in nearest])
        best[row.answerable].append(ranked[0].score)
        progress(done, len(asked))
    threshold = float(np.quantile(best[True], REFUSED_AT_MOST))
    return Gate(
        round(threshold, 4),
        float(np.mean(np.array(best[True]) < threshold)),
        float(np.mean(np.array(best[False]) >= threshold)),
    )


def _sample(rows: Sequence[Asked], answerable: bool) -> list[Asked]:
    kind = [row for row in rows if row.answerable == answerable]
    return random.Random(0).sample(kind, min(QUESTIONS, len(kind)))


def _read(path: Path) -> list[Asked]:
    try:
        rows = [json.loads(line) for line in lines(path)]
        found = [Asked(str(r["question"]), str(r["passage"]), bool(r["answerable"])) for r in rows]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadDataset(
            f"'{path.name}' cannot be read as JSON lines with question, passage and answerable"
            f" ({type(error).__name__})."
        ) from error
    if {row.answerable for row in found} != {True, False}:
        raise BadDataset(f"'{path.name}' needs answerable and unanswerable questions; it holds one kind only.")
    return found


def _candidate(text: str, cosine: float) -> Candidate:
    chunk = Chunk("", "", 0, (Span(1, 0, len(text)),), "", text)
    return Candidate(chunk, "", "1", 1, cosine, 1, cosine)
