"""Hard negatives: passages that stage one or BM25 ranks high for a question and that do not answer it."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from rag_chat.protocols import Embedder, PairScorer
from rag_chat.scoring import logit
from rag_chat.training.pairs import Pair
from rag_chat.training.word_index import WordIndex

DEPTH = 40  # stage-one ranks looked at for a question
WORDED = 10  # BM25's ranks looked at beside them
MARGIN = 0.05  # without a known answer, a passage nearer to the question than the positive by this is left out
# Nor is one whose log-odds pass the positive's by this: most likely it answers too. All that pass it would be too many,
# for what the scorer mistakes is what there is to learn.
BETTER = 1.0
WORDS = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Group:
    """A question, the passage that answers it and hard negatives, with stage one's cosine for each passage."""

    question: str
    positive: str
    negatives: tuple[str, ...]
    cosines: tuple[float, ...]  # the positive's first
    source: str


def mine(
    pairs: Sequence[Pair],
    embedder: Embedder,
    *,
    negatives: int,
    seed: int,
    others: Sequence[str] = (),
    scorer: PairScorer | None = None,
    progress: Callable[[int], None] | None = None,
) -> list[Group]:
    """Groups for the pairs of one corpus, which `others` are part of; a pair with fewer than four usable negatives is
    left out. Where a pair's answer is not known, `scorer` tells what most likely answers too."""
    rng = random.Random(seed)
    passages = sorted({*(text_of(pair) for pair in pairs), *others})
    place = {text: row for row, text in enumerate(passages)}
    vectors = embedder.encode_passages([shorten(text) for text in passages], progress)
    questions = embedder.encode_passages([pair.question for pair in pairs])
    worded = WordIndex(passages)
    right: defaultdict[str, set[int]] = defaultdict(set)
    for pair in pairs:
        right[pair.question].add(place[text_of(pair)])
    groups = []
    for pair, question in zip(pairs, questions, strict=True):
        cosines = vectors @ question
        own = place[text_of(pair)]
        matched = worded.scores(pair.question)
        nearest, by_words = (
            [
                int(row)
                for row in found
                if row not in right[pair.question] and not _answers(passages[row], pair, cosines[row] - cosines[own])
            ]
            for found in (
                np.argsort(-cosines)[:DEPTH],
                [row for row in np.argsort(-matched, kind="stable")[:WORDED] if matched[row] > 0],
            )
        )
        chosen = _spread(nearest, by_words, negatives, rng)
        if scorer is not None and not pair.answer and chosen:
            chosen = _worse(chosen, pair.question, own, passages, scorer)
        if len(chosen) < 4:
            continue
        groups.append(
            Group(
                question=pair.question,
                positive=passages[own],
                negatives=tuple(passages[row] for row in chosen),
                cosines=(float(cosines[own]), *(float(cosines[row]) for row in chosen)),
                source=pair.source,
            )
        )
    return groups


def text_of(pair: Pair) -> str:
    """The passage as an index would hold it: title in front, and around the answer where it is long."""
    passage = pair.passage
    if pair.answer and len(passage) > 1500 and (at := passage.find(pair.answer)) >= 0:
        start = max(0, min(at - 400, len(passage) - 1200))
        passage = passage[passage.find(" ", start) + 1 if start else 0 : start + 1200]
    return f"{pair.title}. {passage}" if pair.title and not passage.startswith(pair.title) else passage


def shorten(text: str, characters: int = 1600) -> str:
    """Stage one reads 256 word pieces; what is far beyond only costs tokenizing."""
    return text[:characters]


def _answers(passage: str, pair: Pair, nearer: float) -> bool:
    if pair.answer:
        answer, words = WORDS.findall(pair.answer.lower()), WORDS.findall(passage.lower())
        return f" {' '.join(answer)} " in f" {' '.join(words)} "
    return nearer > MARGIN


def _spread(nearest: list[int], by_words: list[int], count: int, rng: random.Random) -> list[int]:
    """Half from the very top of stage one, a quarter from the top of BM25, the rest from anywhere in both lists."""
    top = nearest[: count // 2]
    top += [row for row in by_words if row not in top][: count // 4]
    rest = [row for row in dict.fromkeys([*nearest, *by_words]) if row not in top]
    return top + (rest if len(rest) <= count - len(top) else rng.sample(rest, count - len(top)))


def _worse(rows: list[int], question: str, own: int, passages: Sequence[str], scorer: PairScorer) -> list[int]:
    positive, *scores = map(logit, scorer.score(question, [passages[row] for row in (own, *rows)]))
    return [row for row, score in zip(rows, scores, strict=True) if score <= positive + BETTER]
