"""Sets how quotes are ordered, and the threshold under which the app says that the documents do not say it.

From questions with and without an answer in the same passages. Each is taken through the stages as a user's would be;
every sentence of its five passages gives a row, true where it holds the answer. A logistic model of the rows orders the
quotes; the threshold is the probability of the best quote that a given share of the answerable questions stay under.
SQuAD 2.0's unanswerable questions are made to look answerable by the very passage they were written for, so they are
the hard end of what users ask.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag_chat.chat.passages import candidates_for_quotes, findings, readings_of, select
from rag_chat.errors import BadDataset
from rag_chat.protocols import AnswerReader, Embedder, PairScorer, Reranker
from rag_chat.scoring import QuoteOrder
from rag_chat.training import calibration
from rag_chat.training.exercises import Exercise
from rag_chat.training.pairs import lines
from rag_chat.types import Candidate, Chunk, Span

CANDIDATES, PASSAGES = 20, 5  # nearest by stage one; of them the best by the final order
REFUSED_AT_MOST = 0.106  # of the questions that one of their passages answers; a refusal still shows the nearest ones
QUESTIONS = 250  # of each kind


@dataclass(frozen=True, slots=True)
class Gate:
    """The order of quotes, the threshold, and what they are worth on the questions they were set on."""

    order: QuoteOrder
    threshold: float
    refused_wrongly: float  # share of the answerable questions
    answered_wrongly: float  # share of the unanswerable ones
    first_quote: float  # share of the answerable questions whose best quote holds the answer


@dataclass(frozen=True, slots=True)
class Asked:
    """`answers` as they stand in the passage; none for a question that it does not answer."""

    question: str
    passage: str
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """One question's sentences: signals (sentences, 3) as `QuoteOrder` weighs them, and whether each answers.

    `answerable` by its five passages: where stage one or two missed the one that answers, a refusal is right.
    """

    rows: NDArray[np.float64]
    answers: NDArray[np.bool_]
    answerable: bool


@dataclass(frozen=True, slots=True)
class Stages:
    """The stages before the reader, as a user's question goes through them."""

    embedder: Embedder
    reranker: Reranker
    scorer: PairScorer


def gate(asked: Sequence[Asked], stages: Stages, reader: AnswerReader, progress: Callable[[int, int], None]) -> Gate:
    """Sets order and threshold; needs questions of both kinds."""
    passages = sorted({row.passage for row in asked})
    vectors = stages.embedder.encode_passages(passages)
    found = []
    for done, row in enumerate(asked, start=1):
        cosines = np.dot(vectors, stages.embedder.encode_query(row.question))
        found.append(_find(row, passages, cosines, stages, reader))
        progress(done, len(asked))
    return fit([one for one in found if len(one.rows)])


def fit(found: Sequence[Found]) -> Gate:
    model = calibration.fit(np.concatenate([f.rows for f in found]), np.concatenate([f.answers for f in found]))
    sentence, passage, reading = model.weights
    best = [(f, model.probabilities(f.rows)) for f in found]
    answerable = [float(p.max()) for f, p in best if f.answerable]
    others = [float(p.max()) for f, p in best if not f.answerable]
    threshold = calibration.threshold_for(answerable, REFUSED_AT_MOST)
    return Gate(
        QuoteOrder(sentence, passage, reading, model.offset),
        round(threshold, 4),
        float(np.mean(np.array(answerable) < threshold)),
        float(np.mean(np.array(others) >= threshold)) if others else 0.0,
        float(np.mean([bool(f.answers[p.argmax()]) for f, p in best if f.answerable])),
    )


def read(path: Path, seed: int = 0) -> list[Asked]:
    """At most so many questions of each kind from JSON lines with `question`, `passage`, `answerable` and `answers`
    (or `answer`). Raises BadDataset with the line's number."""
    asked = []
    for number, line in enumerate(lines(path), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            answers = tuple(row.get("answers") or [row["answer"]]) if row["answerable"] else ()
            texts = (row["question"].strip(), row["passage"].strip(), *(answer.strip() for answer in answers))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadDataset(
                f"Line {number} of '{path.name}' is no JSON object with question, passage, answerable and answers"
                f" ({type(error).__name__})."
            ) from error
        if not all(texts):
            raise BadDataset(f"Line {number} of '{path.name}' has an empty question, passage or answer; fill it.")
        asked.append(Asked(row["question"], row["passage"], answers))
    if len({bool(row.answers) for row in asked}) < 2:
        raise BadDataset(f"'{path.name}' needs answerable and unanswerable questions; it holds one kind only.")
    return some(asked, seed)


def some(asked: Sequence[Asked], seed: int = 0) -> list[Asked]:
    """At most so many of each kind, so that no set outweighs another."""
    kinds = [[row for row in asked if bool(row.answers) is kind] for kind in (True, False)]
    return [row for kind in kinds for row in random.Random(seed).sample(kind, min(QUESTIONS, len(kind)))]


def asked_of(exercises: Sequence[Exercise]) -> list[Asked]:
    return [
        Asked(question, exercise.passage, (answer,) if answer else ())
        for exercise in exercises
        for question, answer in exercise.questions
    ]


def _find(
    row: Asked, passages: Sequence[str], cosines: NDArray[np.float32], stages: Stages, reader: AnswerReader
) -> Found:
    nearest = [_candidate(passages[i], float(cosines[i]), int(i)) for i in np.argsort(-cosines)[:CANDIDATES]]
    kept = select(stages.reranker.rerank(row.question, nearest), PASSAGES)
    readings = readings_of(row.question, kept, reader)
    quotes = candidates_for_quotes(row.question, kept, readings)
    rows = findings(row.question, kept, quotes, stages.scorer, readings)
    answers = [any(answer and answer.lower() in quote.text.lower() for answer in row.answers) for quote in quotes]
    own = [quote.passage.chunk.text == row.passage for quote in quotes]
    answerable = bool(row.answers) and any(passage.chunk.text == row.passage for passage in kept)
    return Found(np.array(rows), np.array(answers, dtype=bool) & np.array(own, dtype=bool), answerable)


def _candidate(text: str, cosine: float, place: int) -> Candidate:
    chunk = Chunk(str(place), str(place), 0, (Span(1, 0, len(text)),), "", text)
    return Candidate(chunk, "", "1", 1, cosine, 1, cosine)
