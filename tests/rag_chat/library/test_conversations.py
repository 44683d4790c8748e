"""Conversations over a real library: what is kept, what goes with a deleted document, and what training is given."""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import replace

import pytest
from fakes import HashEmbedder
from pdfs import write_pdf

from ingest.pipeline import Ingestor
from rag_chat.config import Settings
from rag_chat.errors import NotFound
from rag_chat.index.connect import open_library
from rag_chat.library.catalog import Catalog
from rag_chat.library.conversations import WHOLE_ANSWER, Conversations
from rag_chat.types import Answer, Candidate, Citation, Excerpt, Passage, Sentence, Signals

PAGES = ["The tide gate opens at five.", "Grain is moved by rail.", "The crane was struck in May.", "Pilots are free."]


@pytest.fixture(scope="module")
def ingested(tmp_path_factory):
    """A library's folder, made once."""
    folder = tmp_path_factory.mktemp("ingested")
    opened = opened_in(folder / "library")
    with Ingestor(opened, HashEmbedder(), Settings()) as ingestor:
        for number, text in enumerate(PAGES):
            assert ingestor.add(write_pdf(folder / f"{number}.pdf", [[text], ["Another page."]])).status == "ready"
    opened.close()
    return folder / "library"


def opened_in(folder):
    return open_library(folder, "hash", HashEmbedder().dimension, chunk_tokens=250, overlap=40, exclusive=True)


@pytest.fixture
def library(ingested, tmp_path):
    opened = opened_in(shutil.copytree(ingested, tmp_path / "library"))
    yield opened
    opened.close()


@pytest.fixture
def kept(library):
    opened = Conversations(library.catalog)
    yield opened
    opened.close()


def answer_of(library, question="When does the tide gate open?") -> Answer:
    """Candidates in the library's order, ranked backwards by stage one; the first is cited."""
    first = {chunk.doc_id: chunk for chunk in reversed(library.catalog.all_chunks())}
    names = {document.doc_id: document.name for document in library.catalog.documents()}
    chunks = [first[doc_id] for doc_id in names]
    candidates = tuple(
        Candidate(chunk, names[chunk.doc_id], "i", rank, 1 / rank, len(chunks) - rank, 0.5, Signals(0.5, None, -1.5))
        for rank, chunk in enumerate(chunks, start=1)
    )
    text = chunks[0].text.split("\n")[0].strip()
    rest = Excerpt(2, "2", "Another", 0, 7, ((1.0, 2.0, 3.0, 4.0),))
    citation = Citation(
        1, "0.pdf", chunks[0].doc_id, 1, "1", text, 0, len(text), ((0.5, 1.0, 2.0, 3.0),), 0.9, True, (rest,)
    )
    return Answer(
        question, question, f"{text} [1]", False, (Sentence(text, 0, True),), (citation,),
        tuple(Passage(c.rank, c) for c in candidates[:3]), candidates, "quoting", {"total": 0.5}, "rerank",
    )  # fmt: skip


def answered(kept, library, question="When does the tide gate open?"):
    conversation = kept.start(question)
    number = kept.ask(conversation, question, None)
    answer = answer_of(library, question)
    kept.keep(conversation, number, "answered", said=answer.text, answer=answer)
    return conversation, answer


def test_an_answer_comes_back_as_it_was_after_a_restart(kept, library):
    conversation, answer = answered(kept, library)
    again = Conversations(library.catalog)
    found = again.exchange(conversation, 1)
    assert found.answer == answer
    assert (found.question, found.state, found.said) == (answer.question, "answered", answer.text)
    assert again.exchanges(conversation)[0].answer == replace(answer, candidates=())
    again.close()


def test_the_quote_stays_and_the_passage_goes_when_the_document_is_deleted(kept, library):
    conversation, answer = answered(kept, library)
    library.delete(answer.citations[0].doc_id)
    found = kept.exchange(conversation, 1).answer
    assert found.citations == answer.citations
    assert [passage.chunk.text == "" for passage in found.passages] == [True, False, False]
    assert found.candidates[0].document == "0.pdf"


def test_a_passage_whose_page_reads_otherwise_by_now_is_not_shown(kept, library):
    conversation, answer = answered(kept, library)
    with sqlite3.connect(library.catalog.path) as db:
        db.execute(
            "UPDATE pages SET text = 'An other text than before.' WHERE doc_id = ?", (answer.citations[0].doc_id,)
        )
    db.close()
    assert kept.exchange(conversation, 1).answer.passages[0].chunk.text == ""


