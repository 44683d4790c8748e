import pytest
from values import candidate, chunk

from rag_chat.chat.overview import select, subject


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


def test_each_document_that_says_it_is_heard_once():
    given = ranked(
        ("a", "The hydrogen study.", 0.9), ("a", "More hydrogen.", 0.8), ("b", "Water.", 0.7), ("c", "Hydrogen!", 0.01)
    )
    assert [(p.number, p.chunk.doc_id, p.chunk.first_page) for p in select(given, "hydrogen")] == [
        (1, "a", 1), (2, "c", 4)
    ]  # fmt: skip


def test_where_none_says_it_word_for_word_the_nearest_are_meant():
    given = ranked(("a", "A gale blew.", 0.5), ("b", "A tempest.", 0.4), ("c", "A pump.", 0.1))
    assert [p.chunk.doc_id for p in select(given, "storm damage")] == ["a", "b"]
    assert select([], "storm") == ()
