"""The engine over a real library (PDFium, SQLite, vectors), with a scripted generator."""

from __future__ import annotations

import pytest
from fakes import HashEmbedder, OverlapReranker, ScriptedGenerator
from pdfs import write_pdf

from ingest.pipeline import Ingestor
from rag_chat.chat.engine import Engine, Stages
from rag_chat.chat.evidence import REFUSAL, Evidence
from rag_chat.chat.search import Limits, Route, Search
from rag_chat.chat.support import ExactSupport
from rag_chat.config import Settings
from rag_chat.errors import BadQuestion, NotFound
from rag_chat.generation.quoting import QuotingGenerator
from rag_chat.index.connect import open_library
from rag_chat.rerank.keep_order import KeepOrder
from rag_chat.retrieval.dense import DenseRetriever
from rag_chat.retrieval.hybrid import HybridRetriever
from rag_chat.retrieval.saying import SayingRetriever
from rag_chat.types import Finished, Retrieved, Token, Turn

HARBOR = [
    ["The tide gate of Tarnwick opens at five in the morning and is", "closed by the night watch at nine."],
    ["Grain is moved by rail to the northern quay. In 2021 the quay", "received 4.2 million tons of it."],
]
PUMP = [["The circulation pump carries a guarantee of thirty months."], []]
QUESTION = "When is the tide gate of Tarnwick closed?"
GATE = "The tide gate of Tarnwick opens at five in the morning and is closed by the night watch at nine."
GUARANTEE = "What guarantee of months carries the circulation pump?"


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    root, embedder = tmp_path_factory.mktemp("engine"), HashEmbedder()
    opened = open_library(root / "library", "hash", embedder.dimension, chunk_tokens=250, overlap=40, exclusive=True)
    with Ingestor(opened, embedder, Settings()) as ingestor:
        for name, pages in (("harbor", HARBOR), ("pump", PUMP)):
            assert ingestor.add(write_pdf(root / f"{name}.pdf", pages)).status == "ready"
    yield opened
    opened.close()


@pytest.fixture
def engine(library):
    """Makes an engine; without a generator of its own, one that must not be asked."""

    def make(generator=None, reranker=None, catalog=None, evidence=None, **limits):
        embedder, known = HashEmbedder(), catalog or library.catalog
        reranker = reranker or OverlapReranker()
        dense = DenseRetriever(embedder, library.store, known)
        routes = {
            "dense": Route(dense, KeepOrder()),
            "rerank": Route(dense, reranker),
            "exhaustive": Route(dense, reranker),
            "hybrid": Route(HybridRetriever(embedder, library.store, known), reranker),
            "late-interaction": Route(HybridRetriever(embedder, library.store, known), OverlapReranker()),
        }
        stages = Stages(
            catalog=known,
            embedder=embedder,
            search=Search(known, routes, Limits(**limits), SayingRetriever(embedder, library.store, known)),
            evidence=evidence or Evidence(OverlapReranker()),
            generator=generator or ScriptedGenerator(),
            support=ExactSupport(),
            place_quote=lambda doc_id, page, start, end: ((float(page), float(start), float(end), 1.0),),
        )
        return Engine(stages, Limits(**limits))

    return make


@pytest.fixture
def doc_ids(library):
    return {document.name: document.doc_id for document in library.catalog.documents()}


def answer_of(engine, question=QUESTION, *rest, **options):
    *_, last = engine.ask(question, *rest, **options)
    assert isinstance(last, Finished)
    return last.answer


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


def test_the_generator_gets_the_question_that_stands_alone(engine):
    generator = ScriptedGenerator().enqueue(GATE)
    found = answer_of(engine(generator), "And when does it open?", [Turn(QUESTION, GATE)])
    assert generator.briefs[0].question == found.standalone_question == f"{QUESTION} And when does it open?"
    assert found.question == "And when does it open?"


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


@pytest.mark.parametrize("question", ["", " \n\t"])
@pytest.mark.parametrize("turns", [(), (Turn(QUESTION, GATE),)])
def test_an_empty_question_is_refused_also_as_a_follow_up(engine, question, turns):
    with pytest.raises(BadQuestion, match="empty"):
        next(engine().ask(question, turns))