def test_what_was_being_answered_is_interrupted_after_a_crash(kept, library):
    conversation = kept.start("Slow?")
    kept.ask(conversation, "Slow?", ["d"])
    draft = replace(answer_of(library), text="", sentences=(), citations=())
    kept.keep(conversation, 1, "asking", said="The tide", answer=draft)
    again = Conversations(Catalog(library.folder))  # as the next process has it
    again.sweep()
    (found,) = again.exchanges(conversation)
    assert (found.state, found.said, found.doc_ids, len(found.answer.passages)) == ("stopped", "The tide", ("d",), 3)
    again.close()


def test_a_question_alone_is_kept_before_anything_is_found(kept):
    conversation = kept.start("Why?")
    assert kept.ask(conversation, "Why?") == 1
    assert kept.exchanges(conversation)[0].answer is None
    kept.keep(conversation, 1, "failed", said="It failed.")
    assert kept.ask(conversation, "And why?") == 2
    assert [e.state for e in kept.exchanges(conversation)] == ["failed", "asking"]


def test_list_search_rename_and_delete(kept, library):
    tide, _ = answered(kept, library)
    grain = kept.start("Über grain " * 20)
    kept.ask(grain, "How is ÜBERGRAIN moved?")
    assert [c.id for c in kept.all()] == [grain, tide]
    assert len(kept.get(grain).title) == 80 and kept.get(grain).title.endswith("…")
    assert kept.get(tide).turns == 1
    assert [c.id for c in kept.all("übergrain")] == [grain]  # a question, whatever the case
    assert [c.id for c in kept.all("OPENS at five")] == [tide]  # an answer
    assert kept.all("100%_") == []
    kept.rename(tide, "Gates")
    kept.rename(tide, "   ")
    assert [c.id for c in kept.all("gates")] == [tide]
    kept.vote(tide, 1, WHOLE_ANSWER, 1)
    kept.delete(tide)
    assert kept.all("gates") == [] and kept.exchanges(tide) == [] and list(kept.feedback()) == []
    for change in (lambda: kept.rename(tide, "x"), lambda: kept.delete(tide)):
        with pytest.raises(NotFound):
            change()


def test_nothing_of_a_deleted_conversation_is_left_in_the_files(kept, library):
    conversation = kept.start("xylophone secret")
    kept.ask(conversation, "xylophone secret")
    kept.delete(conversation)
    assert not [path for path in library.folder.glob("catalog.sqlite*") if b"xylophone" in path.read_bytes()]


def test_a_passage_marked_as_answering_is_food_for_training(kept, library):
    conversation, answer = answered(kept, library)
    second, third = answer.candidates[1], answer.candidates[2]
    kept.vote(conversation, 1, second.chunk.id, 1)
    kept.vote(conversation, 1, third.chunk.id, -1)
    (row,) = kept.feedback()
    assert (row.question, row.passage, row.document) == (answer.question, second.chunk.text, "1.pdf")
    assert row.negatives == (third.chunk.text, answer.candidates[3].chunk.text)  # what was voted down is first
    assert kept.exchange(conversation, 1).answer.candidates[1].stage1_rank == second.stage1_rank  # both ranks stay
    kept.vote(conversation, 1, second.chunk.id, 0)
    assert list(kept.feedback()) == []


def test_praise_of_the_answer_alone_stands_for_what_it_cites(kept, library):
    conversation, answer = answered(kept, library)
    kept.vote(conversation, 1, WHOLE_ANSWER, 1)
    (row,) = kept.feedback()
    assert row.passage == answer.candidates[0].chunk.text
    assert row.negatives == tuple(c.chunk.text for c in answer.candidates[1:])
    kept.vote(conversation, 1, WHOLE_ANSWER, -1)
    assert list(kept.feedback()) == []


def test_feedback_on_a_deleted_document_is_left_out(kept, library):
    conversation, answer = answered(kept, library)
    kept.vote(conversation, 1, answer.candidates[0].chunk.id, 1)
    library.delete(answer.candidates[3].chunk.doc_id)
    (row,) = kept.feedback()
    assert len(row.negatives) == 2
    library.delete(answer.candidates[0].chunk.doc_id)
    assert list(kept.feedback()) == []


def test_a_vote_for_what_is_not_there_is_refused(kept, library):
    conversation, _ = answered(kept, library)
    for number, chunk_id in ((1, "nothing"), (2, WHOLE_ANSWER)):
        with pytest.raises(NotFound):
            kept.vote(conversation, number, chunk_id, 1)
