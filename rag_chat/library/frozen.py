"""An Answer as the JSON that a conversation keeps, and back.

Quotes are kept word for word. Passages and candidates are kept as places (document, pages, characters): their text is
read from the catalog when it is wanted, so that it goes when its document is deleted, and a digest tells whether it is
still the same.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from rag_chat.types import (
    Answer,
    Candidate,
    Chunk,
    Citation,
    Excerpt,
    Page,
    Passage,
    Sentence,
    Signals,
    Span,
)

PageOf = Callable[[str, int], Page | None]  # doc_id, page number


def freeze(answer: Answer) -> str:
    """Everything but the candidates; see `freeze_candidates`."""
    return _json(
        {
            "question": answer.question,
            "standalone": answer.standalone_question,
            "text": answer.text,
            "abstained": answer.abstained,
            "sentences": [[s.text, s.citation, s.supported] for s in answer.sentences],
            "citations": [asdict(c) for c in answer.citations],
            "passages": [[p.number, _flat(p.candidate)] for p in answer.passages],
            "generator": answer.generator,
            "seconds": answer.seconds,
            "mode": answer.mode,
            "notices": answer.notices,
        }
    )


def freeze_candidates(candidates: Sequence[Candidate]) -> str:
    return _json([_flat(candidate) for candidate in candidates])


def thaw(frozen: str, page_of: PageOf, candidates: str = "[]") -> Answer:
    """The answer; texts that are no longer there, or no longer the same, are ''."""
    kept = json.loads(frozen)
    return Answer(
        question=kept["question"],
        standalone_question=kept["standalone"],
        text=kept["text"],
        abstained=kept["abstained"],
        sentences=tuple(Sentence(*sentence) for sentence in kept["sentences"]),
        citations=tuple(_citation(citation) for citation in kept["citations"]),
        passages=tuple(Passage(number, _candidate(flat, page_of)) for number, flat in kept["passages"]),
        candidates=thaw_candidates(candidates, page_of),
        generator=kept["generator"],
        seconds=kept["seconds"],
        mode=kept["mode"],
        notices=tuple(kept.get("notices", ())),  # kept since they exist
    )


def thaw_candidates(frozen: str, page_of: PageOf) -> tuple[Candidate, ...]:
    return tuple(_candidate(flat, page_of) for flat in json.loads(frozen))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _flat(candidate: Candidate) -> dict[str, Any]:
    chunk, signals = candidate.chunk, candidate.signals
    return {
        "chunk": [chunk.id, chunk.doc_id, chunk.ordinal, chunk.heading],
        "spans": [[s.page, s.start, s.end, *([True] if s.header else [])] for s in chunk.spans],
        "digest": _digest(chunk.text),
        "document": [candidate.document, candidate.page_label, candidate.title],
        "ranks": [candidate.rank, candidate.score, candidate.stage1_rank, candidate.stage1_score],
        "signals": [signals.cosine, signals.maxsim, signals.joint, signals.lexical],
    }


def _candidate(flat: dict[str, Any], page_of: PageOf) -> Candidate:
    chunk_id, doc_id, ordinal, heading = flat["chunk"]
    spans = tuple(Span(*span) for span in flat["spans"])
    pages = [page_of(doc_id, span.page) for span in spans]
    text = "\n".join(page.text[span.start : span.end] for page, span in zip(pages, spans, strict=True) if page)
    document, label, title = flat["document"]
    rank, score, stage1_rank, stage1_score = flat["ranks"]
    return Candidate(
        Chunk(chunk_id, doc_id, ordinal, spans, heading, text if _digest(text) == flat["digest"] else ""),
        document,
        label,
        rank,
        score,
        stage1_rank,
        stage1_score,
        signals=Signals(*flat["signals"]),
        title=title,
    )


def _citation(kept: dict[str, Any]) -> Citation:
    rest = tuple(Excerpt(**{**part, "boxes": _boxes(part["boxes"])}) for part in kept["continued"])
    return Citation(**{**kept, "boxes": _boxes(kept["boxes"]), "continued": rest})


def _boxes(kept: Sequence[Sequence[float]]) -> tuple[Any, ...]:
    return tuple(tuple(box) for box in kept)


def _digest(text: str) -> int:
    return zlib.crc32(text.encode())