def test_an_overlong_question_is_refused_with_both_numbers(engine):
    with pytest.raises(BadQuestion, match=r"101 characters.*100.*question_characters"):
        engine(question_characters=100).search("x" * 101)
    with pytest.raises(BadQuestion, match="100,000 characters"):
        next(engine().ask("x" * 100_000))


def test_an_earlier_question_makes_no_follow_up_too_long(engine):
    found = answer_of(
        engine(ScriptedGenerator().enqueue(GATE), question_characters=60),
        "And when does it open, the gate of Tarnwick?",
        [Turn(QUESTION, GATE)],
    )
    assert found.standalone_question == "And when does it open, the gate of Tarnwick?"


def test_an_unknown_document_is_refused_by_its_id(engine):
    with pytest.raises(NotFound, match="No document 'beef' is in the library"):
        engine().search(QUESTION, doc_ids=["beef"])


def test_an_empty_library_says_what_to_do(engine, tmp_path):
    empty = open_library(tmp_path / "empty", "hash", 64, chunk_tokens=250, overlap=40, exclusive=True)
    with pytest.raises(NotFound, match="no documents yet; add some"):
        engine(catalog=empty.catalog).search(QUESTION)
    empty.close()


def test_only_the_documents_asked_for_are_searched(engine, doc_ids):
    found = engine().search(QUESTION, doc_ids=[doc_ids["pump.pdf"]])
    assert {c.document for c in found.candidates} == {"pump.pdf"}


@pytest.mark.parametrize(
    ("speed", "seconds", "most", "expected"),
    [
        (0.0, 1.0, 500, "hybrid"),  # not measured yet
        (2.9, 1.0, 500, "hybrid"),
        (3.0, 1.0, 500, "exhaustive"),  # the library has three chunks
        (1.5, 2.0, 500, "exhaustive"),
        (1e9, 1.0, 2, "hybrid"),
    ],
)
def test_auto_scores_everything_only_where_that_is_measured_to_be_in_time(
    engine, library, speed, seconds, most, expected
):
    assert library.catalog.chunk_count() == 3
    reranker = OverlapReranker(pairs_per_second=speed)
    made = engine(reranker=reranker, exhaustive_seconds=seconds, exhaustive_chunks=most, candidates=1)
    assert made.search(QUESTION).mode == expected
    assert reranker.ranked == [3 if expected == "exhaustive" else 1]


def test_dense_keeps_stage_ones_order_and_both_stages_are_shown_otherwise(engine):
    dense = engine().search(GUARANTEE, mode="dense")
    assert [c.rank for c in dense.candidates] == [c.stage1_rank for c in dense.candidates]
    both = engine().search("rail", mode="rerank", candidates=3, passages=1)
    assert len(both.passages) == 1
    assert sorted(c.stage1_rank for c in both.candidates) == [1, 2, 3]
    assert [c.score for c in both.candidates] == [1.0, 0.0, 0.0]


def test_another_language_than_the_encoders_is_said(engine):
    question = "Wann wird das Tor der Stadt Tarnwick geöffnet?"
    found = engine(english_encoder="mini").search(question)
    assert found.notices == (
        "The question is not in English, the only language that 'mini' reads well; for others set"
        " RAG_CHAT_PROFILE=multilingual and run rag-ingest --rebuild.",
    )
    assert engine().search(question).notices == ()
    said = answer_of(engine(ScriptedGenerator().enqueue(GATE), english_encoder="mini"), question)
    assert said.notices == found.notices
    assert answer_of(engine(ScriptedGenerator().enqueue(GATE), english_encoder="mini")).notices == ()


