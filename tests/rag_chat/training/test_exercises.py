import json
import random
from pathlib import Path

import pytest

from rag_chat.errors import BadDataset
from rag_chat.training.evidence import asked_of
from rag_chat.training.examples import EXERCISE_SHARE, NOWHERE, Examples
from rag_chat.training.exercises import LONGEST_QUOTE, Exercise, claims_of, quote_for, read_exercises, taught
from rag_chat.training.pairs import Pair

SHIPPED = Path(__file__).resolve().parents[3] / "data" / "exercises"
ROW = {
    "title": "Ferry rules",
    "heading": "Fares",
    "passage": "A ticket costs 4 crowns. Children under six travel free. Dogs need a lead.",
    "questions": [["What does a ticket cost?", "4 crowns"], ["What does a dog's ticket cost?", ""]],
    "claims": [["A five year old child pays nothing.", True], ["Dogs travel free.", False]],
}


def file_of(path, *rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_an_exercise_is_read_as_it_was_written(tmp_path):
    (made,) = read_exercises(file_of(tmp_path / "e.jsonl", ROW))
    assert (made.title, made.passage) == (ROW["title"], ROW["passage"])
    assert [list(question) for question in made.questions] == ROW["questions"]
    assert [list(claim) for claim in made.claims] == ROW["claims"]
    assert [(a.question, a.answers) for a in asked_of([made])] == [
        ("What does a ticket cost?", ("4 crowns",)), ("What does a dog's ticket cost?", ()),
    ]  # fmt: skip
    assert [(c.sentence, c.carried) for c in claims_of([made])] == [tuple(claim) for claim in ROW["claims"]]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({k: v for k, v in ROW.items() if k != "claims"}, "Line 2 of 'e.jsonl' is no JSON object with"),
        ({**ROW, "questions": [["Who?"]]}, "Line 2 of 'e.jsonl' is no JSON object with"),
        ({**ROW, "claims": [["It rains.", "false"]]}, "Line 2 of 'e.jsonl' is no JSON object with"),
        ([], "Line 2 of 'e.jsonl' is no JSON object with"),
        ({**ROW, "questions": [["Who?", "a crew"]]}, "Line 2 of 'e.jsonl' has an answer that its passage lacks"),
    ],
)  # fmt: skip
def test_a_line_that_is_none_is_named(tmp_path, row, said):
    with pytest.raises(BadDataset, match=said):
        read_exercises(file_of(tmp_path / "e.jsonl", ROW, row))


@pytest.mark.parametrize(
    "name", ["manuals", "contracts", "rules", "reports", "tables", "papers", "gazette", "answers", "findings"]
)
def test_the_shipped_exercises_can_be_read(name):
    exercises = read_exercises(SHIPPED / f"{name}.jsonl")
    assert exercises
    assert all(e.questions or e.claims for e in exercises)


def test_a_fifth_of_the_titles_is_kept_aside():
    exercises = [Exercise(f"Document {i // 2}", "", (), ()) for i in range(1000)]
    kept = [e for e in exercises if e.kept_aside]
    assert 0.14 < len(kept) / 1000 < 0.26
    assert not {e.title for e in kept} & {e.title for e in taught(exercises)}
    assert len(kept) + len(taught(exercises)) == 1000


def test_a_long_passage_is_quoted_where_it_speaks_of_the_sentence():
    passage = " ".join(f"Line {i} of the ferry runs from quay {i} to the island of birds at noon." for i in range(30))
    quote = quote_for("Line 17 runs from quay 17.", passage)
    assert "Line 17 of" in quote
    assert len(quote) <= LONGEST_QUOTE
    assert quote in passage


def test_exercises_give_their_share_of_questions_and_claims():
    exercise = Exercise(
        ROW["title"], ROW["passage"], tuple(map(tuple, ROW["questions"])), tuple(map(tuple, ROW["claims"]))
    )
    other = Exercise("Bridge rules", "Nobody may stop on the bridge.", (("May I stop?", "Nobody"),), ROW["claims"])
    pair = Pair(
        "Where is the depot of the trams?",
        "The depot of the trams lies in the old town. A tram leaves it every nine minutes.",
        "t", "in the old town", "s",
    )  # fmt: skip
    examples, rng = Examples([pair], {}, [exercise, other, Exercise("Unasked", "It rains.", (), ())]), random.Random(0)
    drawn = [examples.question(rng) for _ in range(1000)]
    of_exercise = [one for one in drawn if one.question != pair.question and "ram" not in one.question]
    assert abs(len(of_exercise) / 1000 - EXERCISE_SHARE) < 0.06
    answers = dict(ROW["questions"]) | {"May I stop?": "Nobody"}
    for one in of_exercise:
        if one.start == NOWHERE:
            assert not answers[one.question] or answers[one.question] not in one.text
        else:
            assert one.text[one.start : one.end] == answers[one.question]
    assert {one.text for one in of_exercise if one.start == NOWHERE} == {exercise.passage, other.passage}
    claims = [examples.claim(rng) for _ in range(1000)]
    own = [c for c in claims if [c.sentence, c.carried] in ROW["claims"]]
    assert abs(len(own) / 1000 - EXERCISE_SHARE) < 0.06


def test_a_single_exercise_is_enough():
    exercise = Exercise("Alone", ROW["passage"], (("What does a ticket cost?", "4 crowns"),), ())
    examples, rng = Examples([], {}, [exercise]), random.Random(0)
    seen = [examples._exercise_question(rng) for _ in range(50)]
    assert {one.text[one.start : one.end] for one in seen} == {"4 crowns"}
