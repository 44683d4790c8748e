import numpy as np
import pytest
from fakes import HashEmbedder

from rag_chat.index.in_memory import InMemory
from rag_chat.library.catalog import Catalog
from rag_chat.retrieval.hybrid import HybridRetriever
from rag_chat.trace import Trace
from rag_chat.types import Chunk, Document, Page, Span

TEXTS = ["the gate opens at five", "grains are moved by rail", "pumps move heat", "the the the the gate"]


class Blurred(HashEmbedder):
    """Vectors that see nothing but the first word."""

    def encode_query(self, text):
        return super().encode_query(text.split()[0])


@pytest.fixture
def found(tmp_path):
    embedder, catalog, store = Blurred(), Catalog(tmp_path), InMemory()
    chunks = [Chunk(str(i), "d", i, (Span(i + 1, 0, len(t)),), "", t) for i, t in enumerate(TEXTS)]
    vectors = embedder.encode_passages(TEXTS)
    pages = [Page(i + 1, f"p{i}", text) for i, text in enumerate(TEXTS)]
    catalog.add(Document("d", "d.pdf", "D", 4, 4, 4, "", ()), pages, chunks, vectors)
    store.upsert([c.id for c in chunks], ["d"] * 4, vectors)
    yield HybridRetriever(embedder, store, catalog), vectors
    catalog.close()


def test_what_either_of_both_found_is_there_with_its_cosine(found):
    retriever, vectors = found
    trace = Trace()
    candidates = retriever.retrieve("the moving rail", 2, trace=trace)
    assert {c.chunk.id for c in candidates} == {"0", "3", "1", "2"}
    by_id = {c.chunk.id: c for c in candidates}
    assert [by_id[i].stage1_rank for i in "0312"] == [1, 2, None, None]
    assert by_id["1"].stage1_score is None
    wanted = float(vectors[1] @ HashEmbedder().encode_query("the"))
    assert by_id["1"].signals.cosine == by_id["1"].score == pytest.approx(wanted)
    assert [c.rank for c in candidates] == [1, 2, 3, 4]
    assert (by_id["1"].page_label, by_id["1"].title) == ("p1", "D")
    assert set(trace.seconds()) == {"embed", "retrieve", "total"}


def test_both_lists_first_places_come_before_their_second(found):
    candidates = found[0].retrieve("the moving rail", 2, trace=Trace())
    assert [c.chunk.id for c in candidates] == ["0", "1", "3", "2"]


def test_found_by_both_is_better_than_found_by_one(found):
    assert found[0].retrieve("grains moved", 3, trace=Trace())[0].chunk.id == "1"


def test_without_content_words_the_vectors_find_alone(found):
    candidates = found[0].retrieve("the", 2, trace=Trace())
    assert [c.stage1_rank for c in candidates] == [1, 2]


def test_documents_are_a_filter_for_both(found):
    assert found[0].retrieve("the moving rail", 2, ["x"], trace=Trace()) == []
    assert np.all([c.chunk.doc_id == "d" for c in found[0].retrieve("rail", 2, ["d"], trace=Trace())])
