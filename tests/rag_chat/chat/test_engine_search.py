"""What the engine searches: modes, filters, questions over documents, a second try."""

from __future__ import annotations

import pytest
from fakes import OverlapReranker, ScriptedGenerator
from tide_gate import GATE, GUARANTEE, QUESTION, answer_of

from rag_chat.errors import BadQuestion, NotFound
from rag_chat.generation.quoting import QuotingGenerator
from rag_chat.index.connect import open_library
from rag_chat.types import Finished, Turn


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


def test_bytes_that_are_no_text_are_refused(engine):
    with pytest.raises(BadQuestion, match="Character 7 of the question is no text"):
        engine().search("lease \udcff")


def test_a_mode_and_numbers_that_are_none_are_refused(engine):
    with pytest.raises(BadQuestion, match="No mode is called 'wat'; name one of auto, dense"):
        engine().search(QUESTION, mode="wat")
    for name, number, most in (("candidates", -3, 1000), ("candidates", 5000, 1000), ("passages", 0, 50)):
        with pytest.raises(BadQuestion, match=f"{number} {name} cannot be looked for; ask for 1 to {most}"):
            engine().search(QUESTION, **{name: number})
    with pytest.raises(BadQuestion, match="'many' candidates cannot be looked for"):
        engine().search(QUESTION, candidates="many")


@pytest.mark.parametrize("pages", [5, (3,), ("1", "2"), (2, 1), (0, 4)])
def test_pages_that_are_no_range_are_refused(engine, pages):
    with pytest.raises(BadQuestion, match=r"^Pages .*; give a first"):
        engine().search(QUESTION, pages=pages)


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


GERMAN = "Wann öffnet das Gezeitentor und wie lange bleibt es offen?"


@pytest.mark.parametrize(
    ("speed", "seconds", "most", "candidates", "encoder", "question", "expected"),
    [
        (0.0, 1.0, 500, 3, "", QUESTION, "hybrid"),  # not measured yet
        (2.9, 1.0, 500, 3, "", QUESTION, "hybrid"),
        (3.0, 1.0, 500, 3, "", QUESTION, "exhaustive"),  # the library has three chunks
        (1.5, 2.0, 500, 3, "", QUESTION, "exhaustive"),
        (1e9, 1.0, 2, 3, "", QUESTION, "hybrid"),
        (1e9, 1.0, 500, 2, "", QUESTION, "hybrid"),  # stage one has something to choose
        (1e9, 1.0, 500, 2, "", GERMAN, "hybrid"),  # its encoder reads other languages
        (1e9, 1.0, 500, 2, "an English one", QUESTION, "hybrid"),
        (1e9, 1.0, 500, 2, "an English one", GERMAN, "exhaustive"),
        (1e9, 1.0, 2, 2, "an English one", GERMAN, "hybrid"),
        (2.9, 1.0, 500, 2, "an English one", GERMAN, "hybrid"),
    ],
)
def test_auto_scores_everything_where_stage_one_has_no_say_and_there_is_time(
    engine, library, speed, seconds, most, candidates, encoder, question, expected
):
    assert library.catalog.chunk_count() == 3
    reranker = OverlapReranker(pairs_per_second=speed)
    made = engine(
        reranker=reranker, weak=None, exhaustive_seconds=seconds, exhaustive_chunks=most, candidates=candidates,
        english_encoder=encoder,
    )  # fmt: skip
    assert made.search(question).mode == expected
    assert reranker.ranked == [3 if expected == "exhaustive" else candidates]


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
        "The question looks like German, but 'mini' reads English only; for other languages set"
        " RAG_CHAT_PROFILE=multilingual and run rag-ingest --rebuild.",
    )
    assert engine().search(question).notices == ()
    said = answer_of(engine(ScriptedGenerator().enqueue(GATE), english_encoder="mini"), question)
    assert said.notices == found.notices
    assert answer_of(engine(ScriptedGenerator().enqueue(GATE), english_encoder="mini")).notices == ()


