"""From a question to a checked answer, with a scripted generator."""

from __future__ import annotations

import pytest
from fakes import HashEmbedder, OverlapReranker, ScriptedGenerator
from pdfs import write_pdf
from tide_gate import GATE, GUARANTEE, QUESTION, answer_of

from ingest.pipeline import Ingestor
from rag_chat.chat.evidence import REFUSAL, Evidence
from rag_chat.config import Settings
from rag_chat.errors import NotFound
from rag_chat.generation.quoting import QuotingGenerator
from rag_chat.types import Finished, Retrieved, Token


def test_passages_come_first_then_tokens_then_the_checked_answer(engine):
    events = list(engine(ScriptedGenerator().enqueue(GATE)).ask(QUESTION))
    assert [type(event) for event in events] == [Retrieved, Token, Finished]
    first, token, last = events
    assert token.text.strip() == GATE
    assert last.answer.text == f"{GATE} [1]"
    assert not last.answer.abstained
    assert last.answer.passages == first.passages
    assert first.passages[0].number == 1
    assert set(last.answer.seconds) >= {"embed", "retrieve", "rerank", "generate", "verify", "first_token", "total"}


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_the_answer_does_not_depend_on_how_the_text_was_cut_into_pieces(engine, size):
    said = (
        "1. The tide gate of Tarnwick opens at five [7].\n2. Grain is moved by rail [2] to the quay. It is so!\n\n" * 2
    )
    pieces = [said[i : i + size] for i in range(0, len(said), size)]
    found = answer_of(engine(ScriptedGenerator(trusted=True).enqueue(*pieces)))
    assert [s.text for s in found.sentences] == [
        "The tide gate of Tarnwick opens at five.",
        "Grain is moved by rail to the quay.",
    ]


def test_a_citation_is_verbatim_text_of_its_page(engine, library, doc_ids):
    said = "The circulation pump carries a guarantee of thirty months. In 2021 the quay received 4.2 million tons."
    found = answer_of(
        engine(ScriptedGenerator(trusted=True).enqueue(said)), f"{GUARANTEE} How many tons received the quay?"
    )
    assert [(c.document, c.page) for c in found.citations] == [("pump.pdf", 1), ("harbor.pdf", 2)]
    for citation in found.citations:
        page = library.catalog.page(citation.doc_id, citation.page)
        assert page.text[citation.start : citation.end] == citation.quote
        assert citation.boxes == ((citation.page, citation.start, citation.end, 1.0),)
        assert citation.supported
    assert found.citations[1].quote == "In 2021 the quay \nreceived 4.2 million tons of it."
    assert [s.citation for s in found.sentences] == [0, 1]
    numbers = [c.number for c in found.citations]
    assert found.text.count(f"[{numbers[0]}]") == found.text.count(f"[{numbers[1]}]") == 1
    by_number = {p.number: p.chunk.doc_id for p in found.passages}
    assert [by_number[n] for n in numbers] == [doc_ids["pump.pdf"], doc_ids["harbor.pdf"]]


def test_passages_are_numbered_in_the_order_in_which_the_answer_cites_them(engine):
    said = "In 2021 the quay received 4.2 million tons of it."
    events = list(engine(ScriptedGenerator(trusted=True).enqueue(said)).ask(f"{GUARANTEE} How many tons?"))
    retrieved, found = events[0], events[-1].answer
    (cited,) = found.citations
    assert retrieved.passages[0].chunk.doc_id != cited.doc_id  # it was not the best one
    assert (cited.number, found.text) == (1, f"{said} [1]")
    assert [p.number for p in found.passages] == list(range(1, len(found.passages) + 1))
    assert found.passages[0].chunk.doc_id == cited.doc_id
    others = [p.candidate.rank for p in found.passages[1:]]
    assert others == sorted(others) and {p.candidate for p in found.passages} == {
        p.candidate for p in retrieved.passages
    }


def test_markers_of_the_model_are_replaced_by_checked_ones(engine):
    found = answer_of(engine(ScriptedGenerator().enqueue("The tide gate of Tarnwick opens at five [7][2].")))
    assert found.text == "The tide gate of Tarnwick opens at five. [1]"


def test_a_small_models_unsupported_sentence_is_dropped(engine):
    said = f"{GATE} The gate was built by giants in 1803."
    found = answer_of(engine(ScriptedGenerator().enqueue(said)))
    assert found.text == f"{GATE} [1]"
    assert [s.supported for s in found.sentences] == [True]


def test_where_nothing_is_left_the_best_quotes_are_shown(engine):
    engine_ = engine(ScriptedGenerator().enqueue("The gate was built by giants in 1803."))
    events = list(engine_.ask(QUESTION))
    found = events[-1].answer
    assert "giants" not in "".join(event.text for event in events if isinstance(event, Token))
    assert found.text.startswith(f"{GATE} [1]")
    assert all(s.supported for s in found.sentences)
    assert not found.abstained


def test_a_large_models_unsupported_sentence_stays_and_is_marked(engine):
    said = f"{GATE} The gate was built by giants in 1803."
    found = answer_of(engine(ScriptedGenerator(trusted=True).enqueue(said)))
    assert found.text == f"{GATE} [1] The gate was built by giants in 1803."
    assert [(s.supported, s.citation) for s in found.sentences] == [(True, 0), (False, None)]
    assert len(found.citations) == 1


