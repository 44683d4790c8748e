"""Follow-ups over the sample documents: what making them stand alone is worth, with the real encoder.

`tests/data/follow_ups.jsonl` holds 36 questions that lean on what was said before and 12 that end a chain of three,
with their evidence; stage one alone looks for it, so that the measure is the question's and not the reranker's.
"""

import json
from pathlib import Path

import pytest

from rag_chat import build, config
from rag_chat.chat.history import needs_history, standalone
from rag_chat.chat.passages import select
from rag_chat.retrieval.dense import DenseRetriever
from rag_chat.trace import Trace
from rag_chat.types import Turn

ROOT = Path(__file__).resolve().parents[3]
SAMPLES = ROOT / "data" / "samples"


def rows(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


FOLLOW_UPS = rows(ROOT / "tests" / "data" / "follow_ups.jsonl")
ALONE = [row["question"] for row in rows(SAMPLES / "questions.jsonl") if "history" not in row]


@pytest.fixture(scope="module")
def find(samples_library):
    """Whether the evidence is among the five passages that stage one finds for a question."""
    settings = config.load(library=samples_library, offline=True)
    encoder = build.embedder(settings)
    library = build.library(settings, encoder, exclusive=True)
    retriever = DenseRetriever(encoder, library.store, library.catalog)

    def found(question, row):
        passages = select(retriever.retrieve(question, 20, trace=Trace()), 5)
        return any(
            passage.candidate.document == row["document"]
            and passage.chunk.first_page <= row["page"] <= passage.chunk.last_page
            for passage in passages
        )

    yield found
    library.close()


def alone(row):
    return standalone(row["question"], [Turn(turn["question"], turn["answer"]) for turn in row["history"]])


@pytest.mark.slow
def test_a_question_that_stands_alone_finds_its_evidence_far_more_often(find):
    raw = sum(find(row["question"], row) for row in FOLLOW_UPS) / len(FOLLOW_UPS)
    made = sum(find(alone(row), row) for row in FOLLOW_UPS) / len(FOLLOW_UPS)
    assert made >= 0.85
    assert made - raw >= 0.3


def test_nearly_every_follow_up_is_seen_as_one():
    missed = [row["question"] for row in FOLLOW_UPS if not needs_history(row["question"])]
    assert len(missed) <= 1, missed


def test_hardly_any_question_that_stands_alone_is_taken_for_a_follow_up():
    wrong = [question for question in ALONE if needs_history(question)]
    assert len(wrong) <= len(ALONE) // 6, wrong
