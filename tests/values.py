"""Candidates, passages and quotes for tests, with only what a test cares about."""

from __future__ import annotations

from rag_chat.types import Candidate, Chunk, Passage, Quote, Span


def chunk(text: str, *, doc_id: str = "d", page: int = 1, start: int = 0, name: str = "") -> Chunk:
    """A chunk of one page, which begins at `start` of the page's text."""
    return Chunk(name or f"{doc_id}-{page}-{start}", doc_id, 0, (Span(page, start, start + len(text)),), "", text)


def candidate(text: str | Chunk, *, rank: int = 1, score: float = 1.0, label: str = "") -> Candidate:
    found = chunk(text) if isinstance(text, str) else text
    return Candidate(found, f"{found.doc_id}.pdf", label or str(found.first_page), rank, score, rank, score)


def passage(text: str | Chunk, number: int = 1, *, score: float = 1.0, label: str = "") -> Passage:
    return Passage(number, candidate(text, rank=number, score=score, label=label))


def quote(text: str, *, number: int = 1, start: int = 0, score: float = 1.0) -> Quote:
    """A sentence that is a whole passage."""
    return Quote(passage(text, number), start, start + len(text), text, score)
