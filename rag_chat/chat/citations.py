"""From a sentence of the answer to the quote that carries it best. Markers in the model's text are never trusted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rag_chat import words
from rag_chat.protocols import Embedder, SupportChecker
from rag_chat.sentences import split
from rag_chat.types import Quote

MARKER = re.compile(r"\s*\[(?:\d+(?:\s*[,;–-]\s*\d+)*|source[^\]]*|passage[^\]]*|quote[^\]]*)\]", re.IGNORECASE)
SHORTLIST = 6  # quotes that overlap most; only these are compared by meaning
SAME_WORDS = 0.999  # a sentence copied from a quote needs no encoder


@dataclass(frozen=True, slots=True)
class Attribution:
    """A sentence of the answer, the quote nearest to it, and how far that quote carries it (0..1)."""

    sentence: str
    quote: Quote | None
    support: float


def sentences_of(answer: str) -> list[str]:
    """The answer's sentences without markers, list signs and emphasis of the model's own."""
    found = []
    for line in MARKER.sub("", answer).splitlines():
        line = re.sub(r"^\s*(?:[-*•]|\d+[.)])\s+", "", line).replace("**", "").strip()
        found += [line[start:end].strip() for start, end in split(line)]
    return [sentence for sentence in found if words.content(sentence)]


def attribute(sentence: str, quotes: Sequence[Quote], checker: SupportChecker, embedder: Embedder) -> Attribution:
    """The quote that carries the sentence best: of those that share most words the best checked and nearest one."""
    if not quotes:
        return Attribution(sentence, None, 0.0)
    stems = words.content(sentence)
    overlap = np.array([words.coverage(stems, words.content(quote.text)) for quote in quotes])
    near = np.argsort(-overlap, kind="stable")[:SHORTLIST]
    support = np.array(checker.support(sentence, [quotes[i].text for i in near]))
    best = int(support.argmax())
    if support[best] < SAME_WORDS:
        vectors = embedder.encode_passages([sentence, *(quotes[i].text for i in near)])
        best = int((support + vectors[1:] @ vectors[0]).argmax())
    return Attribution(sentence, quotes[near[best]], float(support[best]))
