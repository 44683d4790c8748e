"""Questions over documents instead of passages: "Which documents ...?", "How many of the reports ...?".

The five best passages may all be of one document; here each document is heard once, by its best passage.
Limit: it names the documents and shows what each says; the answer's text is left to the generator.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag_chat import words
from rag_chat.scoring import logit
from rag_chat.types import Candidate, Passage

_KINDS = r"(?:documents?|files?|pdfs?|reports?|papers?|contracts?|manuals?|studies|articles?|filings?|letters?)"
_SAYING = (
    r"(?:\s+(?:that|which|do|does|did|have|has|are|is|were|was|of|them|these|those|my|the|can|i|there)\b)*"
    r"(?:\s+(?:mention|say|talk|speak|describe|contain|discuss|cover|refer|deal|name|state|report|concern|include|about)"
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


def select(candidates: Sequence[Candidate], wanted: str) -> tuple[Passage, ...]:
    """The best passage of each document that says all of it, else of each that is about as near as the best one."""
    stems = words.content(wanted)
    said = _firsts([c for c in candidates if words.coverage(stems, words.content(c.chunk.text)) == 1.0])
    kept = said or [c for c in _firsts(candidates) if logit(c.score) > logit(candidates[0].score) - NEAR]
    return tuple(Passage(number, candidate) for number, candidate in enumerate(kept[:MOST], start=1))


def _firsts(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The first of each document."""
    first: dict[str, Candidate] = {}
    for candidate in candidates:
        first.setdefault(candidate.chunk.doc_id, candidate)
    return list(first.values())
