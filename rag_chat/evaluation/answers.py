"""Asks an engine every question of an answer set and counts: found, cited, refused, supported.

Any generator, one row each. A gold answer is looked for as it stands, so short ones suit `contains_gold` and the
citations; sets with long answers are compared by token F1. Knows nothing of how the engine was built.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rag_chat import question as question_rule
from rag_chat.chat.engine import Engine
from rag_chat.errors import BadDataset, BadQuestion
from rag_chat.evaluation import gold
from rag_chat.evaluation.answer_set import Asked
from rag_chat.evaluation.retrieval import Progress
from rag_chat.sentences import readable
from rag_chat.types import Answer, Finished


@dataclass(frozen=True, slots=True)
class Answered:
    """A question with what the engine made of it."""

    asked: Asked
    answer: Answer
    seconds: float

    @property
    def text(self) -> str:
        """The shown sentences without their markers; empty for a refusal."""
        return " ".join(sentence.text for sentence in self.answer.sentences)

    @property
    def hits(self) -> list[bool]:
        """Of each citation: does the quote contain a gold answer?"""
        return [gold.contains(readable(c.quote), self.asked.answers) for c in self.answer.citations]


@dataclass(frozen=True, slots=True)
class Row:
    """One generator's line; shares of 1, None where the set has no question of that kind."""

    generator: str
    contains_gold: float | None  # of the answerable questions; a refusal does not
    token_f1: float | None  # mean over the answerable questions, 0 for a refusal
    citation_precision: float | None  # of the citations under answers to answerable questions: the quote contains it
    citation_recall: float | None  # of the answerable questions: some cited quote contains it
    refused_right: float | None  # of the unanswerable questions
    refused_wrong: float | None  # of the answerable questions
    supported: float | None  # of all shown sentences, by the support checker
    words: float | None  # of an answer that is no refusal, markers not counted
    seconds: float | None


def check(questions: Iterable[Asked], *, given: bool, most_characters: int) -> None:
    """Raises BadDataset for a question that could not be asked, before any is."""
    for asked in questions:
        if given and not asked.contexts:
            raise BadDataset(f"The question '{asked.id[:80]}' has no `contexts`; add them, or leave out --given.")
        try:
            question_rule.check(asked.text, most_characters)
        except BadQuestion as error:
            raise BadDataset(f"The question '{asked.id[:80]}' cannot be asked: {error}") from error


def ask_all(
    engine: Engine, questions: Sequence[Asked], *, given: bool = False, progress: Progress | None = None
) -> list[Answered]:
    """Every question, each on its own; with `given` each from its own contexts and nothing else."""
    done = []
    for asked in questions:
        start = time.perf_counter()
        answer = _answer(engine, asked, given)
        done.append(Answered(asked, answer, time.perf_counter() - start))
        if progress is not None:
            progress(f"answering with {answer.generator}", len(done), len(questions))
    return done


def row(generator: str, results: Sequence[Answered]) -> Row:
    """The measures of one generator's answers."""
    answerable = [r for r in results if r.asked.answerable]
    shown = [r for r in results if not r.answer.abstained]
    cited = [hit for r in answerable if not r.answer.abstained for hit in r.hits]
    return Row(
        generator=generator,
        contains_gold=_mean(gold.contains(r.text, r.asked.answers) for r in answerable),
        token_f1=_mean(gold.token_f1(r.text, r.asked.answers) for r in answerable),
        citation_precision=_mean(cited),
        citation_recall=_mean(any(r.hits) for r in answerable),
        refused_right=_mean(r.answer.abstained for r in results if not r.asked.answerable),
        refused_wrong=_mean(r.answer.abstained for r in answerable),
        supported=_mean(sentence.supported for r in shown for sentence in r.answer.sentences),
        words=_mean(len(r.text.split()) for r in shown),
        seconds=_mean(r.seconds for r in results),
    )


def _answer(engine: Engine, asked: Asked, given: bool) -> Answer:
    for event in engine.ask(asked.text, doc_ids=asked.contexts if given else None):
        if isinstance(event, Finished):
            return event.answer
    raise AssertionError("the engine ends with Finished")


def _mean(values: Iterable[float]) -> float | None:
    found = [float(value) for value in values]
    return statistics.fmean(found) if found else None
