"""What the reader learns from: questions with the place of their answer, and sentences with a quote.

Made from pairs whose answer stands in the passage, from pairs whose passage answers as a whole, and from exercises,
which say what their passages do not answer. Two fifths of the pairs' questions get a text that does not answer: a
passage that stage one ranks high for the question, the passage without the answer's sentence, or the question changed
in one place. Of the sentences half are carried by their quote: word for word, shortened, turned round, or made of
question and answer; the others are made false in one place, or get a quote that is near but not theirs. Everything
follows the generator that is passed in.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rag_chat import words
from rag_chat.sentences import split
from rag_chat.training import corruption
from rag_chat.training.claims import Claim
from rag_chat.training.exercises import Exercise, quote_for
from rag_chat.training.pairs import Pair

UNANSWERED = 0.42  # share of the questions
WHOLE_SHARE = 0.25  # of the questions, from pairs that do not say where their passage answers
EXERCISE_SHARE = 0.6  # of the questions and of the claims, where there are exercises
FOREIGN = 0.3  # share of an exercise's answerable questions that get another passage
NOWHERE, SOMEWHERE = -1, -2  # instead of an answer's start
CHANGED, CUT = 0.3, 0.2  # shares of these whose question is changed, and whose answer's sentence is left out
SHORT, LONG = (100, 450), (450, 1100)  # characters of a passage that are read; short ones cost a third of the time
LONG_SHARE = 0.5  # chunks of a document are long
NEIGHBOURS = 12  # passages of the same document looked at for one that is near the question
FEWEST_WORDS, MOST_WORDS = 6, 45  # of a sentence that is checked
_CLAUSE = re.compile(r"\s*(?:,|;|\s[–—-]\s)\s+|\s+\([^()]{3,80}\)")
_SUBJECT = re.compile(
    r"(?:who|what|which)\s+((?:is|are|was|were|has|had|have|can|will|would|may|\w+ed|won|wrote)\b.*)", re.I
)
_ADVERB = re.compile(r"((?:\w+\s+)?(?:when|where|how\s+\w+|(?:what|which)\s+\w+))\s+(?:did|does|do)\s+(.*)", re.I)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and a text; the answer is `text[start:end]`, or `start` is NOWHERE or SOMEWHERE."""

    question: str
    text: str
    start: int
    end: int


