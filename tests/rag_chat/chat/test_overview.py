import json
import time
from pathlib import Path

import pytest
from values import candidate, chunk, passage

from rag_chat.chat import overview
from rag_chat.chat.overview import Asked, asked, heard, nearest, of_library, quotes
from rag_chat.types import Document

ROOT = Path(__file__).resolve().parents[3]
ORDINARY = [
    json.loads(line)["question"]
    for path in ("data/samples/questions.jsonl", "tests/data/follow_ups.jsonl", "tests/data/short_questions.jsonl")
    for line in (ROOT / path).read_text(encoding="utf-8").splitlines()
]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Which documents mention hydrogen?", "hydrogen"),
        ("How many of the reports talk about storm damage?", "storm damage"),
        ("In which papers is a hedge described?", "hedge"),
        ("List all documents that refer to the lease.", "lease"),
        ("which of my annual reports contain tariffs", "tariffs"),
        ("In how many documents does rent appear?", "rent"),
        ("In which files can I find the notice period?", "notice period"),
        ("Which documents is the tenant named in?", "tenant"),
        ("Do any documents mention tides?", "tides"),
        ("Is there a document about crane 3?", "crane 3"),
        ("Find all documents that mention safety", "safety"),
        ("Count how many files refer to water", "water"),
        ("Can you list every document where the deposit is mentioned?", "deposit"),
        ('Which files use the term "force majeure"?', "force majeure"),
        ("Which handbooks give information about lubrication?", "lubrication"),
        ("Which policies are relevant to travel?", "travel"),
        ("Which invoices explain VAT?", "VAT"),
        ("Which of these mention rent or deposit?", "rent or deposit"),
    ],
)
def test_what_documents_are_to_mention(question, expected):
    assert asked(question) == Asked(expected, True)


@pytest.mark.parametrize(
    "question",
    [
        "What does the report say about fog?",
        "How many boxes did the report count?",
        "Which berth has shore power?",
        "Which documents are required for a visa?",
        "How many letters did he write?",
        "What books did she publish in 1980?",
        "What studies use pluton emplacement?",
        "Which documents mention it?",
        "Does any document say when the lease ends?",
        "How many documents were found in the cave?",
        "",
        *ORDINARY,
    ],
)
def test_any_other_question_is_none_over_documents(question):
    assert asked(question) is None
    assert not of_library(question)


def test_what_else_is_asked_of_the_documents_is_heard_from_each_and_not_counted():
    question = "Which of the reports has the highest revenue?"
    assert asked(question) == Asked(question, False)


@pytest.mark.parametrize(
    "question",
    ["How many documents do I have?", "How many documents are there?", "List all my files", "What PDFs are available?"],
)
def test_the_documents_themselves_are_counted_and_named(question):
    assert of_library(question)
    documents = [Document(str(n), f"{n}.pdf", "", 1, 0, 1, "", ()) for n in range(22)]
    said = overview.inventory(documents)
    assert said.startswith("22 documents are searched: 0.pdf, 1.pdf,") and said.endswith("19.pdf and 2 more.")
    assert overview.inventory(documents[:1]) == "1 document is searched: 0.pdf."


@pytest.mark.parametrize(
    "words", ["which documents that do have ", "in which documents are words ", "list of the of the "]
)
def test_a_very_long_question_is_read_in_no_time(words):
    started = time.perf_counter()
    assert asked("list documents about fog and " + words * (4000 // len(words))) is not None
    assert asked(words * (4000 // len(words)) + "?" * 9 + "x") is None
    assert time.perf_counter() - started < 1.0


def ranked(*found):
    return [
        candidate(chunk(text, doc_id=doc_id, page=rank), rank=rank, score=score)
        for rank, (doc_id, text, score) in enumerate(found, start=1)
    ]


def test_each_document_is_heard_once_by_its_best_passage():
    given = ranked(("a", "The hydrogen study.", 0.9), ("a", "More hydrogen.", 0.8), ("b", "Water.", 0.7))
    assert [(p.number, p.chunk.doc_id, p.chunk.first_page) for p in heard(given)] == [(1, "a", 1), (2, "b", 3)]


def test_where_none_says_it_word_for_word_the_nearest_are_meant():
    given = ranked(("a", "A gale blew.", 0.5), ("b", "A tempest.", 0.4), ("c", "A pump.", 0.1))
    assert [p.chunk.doc_id for p in nearest(given)] == ["a", "b"]
    assert nearest([]) == ()


def test_a_document_speaks_by_the_sentence_that_says_most():
    said = quotes([passage("A pump stood there. The storm did damage to it."), passage("7", 2)], "storm damage")
    assert [(quote.text, quote.score) for quote in said] == [("The storm did damage to it.", 1.0)]
