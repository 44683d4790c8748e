import pytest
from values import candidate, chunk, passage

from rag_chat.chat.overview import counted, heard, nearest, quotes, subject


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Which documents mention hydrogen?", "hydrogen"),
        ("How many of the reports talk about storm damage?", "storm damage"),
        ("In which papers is a hedge described?", "a hedge described"),
        ("List all documents that refer to the lease.", "the lease"),
        ("which of my annual reports contain tariffs", "tariffs"),
        ("Which documents are there?", "Which documents are there?"),
        ("What does the report say about fog?", None),
        ("How many boxes did the report count?", None),
        ("Which berth has shore power?", None),
        ("", None),
    ],
)
def test_what_documents_are_asked_for(question, expected):
    assert subject(question) == expected


def ranked(*found):
    return [
        candidate(chunk(text, doc_id=doc_id, page=rank), rank=rank, score=score)
        for rank, (doc_id, text, score) in enumerate(found, start=1)
    ]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Which documents mention hydrogen?", True),
        ("How many of the reports are about storm damage?", True),
        ("Which documents are required for a visa?", False),
        ("How many letters did he write?", False),
        ("What does the report say about fog?", False),
    ],
)
def test_what_documents_say_is_counted_and_what_else_is_asked_of_them_is_not(question, expected):
    assert counted(question) is expected


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
