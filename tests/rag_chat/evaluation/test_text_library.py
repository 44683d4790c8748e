"""A corpus of plain texts as a library: its titles, its vectors, and that nothing of it stays."""

import pytest
from fakes import HashEmbedder

from rag_chat.evaluation import text_library
from rag_chat.evaluation.beir import Record
from rag_chat.types import Page

CORPUS = {
    "tide": Record(1, "tide", "Harbor", "The tide gate opens at five.", {}),
    "pump": Record(2, "pump", "", "Pumps move heat.", {}),
}


@pytest.fixture
def vectors(tmp_path):
    return text_library.embedded("toy", CORPUS, HashEmbedder(), tmp_path)


def test_a_text_is_a_document_of_one_page_and_one_chunk(vectors):
    with text_library.opened(CORPUS, vectors) as library:
        assert [(d.doc_id, d.name) for d in library.catalog.documents()] == [("tide", "Harbor"), ("pump", "")]
        assert library.catalog.page("tide", 1) == Page(1, "1", "The tide gate opens at five.")
        chunk = library.catalog.chunks(["tide"])["tide"]
        assert chunk.text == "The tide gate opens at five." and chunk.locate(4, 8).start == 4
        assert library.store.search(HashEmbedder().encode_query("pumps move heat"), 1)[0][0] == "pump"
        assert library.place_quote("tide", 1, 0, 3) == ()


def test_the_title_is_embedded_in_front_and_the_vectors_are_kept(tmp_path):
    first, again = HashEmbedder(), HashEmbedder()
    text_library.embedded("toy", CORPUS, first, tmp_path)
    text_library.embedded("toy", CORPUS, again, tmp_path)
    assert "Harbor\nThe tide gate opens at five." in first.encoded
    assert "Pumps move heat." in first.encoded and "Pumps move heat." not in again.encoded


def test_nothing_of_it_stays(vectors):
    with text_library.opened(CORPUS, vectors) as library:
        folder = library.catalog.path.parent
        assert folder.is_dir()
    assert not folder.exists()
