"""The sentence names every page that is not simply read."""

from rag_chat.coverage import sentence
from rag_chat.types import Document, IngestReport


def report(pages, without=(), ocr=(), failed=(), hidden=()):
    return IngestReport("a.pdf", "d", "ready", pages, 9, without, ocr, pages_failed=failed, pages_hidden=hidden)


def test_a_document_that_is_read_whole_is_only_counted():
    assert sentence(report(1)) == "1 page"
    assert sentence(report(1200)) == "1,200 pages"


def test_pages_that_are_not_read_are_named():
    assert sentence(report(44, without=(3, 17))) == "42 of 44 pages read, 2 without text: 3, 17"


def test_failed_pages_are_not_said_to_be_without_text():
    assert sentence(report(44, (3, 17), failed=(17,))) == "42 of 44 pages read, 1 without text: 3, 1 failed: 17"


def test_recognised_and_hidden_text_is_told_though_it_is_read():
    said = sentence(report(9, ocr=(2,), hidden=(4, 5)))
    assert said == "9 pages, 1 by text recognition: 2, 2 with hidden text: 4, 5"


def test_a_layer_of_others_and_a_repaired_file_are_told():
    read = IngestReport("a.pdf", "d", "ready", 9, 9, pages_layer=(2, 3), repaired=True)
    assert sentence(read) == (
        "9 pages, 2 with a text layer over a picture, whose letters may be wrong: 2, 3, "
        "its file is damaged and was repaired: check that nothing is missing"
    )


def test_long_lists_are_cut():
    assert sentence(report(99, tuple(range(1, 51)))).endswith(
        "50 without text: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 …"
    )


def test_documents_have_the_same_sentence():
    assert sentence(Document("d", "a.pdf", "", 3, 1, 1, "", (2,))) == "2 of 3 pages read, 1 without text: 2"
