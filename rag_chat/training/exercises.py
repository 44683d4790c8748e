"""Passages written for training, with what can and what cannot be asked and said of them: one JSON object a line.

`{"title", "heading", "passage", "questions": [[question, answer], ...], "claims": [[sentence, carried], ...]}`: an
answer stands in the passage word for word, or is "" where the passage only looks as if it answered.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rag_chat import words
from rag_chat.errors import BadDataset
from rag_chat.sentences import split
from rag_chat.training.claims import LONGEST_QUOTE, Claim
from rag_chat.training.pairs import lines

TRUTH = {True: True, False: False}  # and nothing else: the text "false" would count as true
KEPT_ASIDE = 5  # one title in so many is never trained on


@dataclass(frozen=True, slots=True)
class Exercise:
    """`questions` with their answers, '' for none; `claims` with whether the passage carries them."""

    title: str
    passage: str
    questions: tuple[tuple[str, str], ...]
    claims: tuple[tuple[str, bool], ...]

    @property
    def kept_aside(self) -> bool:
        """By title, so that nothing of the same document is trained on; the same whatever else is read."""
        return hashlib.sha256(self.title.encode()).digest()[0] % KEPT_ASIDE == 0


def read_exercises(path: Path) -> list[Exercise]:
    """Raises BadDataset with the line's number."""
    found = []
    for number, line in enumerate(lines(path), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            questions = tuple((str(question), str(answer)) for question, answer in row["questions"])
            claims = tuple((str(sentence), TRUTH[carried]) for sentence, carried in row["claims"])
            found.append(Exercise(str(row["title"]), str(row["passage"]), questions, claims))
        except (ValueError, KeyError, TypeError) as error:
            raise BadDataset(
                f"Line {number} of '{path.name}' is no JSON object with title, passage, questions and claims"
                f" ({type(error).__name__}); see rag-chat train support --help."
            ) from error
        missing = [answer for _, answer in questions if answer not in found[-1].passage]
        if missing:
            raise BadDataset(f"Line {number} of '{path.name}' has an answer that its passage lacks: '{missing[0]}'.")
    return found


def quote_for(sentence: str, passage: str) -> str:
    """The run of whole sentences, of a quote's length, that has most of the sentence's content words."""
    if len(passage) <= LONGEST_QUOTE:
        return passage
    spans, wanted = split(passage), words.content(sentence)
    runs = [
        passage[start : max((e for s, e in spans[i:] if e - start <= LONGEST_QUOTE), default=end)]
        for i, (start, end) in enumerate(spans)
    ]
    return max(runs, key=lambda run: words.coverage(wanted, words.content(run)), default=passage[:LONGEST_QUOTE])


def taught(exercises: Sequence[Exercise]) -> list[Exercise]:
    return [exercise for exercise in exercises if not exercise.kept_aside]


def claims_of(exercises: Sequence[Exercise]) -> list[Claim]:
    return [
        Claim(sentence, quote_for(sentence, exercise.passage), carried)
        for exercise in exercises
        for sentence, carried in exercise.claims
    ]
