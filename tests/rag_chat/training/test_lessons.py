"""Lessons look like what the app shows a small model: best quotes first, and a target that one of them carries."""

from fakes import HashEmbedder

from rag_chat.chat.evidence import REFUSAL
from rag_chat.training.lessons import LONGEST_TARGET, QUOTES, lessons_of
from rag_chat.training.pairs import Pair

THINGS = "grain rail tide pump heat coal ship road fish wind salt sand rope lamp".split()


def pairs(count=60, answer=True):
    made = []
    for i in range(count):
        thing = THINGS[i % len(THINGS)]
        passage = (
            f"The {thing} of part {i} is old. The {thing} of part {i} goes to quay {1000 + i}, which is near."
            f" Nobody has seen part {i} in winter. Many people like it very much indeed."
        )
        made.append(Pair(f"Where does the {thing} of part {i} go?", passage, "", f"quay {1000 + i}" * answer, "own"))
    return made


def test_the_quotes_hold_the_answer_and_the_target_says_it():
    lessons = lessons_of(pairs(), HashEmbedder(), 60, seed=0)
    answered = [lesson for lesson in lessons if lesson.target != REFUSAL]
    assert len(lessons) == 60
    assert all(len(lesson.quotes) == QUOTES for lesson in lessons)
    for lesson in answered:
        number = lesson.question.split()[-2]
        carrying = [quote for quote in lesson.quotes if f"quay {1000 + int(number)}" in quote]
        assert len(carrying) == 1
        assert f"part {number} goes to quay {1000 + int(number)}" in lesson.target
        assert len(lesson.target.split()) <= LONGEST_TARGET


def test_some_lessons_lack_the_answer_and_teach_to_refuse():
    lessons = lessons_of(pairs(120), HashEmbedder(), 120, seed=0)
    refused = [lesson for lesson in lessons if lesson.target == REFUSAL]
    assert 2 <= len(refused) <= 16  # 6% of 120
    for lesson in refused:
        assert not [q for q in lesson.quotes if f"quay {1000 + int(lesson.question.split()[-2])}" in q]
        assert lesson.quotes


def test_without_a_known_answer_the_first_sentence_is_the_target_and_a_refusal_sees_nothing_of_the_passage():
    lessons = lessons_of(pairs(120, answer=False), HashEmbedder(), 120, seed=0)
    for lesson in lessons:
        number = lesson.question.split()[-2]
        if lesson.target == REFUSAL:
            assert not [quote for quote in lesson.quotes if f"part {number} " in quote]
        else:
            assert lesson.target in lesson.quotes
            assert f"part {number} is old" in lesson.target


def test_what_cannot_be_quoted_gives_no_lesson():
    long = " ".join(["very"] * 60)
    unfit = [
        Pair("Where?", "It goes to the quay. It is old.", "", "the station", "own"),
        Pair("Where?", f"It goes {long} to the quay.", "", "the quay", "own"),
        Pair("What?", "Rail | 5 | 6\nShip | 7 | 8", "", "7", "own"),
        Pair("What?", "Questions and answers", "", "", "own"),
    ]
    assert lessons_of(unfit, HashEmbedder(), 9, seed=0) == []


def test_the_seed_decides_and_the_number_is_bounded():
    made = lessons_of(pairs(), HashEmbedder(), 20, seed=0)
    assert len(made) == 20
    assert made == lessons_of(pairs(), HashEmbedder(), 20, seed=0)
    assert made != lessons_of(pairs(), HashEmbedder(), 20, seed=1)
