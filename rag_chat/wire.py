"""The values as JSON objects, with exactly the keys that scripts and clients rely on (README, "Values in JSON").

Knows nothing about files, terminals or HTTP. Scores are rounded to six digits, seconds to four.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rag_chat.types import Answer, Candidate, Citation, Document, Excerpt, IngestReport, Retry, SearchResult

ANSWER_STAGES = ("embed", "retrieve", "rerank", "generate", "verify", "total", "first_token")
SCORE_DIGITS, SECOND_DIGITS = 6, 4


def candidate(value: Candidate) -> dict[str, Any]:
    return {
        "rank": value.rank,
        "score": _score(value.score),
        "stage1_rank": value.stage1_rank,
        "stage1_score": _score(value.stage1_score),
        "document": value.document,
        "doc_id": value.chunk.doc_id,
        "page": value.chunk.first_page,
        "page_label": value.page_label,
        "chunk_id": value.chunk.id,
        "text": value.chunk.text,
    }


def citation(value: Citation) -> dict[str, Any]:
    """`continued` is there only where the quote runs over the end of its page or around a watermark."""
    made = {
        "number": value.number,
        "document": value.document,
        "doc_id": value.doc_id,
        "page": value.page,
        "page_label": value.page_label,
        "quote": value.quote,
        "start": value.start,
        "end": value.end,
        "boxes": [[round(side, 2) for side in box] for box in value.boxes],
        "score": _score(value.score),
        "supported": value.supported,
    }
    return made | {"continued": [excerpt(e) for e in value.continued]} if value.continued else made


def excerpt(value: Excerpt) -> dict[str, Any]:
    """Where a quote goes on over the end of its page."""
    return {
        "page": value.page,
        "page_label": value.page_label,
        "quote": value.quote,
        "start": value.start,
        "end": value.end,
        "boxes": [[round(side, 2) for side in box] for box in value.boxes],
    }


def answer(value: Answer) -> dict[str, Any]:
    return {
        "question": value.question,
        "standalone_question": value.standalone_question,
        "answer": value.text,
        "abstained": value.abstained,
        "citations": [citation(c) for c in value.citations],
        "passages": [candidate(p.candidate) for p in value.passages],
        "notices": list(value.notices),
        "seconds": answer_seconds(value.seconds),
        "sentences": [{"text": s.text, "citation": s.citation, "verdict": s.verdict} for s in value.sentences],
    }


def answer_seconds(measured: Mapping[str, float]) -> dict[str, float]:
    """Every stage of the contract, zero where it did not run."""
    return {stage: round(measured.get(stage, 0.0), SECOND_DIGITS) for stage in ANSWER_STAGES}


def search_result(value: SearchResult) -> dict[str, Any]:
    return {
        "query": value.query,
        "mode": value.mode,
        "candidates": [candidate(c) for c in value.candidates],
        "passages": [candidate(p.candidate) for p in value.passages],
        "notices": list(value.notices),
        "kind": value.kind,
        "retry": None if value.retry is None else _retry(value.retry),
        "seconds": seconds(value.seconds),
    }


def _retry(value: Retry) -> dict[str, Any]:
    return {"query": value.query, "mode": value.mode, "kept": value.kept}


def search_line(line_id: str | int, value: SearchResult) -> dict[str, Any]:
    """One line of `search --queries`."""
    return {
        "id": line_id,
        "candidates": [candidate(c) for c in value.candidates],
        "seconds": seconds(value.seconds),
    }


def answer_line(line_id: str | int, value: Answer) -> dict[str, Any]:
    """One line of `ask --questions`."""
    return {"id": line_id, **answer(value)}


def document(value: Document) -> dict[str, Any]:
    """A document of the catalog; it is listed only when it is ready."""
    return {
        "document": value.name,
        "doc_id": value.doc_id,
        "status": "ready",
        "pages": value.pages,
        "chunks": value.chunks,
        "bytes": value.size,
        "added": value.added,
        "kind": value.kind,
    }


def ingest_report(value: IngestReport) -> dict[str, Any]:
    return {
        "document": value.document,
        "doc_id": value.doc_id,
        "status": value.status,
        "pages": value.pages,
        "chunks": value.chunks,
        "pages_without_text": list(value.pages_without_text),
        "pages_ocr": list(value.pages_ocr),
        "error": value.error,
        "seconds": round(value.seconds, SECOND_DIGITS),
        "code": value.code,
        "pages_failed": list(value.pages_failed),
        "pages_hidden": list(value.pages_hidden),
        "replaced": list(value.replaced),
        "kind": value.kind,
        "pages_garbled": list(value.pages_garbled),
        "pages_layer": list(value.pages_layer),
        "repaired": value.repaired,
        "notice": value.notice,
    }


def seconds(measured: Mapping[str, float]) -> dict[str, float]:
    return {stage: round(spent, SECOND_DIGITS) for stage, spent in measured.items()}


def _score(value: float | None) -> float | None:
    return None if value is None else round(float(value), SCORE_DIGITS)