def test_documents_that_say_something_are_counted_and_quoted_by_the_program(engine, doc_ids):
    found = answer_of(engine(), "Which documents mention the circulation pump?")
    assert found.text == (
        "1 of 2 documents says so: pump.pdf: The circulation pump carries a guarantee of thirty months. [1]"
    )
    assert (found.abstained, [c.document for c in found.citations]) == (False, ["pump.pdf"])
    both = engine().search("How many documents mention months or grain?")
    assert (both.kind, both.saying) == ("passages", 0)  # no chunk has both words: the nearest are meant
    one = engine().search("Which files talk about the quay?", doc_ids=[doc_ids["harbor.pdf"]])
    assert (one.kind, one.saying, one.searched) == ("documents", 1, 1)


def test_a_summary_goes_through_the_documents_sections(engine, doc_ids):
    found = answer_of(engine(evidence_threshold=1.0), "Please summarise harbor.pdf.")  # asks no reader
    assert {c.page for c in found.citations} == {1, 2}
    assert {c.doc_id for c in found.citations} == {doc_ids["harbor.pdf"]}
    assert "tide gate" in found.text and "northern quay" in found.text
    chosen = engine().search("What is this document about?", doc_ids=[doc_ids["pump.pdf"]])
    assert (chosen.kind, len(chosen.passages), chosen.retry) == ("summary", 1, None)
    assert engine().search("What is this document about?").kind == "passages"  # of two documents none is named
    assert engine().search("Summarise the guarantee of pump.pdf").kind == "passages"


def test_a_large_model_sums_up_from_a_passage_of_each_section(engine):
    writer = ScriptedGenerator(trusted=True).enqueue("The tide gate of Tarnwick opens at five.")
    found = answer_of(engine(writer), "Give me a summary of harbor")
    assert found.text == "The tide gate of Tarnwick opens at five. [1]"
    assert [brief.summary for brief in writer.briefs] == [True]


def test_pages_hold_a_search_and_an_answer(engine, doc_ids):
    found = engine().search(QUESTION, doc_ids=[doc_ids["harbor.pdf"]], pages=(2, 2))
    assert {c.chunk.first_page for c in found.candidates} == {2}
    answer = answer_of(engine(QuotingGenerator()), QUESTION, pages=(2, 9))
    assert {p.chunk.first_page for p in answer.passages} == {2}
    with pytest.raises(BadQuestion, match="Pages 3 to 2 are none"):
        engine().search(QUESTION, pages=(3, 2))


def test_a_slip_of_the_keyboard_is_mended_when_little_was_found(engine):
    found = engine(mode="hybrid").search("circulaton pummp guarante")
    assert found.retry is not None
    assert (found.retry.query, found.retry.kept) == ("circulation pump guarantee", True)
    assert found.notices == (
        "Searched for “circulation pump guarantee”, since the documents do not know all the words.",
    )
    assert found.passages[0].candidate.document == "pump.pdf"
    assert "retry" in found.seconds
    assert engine(mode="hybrid").search(GUARANTEE).retry is None


def test_a_weak_result_of_auto_is_looked_for_once_more_by_late_interaction(engine, library):
    auto = engine(exhaustive_chunks=0)
    found = auto.search("zeppelins over Zanzibar")
    assert found.retry is not None
    assert (found.retry.query, found.retry.mode, found.retry.kept) == (
        "zeppelins over Zanzibar", "late-interaction", False
    )  # fmt: skip
    assert (found.mode, found.notices) == ("hybrid", ())
    assert engine(mode="hybrid").search("zeppelins over Zanzibar").retry is None  # the user chose


def test_neighbours_go_along_with_a_passage(engine, library):
    alone = engine().search("Grain rail northern quay", passages=1).passages[0].chunk
    wide = engine(neighbours=1).search("Grain rail northern quay", passages=2).passages
    assert alone.text in wide[0].chunk.text and "night watch at nine" in wide[0].chunk.text
    assert [p.number for p in wide] == list(range(1, len(wide) + 1))
    assert len([p for p in wide if p.chunk.doc_id == alone.doc_id]) == 1
    place = wide[0].chunk.text.index("Grain is moved")
    span = wide[0].chunk.locate(place, place + 14)
    assert library.catalog.page(alone.doc_id, span.page).text[span.start : span.end] == "Grain is moved"
