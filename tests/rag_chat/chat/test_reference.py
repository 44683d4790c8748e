import pytest

from rag_chat.chat.reference import elsewhere, resolved
from rag_chat.types import Document, Turn

NAMES = {"h": "harbor-annual-report.pdf", "l": "lease-contract.pdf", "p": "pump-manual.pdf"}
DOCUMENTS = [Document(doc_id, name, "", 1, 0, 1, "", ()) for doc_id, name in NAMES.items()]


def after(question, doc_id="l", searched=""):
    return [Turn(question, "So it is.", searched, doc_id)]


@pytest.mark.parametrize(
    ("question", "before", "expected"),
    [
        ("Summarise that document", "When does the lease end?", "Summarise lease-contract.pdf"),
        ("tl;dr", "When does the lease end?", "Summarise lease-contract.pdf"),
        ("What is that document about?", "When does the lease end?", "Summarise lease-contract.pdf"),
        ("And the pump manual?", "Summarise the lease", "Summarise the pump manual"),
        ("the pump manual please", "Summarise the document", "Summarise the pump manual please"),
        ("Which documents mention it?", "When does the lease end?", "Which documents mention lease?"),
        (
            "How many files mention that?",
            "How large is the security deposit?",
            "How many files mention security deposit?",
        ),
        ("In which documents is it mentioned?", "How is the rent indexed?", "In which documents is rent mentioned?"),
        ("Which documents mention that?", "What is hydrogen used for?", "Which documents mention hydrogen?"),
        ("Do any documents mention it?", "Which files talk about fog?", "Do any documents mention fog?"),
        ("And water?", "Which documents mention hydrogen?", "Which documents mention water?"),
    ],
)
def test_what_is_asked_of_whole_documents_gets_what_it_points_at(question, before, expected):
    assert resolved(question, after(before), DOCUMENTS) == expected


@pytest.mark.parametrize(
    ("question", "before"),
    [
        ("What is it about?", "Which clause is the longest?"),
        ("Why?", "Summarise the lease"),
        ("And the deposit?", "Summarise the lease"),
        ("And in 2023?", "Which documents mention hydrogen?"),
        ("And the deposit?", "When does the lease end?"),
        ("Summarise the pump manual", "When does the lease end?"),
        ("Which documents mention rent?", "When does the lease end?"),
    ],
)
def test_every_other_question_is_left_to_the_rules_of_follow_ups(question, before):
    assert resolved(question, after(before), DOCUMENTS) is None
    assert resolved(question, [], DOCUMENTS) is None


def test_what_was_spoken_of_may_lie_some_turns_back():
    turns = [*after("And the rent?"), *after("How is that indexed?", doc_id="")]
    assert resolved("Which documents mention it?", turns, DOCUMENTS) == "Which documents mention rent?"
    assert resolved("Summarise that document", turns, DOCUMENTS) == "Summarise lease-contract.pdf"


def test_without_a_citation_there_is_no_document_to_point_at():
    assert resolved("Summarise it", after("Who?", doc_id=""), DOCUMENTS) == "Summarise it"
    assert resolved("Summarise it", after("Who?", doc_id="gone"), DOCUMENTS) == "Summarise it"


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What about the deposit in the pump manual?", ["p"]),
        ("And in the annual report?", ["h"]),
        ("What about the deposit in the lease?", []),  # which was spoken of
        ("And the deposit?", []),
        ("What about that pdf?", []),
    ],
)
def test_which_other_document_a_follow_up_names(question, expected):
    assert elsewhere(question, after("How large is the deposit?"), DOCUMENTS) == expected
    assert elsewhere(question, [], DOCUMENTS) == []
