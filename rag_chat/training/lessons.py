"""What the answerer learns from: a question, the quotes that the app would show it, and the sentence it shall write.

The quotes are chosen as the app chooses them, from the passage that answers and the passages nearest to the question
beside it, but by stage one's cosine and word overlap instead of the reranker, which would take hours for thousands of
questions. Limit: a passage whose answer does not stand in it word for word is left out.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np

from rag_chat import words
from rag_chat.chat.evidence import REFUSAL
from rag_chat.chat.shortening import closed, place, shorten
from rag_chat.protocols import Embedder
from rag_chat.sentences import readable, split
from rag_chat.training.pairs import Pair
from rag_chat.types import Vectors

QUOTES = 2  # the app shows the best one alone; with a worse one beside it the question has to be read in training
PASSAGES = 5  # the one that answers and the nearest beside it, as many as the app selects
LONGEST_QUOTE, LONGEST_TARGET, SHORTEST = 45, 26, 3  # words; what cannot be said in so many is not learned
REFUSED = 0.06  # share of the questions whose answer is taken out of the quotes
MOST_SENTENCES = 20  # of a passage
OVERLAP = 0.5  # weight of the question's words in a sentence, beside two cosines


@dataclass(frozen=True, slots=True)
class Lesson:
    """Quotes best first; the target is one sentence."""

    question: str
    quotes: tuple[str, ...]
    target: str
    source: str


@dataclass(frozen=True, slots=True)
class _Shelf:
    """The sentences of a source's passages with their vectors; `starts` has each passage's first sentence. A passage's
    vector is the mean of its sentences', which saves encoding everything twice."""

    passages: list[str]
    sentences: list[str]
    stems: list[frozenset[str]]  # of each sentence
    starts: list[int]
    passage_vectors: Vectors
    sentence_vectors: Vectors


def lessons_of(pairs: Sequence[Pair], embedder: Embedder, most: int, seed: int) -> list[Lesson]:
    """At most `most` lessons that pairs of one source give; pairs whose answer cannot be quoted give none."""
    rng = random.Random(seed)
    pairs = [pair for pair in pairs if not pair.answer or place(pair.passage, pair.answer)]
    if not pairs:
        return []
    shelf = _shelf(pairs, embedder)
    place_of = {passage: row for row, passage in enumerate(shelf.passages)}
    lessons: list[Lesson] = []
    rng.shuffle(pairs)
    asked = embedder.encode_passages([pair.question for pair in pairs])
    for pair, question in zip(pairs, asked, strict=True):
        lesson = _lesson(pair, question, shelf, place_of[pair.passage], rng)
        lessons += [lesson] if lesson is not None else []
        if len(lessons) == most:
            break
    return lessons


def _lesson(pair: Pair, question: Vectors, shelf: _Shelf, own: int, rng: random.Random) -> Lesson | None:
    rows = list(range(shelf.starts[own], shelf.starts[own + 1]))
    gold, target = _gold(pair, [shelf.sentences[row] for row in rows])
    if gold is None or not target:
        return None
    cosines = shelf.passage_vectors @ question
    beside = [
        int(p) for p in np.argsort(-cosines)[: 2 * PASSAGES] if p != own and not place(shelf.passages[p], pair.answer)
    ]
    scored = dict(_scores(pair.question, question, shelf, [own, *beside[: PASSAGES - 1]], cosines))
    best = sorted(scored, key=lambda row: -scored[row])
    if rng.random() < REFUSED:
        left = [row for row in best if row not in rows] if not pair.answer else best
        best = [row for row in left if row != rows[gold] and place(shelf.sentences[row], pair.answer) is None]
        target = REFUSAL
    elif rows[gold] not in best[:QUOTES]:  # as if the app's better order had found it
        best = [rows[gold], *best]
    quotes = [" ".join(shelf.sentences[row].split()[:LONGEST_QUOTE]) for row in best[:QUOTES]]
    return Lesson(pair.question, tuple(quotes), target, pair.source) if quotes else None


def _gold(pair: Pair, sentences: Sequence[str]) -> tuple[int | None, str]:
    """The sentence that answers and what shall be said of it; without a known answer the passage's first."""
    fit = [i for i, s in enumerate(sentences) if SHORTEST < len(s.split()) <= LONGEST_QUOTE and "|" not in s]
    asked = words.content(pair.question)
    if pair.answer:
        fit = [i for i in fit if place(sentences[i], pair.answer)]
    else:
        fit = [i for i in fit[:1] if i == 0 and sentences[0][-1] in ".!"]
    if not fit:
        return None, ""
    gold = max(fit, key=lambda i: words.coverage(asked, words.content(sentences[i])))
    sentence = sentences[gold]
    target = shorten(sentence, pair.answer, pair.question) if pair.answer else closed(sentence)
    told = not pair.answer or place(target, pair.answer)
    return gold, target if told and SHORTEST < len(target.split()) <= LONGEST_TARGET else ""


def _scores(
    question: str, vector: Vectors, shelf: _Shelf, passages: Sequence[int], cosines: Vectors
) -> Iterator[tuple[int, float]]:
    asked = words.content(question)
    for passage in passages:
        for row in range(shelf.starts[passage], shelf.starts[passage + 1]):
            near = float(shelf.sentence_vectors[row] @ vector) + float(cosines[passage])
            yield row, near + OVERLAP * words.coverage(asked, shelf.stems[row])


def _shelf(pairs: Sequence[Pair], embedder: Embedder) -> _Shelf:
    by_passage: defaultdict[str, list[str]] = defaultdict(list)
    for pair in pairs:
        if pair.passage not in by_passage:
            texts = [readable(pair.passage[start:end]) for start, end in split(pair.passage)]
            by_passage[pair.passage] = [text for text in texts if len(text.split()) >= SHORTEST][:MOST_SENTENCES]
    passages = list(by_passage)
    sentences = [sentence for passage in passages for sentence in by_passage[passage]]
    starts = [0, *accumulate(len(by_passage[passage]) for passage in passages)]

    vectors = embedder.encode_passages(sentences)
    means = np.stack([vectors[start:end].sum(axis=0) for start, end in pairwise(starts)])
    means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-9)
    stems = [frozenset(words.content(sentence)) for sentence in sentences]
    return _Shelf(passages, sentences, stems, starts, means, vectors)
