"""The JSON objects have exactly the keys that scripts and clients rely on, in the contract's words."""

import json
from dataclasses import replace

from rag_chat import wire
from rag_chat.types import (
    Answer,
    Candidate,
    Chunk,
    Citation,
    Document,
    Excerpt,
    IngestReport,
    Passage,
    SearchResult,
    Sentence,
    Span,
)

CHUNK = Chunk("c1", "d1", 0, (Span(4, 10, 30), Span(5, 0, 8)), "Heat", "Pumps move heat.\nAnd more")
CANDIDATE = Candidate(CHUNK, "pump.pdf", "iv", 1, 0.123456789, 7, 0.5)
CITATION = Citation(1, "pump.pdf", "d1", 4, "iv", "Pumps move heat.", 10, 26, ((1.0, 2.123456, 3.0, 4.0),), 0.9, True)

CANDIDATE_KEYS = [
    "rank", "score", "stage1_rank", "stage1_score", "document", "doc_id", "page", "page_label", "chunk_id", "text",
]  # fmt: skip
CITATION_KEYS = [
    "number", "document", "doc_id", "page", "page_label", "quote", "start", "end", "boxes", "score", "supported",
]  # fmt: skip
ANSWER_KEYS = [
    "question", "standalone_question", "answer", "abstained", "citations", "passages", "notices", "seconds",
    "sentences",
]  # fmt: skip


def answer(**changes):
    given = dict(question="q", standalone_question="q", text="Pumps move heat. [1]", abstained=False, sentences=())
    given |= dict(citations=(CITATION,), passages=(Passage(1, CANDIDATE),), seconds={"embed": 0.012345, "quote": 1.0})
    return Answer(**(given | changes))


def test_a_candidate_has_the_contracts_keys_and_the_first_page():
    made = wire.candidate(CANDIDATE)
    assert list(made) == CANDIDATE_KEYS
    assert (made["page"], made["page_label"], made["chunk_id"], made["doc_id"]) == (4, "iv", "c1", "d1")
    assert (made["score"], made["stage1_rank"], made["stage1_score"]) == (0.123457, 7, 0.5)


def test_what_stage_one_did_not_return_is_null():
    made = wire.candidate(Candidate(CHUNK, "pump.pdf", "iv", 1, 0.5, None, None))
    assert made["stage1_rank"] is None and made["stage1_score"] is None


def test_a_citation_has_the_contracts_keys_and_plain_boxes():
    made = wire.citation(CITATION)
    assert list(made) == CITATION_KEYS
    assert made["boxes"] == [[1.0, 2.12, 3.0, 4.0]]


def test_a_quote_over_the_end_of_a_page_has_its_rest():
    made = wire.citation(replace(CITATION, continued=(Excerpt(5, "v", "And more", 0, 8, ((1.0, 2.0, 3.0, 4.0),)),)))
    assert list(made) == [*CITATION_KEYS, "continued"]
    assert [list(rest) for rest in made["continued"]] == [["page", "page_label", "quote", "start", "end", "boxes"]]


def test_an_answer_has_the_contracts_keys_and_every_stage_even_if_it_did_not_run():
    made = wire.answer(answer())
    assert list(made) == ANSWER_KEYS
    assert list(made["seconds"]) == ["embed", "retrieve", "rerank", "generate", "verify", "total", "first_token"]
    assert made["seconds"]["embed"] == 0.0123 and made["seconds"]["first_token"] == 0.0
    assert made["answer"] == "Pumps move heat. [1]"
    assert list(made["passages"][0]) == CANDIDATE_KEYS
    json.dumps(made)


def test_each_sentence_of_an_answer_has_its_verdict():
    said = (Sentence("Pumps move heat.", 0, True), Sentence("They hum.", 0, False), Sentence("They sing.", None, False))
    assert wire.answer(answer(sentences=said))["sentences"] == [
        {"text": "Pumps move heat.", "citation": 0, "verdict": "supported"},
        {"text": "They hum.", "citation": 0, "verdict": "weak"},
        {"text": "They sing.", "citation": None, "verdict": "missing"},
    ]


def test_a_line_of_a_batch_carries_its_id_as_it_came():
    found = SearchResult("q", "rerank", (CANDIDATE,), (Passage(1, CANDIDATE),), {"embed": 0.1})
    assert wire.search_line("a", found).keys() == {"id", "candidates", "seconds"}
    assert wire.search_line(7, found)["id"] == 7
    assert list(wire.answer_line("a", answer())) == ["id", *ANSWER_KEYS]


def test_documents_and_reports_have_the_contracts_keys():
    document = Document("d1", "pump.pdf", "Pump", 10, 22, 65000, "2026-01-01T00:00:00+00:00", (8,))
    assert wire.document(document) == {
        "document": "pump.pdf", "doc_id": "d1", "status": "ready", "pages": 10, "chunks": 22, "bytes": 65000,
        "added": "2026-01-01T00:00:00+00:00", "kind": "pdf",
    }  # fmt: skip
    assert list(wire.ingest_report(IngestReport("pump.pdf", None, "failed", error="damaged"))) == [
        "document", "doc_id", "status", "pages", "chunks", "pages_without_text", "pages_ocr", "error", "seconds",
        "code", "pages_failed", "pages_hidden", "replaced", "kind", "pages_garbled", "pages_layer", "repaired",
        "notice",
    ]  # fmt: skip