def test_a_large_models_half_carried_sentence_keeps_its_quote_and_is_doubted(engine):
    said = "The tide gate of Tarnwick opens at five and is not closed by the night watch."
    found = answer_of(engine(ScriptedGenerator(trusted=True).enqueue(said)))
    assert found.text == f"{said} [1]"
    assert [s.verdict for s in found.sentences] == ["weak"]
    assert [c.supported for c in found.citations] == [False]


def test_a_quote_over_the_end_of_a_page_is_cited_on_both(engine, library, tmp_path):
    path = write_pdf(
        tmp_path / "crossing.pdf", [["The lighthouse of Osk was lit by whale oil until"], ["the winter of 1871."]]
    )
    with Ingestor(library, HashEmbedder(), Settings()) as ingestor:
        doc_id = ingestor.add(path).doc_id
    try:
        found = answer_of(engine(QuotingGenerator()), "Until when was the lighthouse of Osk lit?", doc_ids=[doc_id])
        (citation,) = found.citations
        (rest,) = citation.continued
        assert (citation.page, citation.quote) == (1, "The lighthouse of Osk was lit by whale oil until")
        assert (rest.page, rest.quote, rest.boxes[0][0]) == (2, "the winter of 1871.", 2.0)
    finally:
        library.delete(doc_id)


def test_a_large_models_refusal_is_an_abstention(engine):
    found = answer_of(engine(ScriptedGenerator(trusted=True).enqueue("The documents ", "do not say.")))
    assert (found.text, found.abstained, found.sentences) == (REFUSAL, True, ())
    assert found.passages


def test_a_sentence_said_twice_is_shown_once_and_one_quote_is_one_citation(engine):
    said = f"{GATE} {GATE} The tide gate opens at five."
    found = answer_of(engine(ScriptedGenerator(trusted=True).enqueue(said)))
    assert [s.citation for s in found.sentences] == [0, 0]
    assert len(found.citations) == 1


def test_quoting_answers_word_for_word(engine):
    found = answer_of(engine(QuotingGenerator()), GUARANTEE)
    assert found.text == "The circulation pump carries a guarantee of thirty months. [1]"


def test_under_the_threshold_the_nearest_passages_are_shown_and_no_model_is_asked(engine):
    generator = ScriptedGenerator()
    events = list(
        engine(generator, evidence=Evidence(OverlapReranker(), threshold=0.9)).ask("Which elephants visited Tarnwick?")
    )
    assert [type(event) for event in events] == [Retrieved, Finished]
    found = events[-1].answer
    assert (found.text, found.abstained, found.citations) == (REFUSAL, True, ())
    assert "Tarnwick" in found.passages[0].chunk.text
    assert generator.briefs == []


def test_a_threshold_of_the_users_goes_before_the_models(engine):
    generator = ScriptedGenerator().enqueue(GATE)
    strict = Evidence(OverlapReranker(), threshold=1.0)
    assert answer_of(engine(generator, evidence=strict)).abstained
    assert not answer_of(engine(generator, evidence=strict, evidence_threshold=0.1)).abstained


@pytest.mark.parametrize("mode", ["auto", "dense", "rerank", "exhaustive"])
def test_without_passages_no_model_is_asked(engine, mode):
    generator = ScriptedGenerator(trusted=True)
    found = answer_of(engine(generator, evidence_threshold=0.0, mode=mode), doc_ids=[])
    assert (found.text, found.abstained, found.passages) == (REFUSAL, True, ())
    assert generator.briefs == []


def test_closing_the_answer_closes_the_generator(engine):
    generator = ScriptedGenerator(trusted=True).enqueue(f"{GATE}\n", "The tide gate opens.\n", "And so on.\n")
    events = engine(generator).ask(QUESTION)
    assert [type(next(events)) for _ in range(2)] == [Retrieved, Token]
    assert generator.closed == 0
    events.close()
    assert generator.closed == 1


def test_a_small_model_is_stopped_after_its_first_sentence_and_before_it_is_shown(engine):
    generator = ScriptedGenerator().enqueue(f"{GATE}\n", "The tide gate opens.\n", "And so on.\n")
    events = engine(generator).ask(QUESTION)
    assert [type(next(events)) for _ in range(2)] == [Retrieved, Token]
    assert generator.closed == 1
    assert [s.text for s in next(events).answer.sentences] == [GATE]


@pytest.mark.parametrize("said", ["The tide gate of Tarnwick opens at noon.", "Grain is moved by rail.", "Yes!", ""])
def test_what_the_best_quote_does_not_carry_gives_way_to_it(engine, said):
    found = answer_of(engine(ScriptedGenerator().enqueue(said)))
    assert [s.text for s in found.sentences] == [GATE]
    assert found.citations[0].supported


def test_a_document_that_is_deleted_while_it_is_cited_is_said_to_be(engine, library, doc_ids):
    """Its file goes first: a page that cannot be opened is no fault of the file then."""
    made = engine(ScriptedGenerator().enqueue(GATE))
    events = made.ask(QUESTION)
    assert isinstance(next(events), Retrieved)
    for doc_id in doc_ids.values():
        library.delete(doc_id)
    with pytest.raises(NotFound, match="was deleted while it was written; ask again"):
        list(events)