class Examples:
    """Draws examples; the same generator state always draws the same.

    `hard` are passages by question that look as if they answered it and do not (see `mining.py`); a question without
    any gets a passage of the same document.
    """

    def __init__(
        self,
        pairs: Sequence[Pair],
        hard: Mapping[str, Sequence[str]] | None = None,
        exercises: Sequence[Exercise] = (),
    ) -> None:
        self._hard = hard or {}
        self._asked = [exercise for exercise in exercises if exercise.questions]
        self._said = [exercise for exercise in exercises if exercise.claims]
        self._by_source: defaultdict[str, list[Pair]] = defaultdict(list)
        self._whole: defaultdict[str, list[Pair]] = defaultdict(list)
        by_title: defaultdict[tuple[str, str], dict[str, None]] = defaultdict(dict)
        for pair in pairs:
            marked = pair.answer and pair.answer in pair.passage
            (self._by_source if marked else self._whole)[pair.source].append(pair)
            if marked:
                by_title[pair.source, pair.title][pair.passage] = None
        self._passages = {title: list(passages) for title, passages in by_title.items()}

    def __len__(self) -> int:
        return sum(map(len, [*self._by_source.values(), *self._whole.values()]))

    def question(self, rng: random.Random) -> Asked:
        if self._asked and rng.random() < EXERCISE_SHARE:
            return self._exercise_question(rng)
        if self._whole and rng.random() < WHOLE_SHARE:
            return self._whole_question(rng)
        pair = _drawn(self._by_source, rng)
        if rng.random() < UNANSWERED:
            return self._unanswered(pair, rng)
        at = pair.passage.find(pair.answer)
        start, end = window(pair.passage, (at, at + len(pair.answer)), rng)
        return Asked(pair.question, pair.passage[start:end], at - start, at - start + len(pair.answer))

    def claim(self, rng: random.Random) -> Claim:
        """Tries again with another pair where a kind of example cannot be made of this one."""
        if self._said and rng.random() < EXERCISE_SHARE:
            exercise = rng.choice(self._said)
            sentence, true = rng.choice(exercise.claims)
            return Claim(sentence, quote_for(sentence, exercise.passage), true)
        carried = rng.random() < 0.5
        for _ in range(50):
            pair = _drawn(self._by_source, rng)
            made = _carried(pair, rng) if carried else self._not_carried(pair, rng)
            if made is not None:
                return made
        raise AssertionError("no pair has a sentence of the length that is checked")

    def _exercise_question(self, rng: random.Random) -> Asked:
        exercise = rng.choice(self._asked)
        question, answer = rng.choice(exercise.questions)
        if not answer:
            return Asked(question, exercise.passage, NOWHERE, NOWHERE)
        if rng.random() < FOREIGN:
            others = [e.passage for e in self._asked if e.title == exercise.title]
            others += [e.passage for e in rng.choices(self._asked, k=NEIGHBOURS)]
            if others := [text for text in others if answer not in text]:
                return Asked(question, _nearest(question, others), NOWHERE, NOWHERE)
        at = exercise.passage.find(answer)
        return Asked(question, exercise.passage, at, at + len(answer))

    def _whole_question(self, rng: random.Random) -> Asked:
        """Answers of this kind use other words than the question, and say why and how rather than who."""
        pair = _drawn(self._whole, rng)
        text, start = pair.passage, SOMEWHERE
        if rng.random() < UNANSWERED:
            some = [p.passage for p in rng.choices(self._whole[pair.source], k=NEIGHBOURS) if p.passage != text]
            if some:
                text, start = _nearest(pair.question, some), NOWHERE
        first, last = window(text, (0, 1), rng)
        return Asked(pair.question, text[first:last], start, start)

    def _unanswered(self, pair: Pair, rng: random.Random) -> Asked:
        kind = rng.random()
        if kind < CHANGED and (changed := self._changed_question(pair, rng)) is not None:
            at = pair.passage.find(pair.answer)
            start, end = window(pair.passage, (at, at + len(pair.answer)), rng)
            return Asked(changed, pair.passage[start:end], NOWHERE, NOWHERE)
        rest = _without(pair) if kind < CHANGED + CUT else ""
        if len(rest) < SHORT[0]:
            rest = self._near(pair, rng)
        start, end = window(rest, (rng.randrange(len(rest)),) * 2, rng)
        return Asked(pair.question, rest[start:end], NOWHERE, NOWHERE)

    def _changed_question(self, pair: Pair, rng: random.Random) -> str | None:
        others = [n for n in corruption.names_in(pair.passage) if n not in pair.answer]
        kinds: list[Callable[[], str | None]] = [
            lambda: corruption.number(pair.question, rng),
            lambda: corruption.name(pair.question, others, rng),
            lambda: corruption.name(pair.question, corruption.names_in(self._near(pair, rng)), rng),
            lambda: corruption.opposite(pair.question, rng),
            lambda: corruption.denial(pair.question, rng),
        ]
        rng.shuffle(kinds)
        return next((changed for kind in kinds if (changed := kind()) is not None), None)

    def _near(self, pair: Pair, rng: random.Random) -> str:
        """A passage near the question and without the answer: a mined one, else one of the same document."""
        if mined := self._hard.get(pair.question):
            return rng.choice(mined)
        own = [p for p in self._passages[pair.source, pair.title] if pair.answer not in p]
        if not own:
            others = self._by_source[pair.source]
            own = [p.passage for p in rng.choices(others, k=NEIGHBOURS) if pair.answer not in p.passage]
        asked = words.content(pair.question)
        some = rng.sample(own, min(NEIGHBOURS, len(own))) or [pair.question]
        return max(some, key=lambda text: words.coverage(asked, words.content(text)))

    def _not_carried(self, pair: Pair, rng: random.Random) -> Claim | None:
        kind = rng.random()
        sentences = _fit(pair.passage)
        if kind < 0.25:  # a statement of question and answer, with a quote that does not hold the answer
            near = [s for s in [*sentences, *_fit(self._near(pair, rng))] if pair.answer not in s]
            return Claim(statement(pair), _nearest(pair.question, near), False) if near else None
        if kind < 0.35:  # or with another answer
            others = [n for n in corruption.names_in(pair.passage) if n not in pair.answer and pair.answer not in n]
            own = [s for s in sentences if pair.answer in s]
            wrong = corruption.number(pair.answer, rng) or (rng.choice(others) if others else None)
            return Claim(statement(pair, wrong), own[0], False) if wrong and own and wrong not in own[0] else None
        if not sentences:
            return None
        sentence = rng.choice(sentences)
        if kind < 0.5:  # the right sentence with a wrong but near quote
            near = [s for s in [*sentences, *_fit(self._near(pair, rng))] if s != sentence]
            return Claim(sentence, _nearest(sentence, near), False) if near else None
        others = [n for n in corruption.names_in(f"{pair.passage} {self._near(pair, rng)}") if n not in sentence]
        shown = _shortened(sentence, rng) or sentence
        made = [
            corruption.number(shown, rng), corruption.name(shown, others, rng), corruption.opposite(shown, rng),
            corruption.denial(shown, rng), corruption.places(shown, rng),
        ]  # fmt: skip
        possible = [text for text in made if text is not None and text != shown]
        return Claim(rng.choice(possible), _quoted(sentence, pair.passage, rng), False) if possible else None


