"""Questions over documents instead of passages: "Which documents ...?", "How many of the reports ...?".

The five best passages may all be of one document; here each document is heard once, by its best passage, and the
program counts them, since no model does so reliably. What counts is a document with all the words of the subject in
one chunk; where none has them, the nearest documents' passages answer as they do any other question.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from rag_chat import words
from rag_chat.chat.citations import Attribution
from rag_chat.chat.passages import quotable
from rag_chat.scoring import logit
from rag_chat.types import Candidate, Passage, Quote, SearchResult

_KINDS = r"(?:documents?|files?|pdfs?|reports?|papers?|contracts?|manuals?|studies|articles?|filings?|letters?)"
_SAYING = (
    r"(?:\s+(?:that|which|do|does|did|have|has|are|is|were|was|of|them|these|those|my|the|can|i|there)\b)*"
    r"(?P<says>\s+(?:mention|say|talk|speak|describe|contain|discuss|cover|refer|deal|name|state|report|concern|include|about)"
    r"(?:s|es|ed|ing)?\b(?:\s+(?:about|of|to|with|that|anything|something)\b)*)?"
)
_ASKED = re.compile(
    rf"^\s*(?:in\s+)?(?:(?:which|what|how\s+many)\s+(?:of\s+)?|(?:list|name|show)\s+(?:me\s+)?)"
    rf"(?:(?:the|these|those|my|our|all|every)\s+)*(?:\w+\s+)?{_KINDS}\b{_SAYING}\s*(?P<subject>.*?)\s*[?.!]*\s*$",
    re.IGNORECASE | re.DOTALL,
)
MOST = 20  # documents named in one answer
NEAR = 0.7  # in logits under the best document's passage: what counts as meant too where none says it word for word


def subject(question: str) -> str | None:
    """What the documents are asked for: "Which documents mention hydrogen?" -> "hydrogen"; None for other questions."""
    found = _ASKED.match(question)
    return (found["subject"] or question) if found else None


def counted(question: str) -> bool:
    """Whether it asks for what the documents say ("mention", "are about"), so that they can be counted.

    "Which documents are required for a visa?" asks for something else.
    """
    found = _ASKED.match(question)
    return found is not None and bool(found["says"])


def heard(candidates: Sequence[Candidate]) -> tuple[Passage, ...]:
    """The passages of the best documents, one each."""
    return tuple(Passage(number, candidate) for number, candidate in enumerate(_firsts(candidates)[:MOST], start=1))


def nearest(candidates: Sequence[Candidate]) -> tuple[Passage, ...]:
    """The best passage of each document that is about as near as the best one: none says it word for word."""
    return heard([c for c in candidates if logit(c.score) > logit(candidates[0].score) - NEAR])


def quotes(passages: Sequence[Passage], wanted: str) -> tuple[Quote, ...]:
    """Of each passage the sentence that says most of it."""
    stems = words.content(wanted)
    said = ([(words.coverage(stems, words.content(q.text)), q) for q in quotable([passage])] for passage in passages)
    return tuple(
        replace(best[1], score=best[0]) for own in said if (best := max(own, key=lambda one: one[0], default=None))
    )


def answer(found: SearchResult, quoted: Sequence[Quote]) -> list[Attribution]:
    """How many documents say it, and each with its own words."""
    listed = [f"{quote.passage.candidate.document}: {quote.text}" for quote in quoted]
    said = f"{found.saying} of {found.searched} documents {'says' if found.saying == 1 else 'say'} so"
    some = "" if found.saying <= len(listed) else f"; {len(listed)} of them"
    sentences = [f"{said}{some}: {listed[0]}", *listed[1:]] if listed else []
    return [Attribution(sentence, quote, 1.0) for sentence, quote in zip(sentences, quoted, strict=True)]


def _firsts(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The first of each document."""
    first: dict[str, Candidate] = {}
    for candidate in candidates:
        first.setdefault(candidate.chunk.doc_id, candidate)
    return list(first.values())