def test_documents_that_mention_something_are_counted_and_quoted_by_the_program(engine, doc_ids):
    found = answer_of(engine(), "Which documents mention the circulation pump?")
    assert found.text == (
        "1 of 2 documents mentions “circulation pump”: pump.pdf: The circulation pump carries a guarantee of thirty"
        " months. [1]"
    )
    assert (found.abstained, [c.document for c in found.citations]) == (False, ["pump.pdf"])
    either = engine().search("How many documents mention months or grain?")
    assert (either.kind, either.saying, either.searched) == ("documents", 2, 2)
    assert engine().search("Which documents mention grain or the winter?").saying == 1
    one = engine().search("Which files talk about the quay?", doc_ids=[doc_ids["harbor.pdf"]])
    assert (one.kind, one.saying, one.searched) == ("documents", 1, 1)


def test_what_is_to_be_mentioned_together_may_stand_in_two_passages_of_one_document(engine):
    both = engine().search("Which documents mention the night watch and grain?")
    assert (both.kind, both.saying) == ("documents", 1)
    assert engine().search("Which documents mention months and grain?").kind == "passages"


def test_where_no_document_mentions_it_that_is_said_and_the_nearest_are_read(engine):
    found = engine().search("Do any documents mention elephants?")
    assert (found.kind, found.saying) == ("passages", 0)
    assert found.notices == ("No document of 2 mentions “elephants” in these words; what comes nearest was read.",)
    assert found.passages


def test_how_many_documents_there_are_is_said_without_a_search(engine, doc_ids):
    found = answer_of(engine(), "How many documents do I have?")
    assert found.text == "2 documents are searched: harbor.pdf, pump.pdf."
    assert (found.standalone_question, found.citations, found.passages) == ("", (), ())
    chosen = answer_of(engine(), "Which documents are there?", doc_ids=[doc_ids["pump.pdf"]])
    assert chosen.text == "1 document is searched: pump.pdf."


def test_a_summary_goes_through_the_documents_sections(engine, doc_ids):
    found = answer_of(engine(evidence_threshold=1.0), "Please summarise harbor.pdf.")  # asks no reader
    assert {c.page for c in found.citations} == {1, 2}
    assert {c.doc_id for c in found.citations} == {doc_ids["harbor.pdf"]}
    assert "tide gate" in found.text and "northern quay" in found.text
    chosen = engine().search("What is this document about?", doc_ids=[doc_ids["pump.pdf"]])
    assert (chosen.kind, len(chosen.passages), chosen.retry) == ("summary", 1, None)
    second = engine().search("Summarise harbor.pdf", pages=(2, 2))
    assert (second.kind, {p.chunk.first_page for p in second.passages}) == ("summary", {2})
    assert engine().search("Summarise the guarantee of pump.pdf").kind == "passages"


def test_a_summary_of_one_of_several_documents_asks_which(engine):
    events = list(engine(ScriptedGenerator()).ask("Summarise the document"))
    assert [type(event) for event in events] == [Finished]
    assert events[0].answer.text == ("A summary is of one document; name the one you mean: “harbor.pdf” or “pump.pdf”.")


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


def test_no_limit_of_one_reranker_is_put_on_the_scores_of_another(engine):
    slip = "circulaton pummp guarante"
    assert engine(mode="hybrid", weak=None).search(slip).retry is None
    assert engine(mode="dense").search(slip).retry is None  # cosines


def test_a_weak_result_of_known_words_stands(engine):
    assert engine(exhaustive_chunks=0).search("the circulation of grain at night").retry is None


def test_neighbours_go_along_with_a_passage(engine, library):
    alone = engine().search("Grain rail northern quay", passages=1).passages[0].chunk
    wide = engine(neighbours=1).search("Grain rail northern quay", passages=2).passages
    assert alone.text in wide[0].chunk.text and "night watch at nine" in wide[0].chunk.text
    assert [p.number for p in wide] == list(range(1, len(wide) + 1))
    assert len([p for p in wide if p.chunk.doc_id == alone.doc_id]) == 1
    place = wide[0].chunk.text.index("Grain is moved")
    span = wide[0].chunk.locate(place, place + 14)
    assert library.catalog.page(alone.doc_id, span.page).text[span.start : span.end] == "Grain is moved"


def test_a_question_finds_the_same_however_it_is_written(engine):
    odd = "".join(f"{letter}\u200b" for letter in QUESTION).replace("fi", "\ufb01")
    plain, found = (engine().search(question, mode="hybrid") for question in (QUESTION, odd))
    assert found.query == odd
    assert [(c.chunk.id, c.score) for c in found.candidates] == [(c.chunk.id, c.score) for c in plain.candidates]
