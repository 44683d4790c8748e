"""From a sentence of the answer to the quote that carries it best. Markers in the model's text are never trusted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from rag_chat import words
from rag_chat.chat.shortening import place
from rag_chat.chat.support import copies
from rag_chat.protocols import Embedder, SupportChecker
from rag_chat.search_copy import searchable
from rag_chat.sentences import is_row, split
from rag_chat.types import Answer, Quote

MARKER = re.compile(r"\s*\[(?:\d+(?:\s*[,;–-]\s*\d+)*|source[^\]]*|passage[^\]]*|quote[^\]]*)\]", re.IGNORECASE)
# "•", "4.2", "3.", "(a)": what a list or a contract counts by. A decimal number is told by what follows it, which must
# open a sentence ("7.5 Nm" does not).
COUNTED = re.compile(
    r"(?:[•◦▪▫■□●○·‣⁃∙➢➤✓✔]\s*"
    r"|(?:[-–—*]|§?\s?\d{1,3}(?:\.\d{1,3})+\.?|\d{1,2}[.)]|\((?:[a-z]|[ivx]{1,5}|\d{1,2})\)|(?:[a-z]|[ivx]{1,5})\))\s+"
    r"(?=[\"“‘(§\d-]|[A-Z][a-z’']{2,}|(?:A|An|As|At|By|He|I|If|In|Is|It|My|No|Of|On|Or|So|To|Up|We)\b))+"
)
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


def uncounted(said: Attribution) -> Attribution:
    """Without the bullet or the clause's number that its sentence begins with, unless that is what was asked for; the
    quote keeps it, as it stands on the page."""
    found = COUNTED.match(said.sentence)
    if found is None or is_row(said.sentence):
        return said
    rest, answer = said.sentence[found.end() :], said.quote.answer if said.quote else ""
    if not words.content(rest) or (place(said.sentence, answer) and not place(rest, answer)):
        return said
    return replace(said, sentence=f"{rest[0].upper()}{rest[1:]}")


def attribute(sentence: str, quotes: Sequence[Quote], checker: SupportChecker, embedder: Embedder) -> Attribution:
    """The quote that carries the sentence best: of those that share most words the best checked and nearest one."""
    if not quotes:
        return Attribution(sentence, None, 0.0)
    stems = words.content(sentence)
    overlap = np.array([words.coverage(stems, words.content(quote.text)) for quote in quotes])
    near = np.argsort(-overlap, kind="stable")[:SHORTLIST]
    for i in near:
        if copies(sentence, quotes[i].text):
            return Attribution(sentence, quotes[i], 1.0)  # nothing can carry it better: the others are not read
    support = np.array(checker.support(sentence, [quotes[i].text for i in near]))
    best = int(support.argmax())
    if support[best] < SAME_WORDS:
        vectors = embedder.encode_passages([searchable(text) for text in (sentence, *(quotes[i].text for i in near))])
        best = int((support + vectors[1:] @ vectors[0]).argmax())
    return Attribution(sentence, quotes[near[best]], float(support[best]))


def numbered(answer: Answer) -> Answer:
    """With its text, and its passages in the order in which it cites them, those that it does not cite after them: `n`
    is a position in `passages`, and the first `[n]` of an answer is `[1]`."""
    cited = list(dict.fromkeys(citation.number for citation in answer.citations))
    order = sorted(answer.passages, key=lambda p: cited.index(p.number) if p.number in cited else len(cited))
    new = {passage.number: number for number, passage in enumerate(order, start=1)}
    citations = tuple(replace(citation, number=new[citation.number]) for citation in answer.citations)
    marks = [f" [{citations[s.citation].number}]" if s.citation is not None else "" for s in answer.sentences]
    return replace(
        answer,
        text=" ".join(f"{s.text}{mark}" for s, mark in zip(answer.sentences, marks, strict=True)),
        citations=citations,
        passages=tuple(replace(passage, number=new[passage.number]) for passage in order),
    )
