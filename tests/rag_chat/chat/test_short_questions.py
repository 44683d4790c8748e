"""Short questions over the sample documents, with the real models: half of them stand alone after a question that has
nothing to do with them, half follow the one before.

`tests/data/short_questions.jsonl` holds 30 of each; `python -m benchmarks.follow_ups` asks them all, here every third.
"""

from pathlib import Path

import pytest

from benchmarks import follow_ups
from rag_chat import build, config

ROOT = Path(__file__).resolve().parents[3]
ALL = follow_ups.questions(ROOT / "tests" / "data" / "short_questions.jsonl")


@pytest.fixture(scope="module")
def outcomes(samples_library):
    settings = config.load(library=samples_library, offline=True, generator="quoting", mode="hybrid")
    app = build.open_app(settings, exclusive=True)
    yield [follow_ups.outcome(app.engine, asked) for asked in ALL[::3]]
    app.close()


def share(hits):
    hits = list(hits)
    return sum(hits) / len(hits)


@pytest.mark.slow
def test_a_question_that_stands_alone_is_not_answered_with_the_one_before(outcomes):
    alone = [one for one in outcomes if one.asked.kind == "alone"]
    assert share(one.searched == one.asked.text for one in alone) >= 0.9
    assert share(one.found for one in alone if one.found is not None) >= 0.8


@pytest.mark.slow
def test_a_follow_up_finds_its_evidence_and_quotes_it_rather_than_the_answer_before(outcomes):
    following = [one for one in outcomes if one.asked.kind == "follow-up"]
    assert share(one.found for one in following) >= 0.9
    assert share(one.right for one in following) >= 0.6
    assert share(one.searched != one.asked.text for one in following) >= 0.4  # the others stand alone well enough


def test_there_are_enough_of_both_and_none_is_in_the_other_measures():
    kinds = [asked.kind for asked in ALL]
    assert kinds.count("alone") >= 25 and kinds.count("follow-up") >= 25
    old = follow_ups.questions(ROOT / "tests" / "data" / "follow_ups.jsonl")
    assert not {asked.text for asked in ALL} & {asked.text for asked in old}