def _drawn(by_source: Mapping[str, Sequence[Pair]], rng: random.Random) -> Pair:
    sources = sorted(by_source)
    return rng.choice(by_source[rng.choices(sources, [len(by_source[source]) ** 0.75 for source in sources])[0]])


def window(text: str, around: tuple[int, int], rng: random.Random) -> tuple[int, int]:
    """A run of whole sentences that holds `around`, of a length drawn at random."""
    spans = split(text)
    wanted = rng.uniform(*(LONG if rng.random() < LONG_SHARE else SHORT))
    first = max((i for i, (start, _) in enumerate(spans) if start <= around[0]), default=0)
    last = max(first, min((i for i, (_, end) in enumerate(spans) if end >= around[1]), default=len(spans) - 1))
    while spans[last][1] - spans[first][0] < wanted and (first > 0 or last < len(spans) - 1):
        if first > 0 and (rng.random() < 0.5 or last == len(spans) - 1):
            first -= 1
        else:
            last += 1
    return min(spans[first][0], around[0]), max(spans[last][1], around[1])


def statement(pair: Pair, answer: str | None = None) -> str:
    """Question and answer as one sentence, roughly."""
    answer = pair.answer if answer is None else answer
    question = pair.question.strip().rstrip("?. ")
    if match := _SUBJECT.fullmatch(question):
        return f"{answer[:1].upper()}{answer[1:]} {match[1]}."
    if match := _ADVERB.fullmatch(question):
        return f"{match[2][:1].upper()}{match[2][1:]}: {answer}."
    return f"{question}: {answer}."


def _carried(pair: Pair, rng: random.Random) -> Claim | None:
    sentences = _fit(pair.passage)
    if not sentences:
        return None
    kind = rng.random()
    own = [s for s in sentences if pair.answer in s]
    if kind < 0.4 and own:
        return Claim(statement(pair), _quoted(own[0], pair.passage, rng), True)
    sentence = rng.choice(sentences)
    shown = sentence if kind > 0.85 else _shortened(sentence, rng) or _turned(sentence) or sentence
    return Claim(shown, _quoted(sentence, pair.passage, rng), True)


def _quoted(sentence: str, passage: str, rng: random.Random) -> str:
    """The sentence, at times with what stands around it."""
    if rng.random() < 0.6 or (at := passage.find(sentence)) < 0:
        return sentence
    spans = split(passage)
    start = max((s for s, _ in spans if s < at), default=at) if rng.random() < 0.5 else at
    end = min((e for _, e in spans if e > at + len(sentence)), default=at + len(sentence))
    return passage[start:end]


def _without(pair: Pair) -> str:
    """The passage without the sentences that hold the answer."""
    return " ".join(pair.passage[s:e] for s, e in split(pair.passage) if pair.answer not in pair.passage[s:e])


def _fit(text: str) -> list[str]:
    return [text[s:e] for s, e in split(text) if FEWEST_WORDS <= len(text[s:e].split()) <= MOST_WORDS]


def _nearest(text: str, others: Sequence[str]) -> str:
    wanted = words.content(text)
    return max(others, key=lambda other: words.coverage(wanted, words.content(other)))


def _shortened(sentence: str, rng: random.Random) -> str | None:
    """The sentence without one of its parts between commas, dashes or brackets, but not without its first."""
    cuts = [(m.start(), m.end()) for m in _CLAUSE.finditer(sentence)]
    if not cuts:
        return None
    start, end = rng.choice(cuts)
    following = next((s for s, _ in cuts if s > start), len(sentence.rstrip(".")))
    kept = sentence[:start] + (sentence[following:] if sentence[start:end].strip()[:1] != "(" else f" {sentence[end:]}")
    return kept if len(kept.split()) >= FEWEST_WORDS - 1 else None


def _turned(sentence: str) -> str | None:
    """'In 1990, it rained.' as 'It rained in 1990.'"""
    before, comma, after = sentence.rstrip(".").partition(", ")
    if not comma or len(before.split()) > 6 or not after:
        return None
    return f"{after[0].upper()}{after[1:]} {before[0].lower()}{before[1:]}."
