import pytest
from fakes import HashEmbedder

from rag_chat.index.chroma import Chroma
from rag_chat.index.in_memory import InMemory
from rag_chat.library.catalog import Catalog
from rag_chat.retrieval.dense import DenseRetriever
from rag_chat.trace import Trace
from rag_chat.types import Chunk, Document, Page, Span

TEXTS = {"a": ["grain moves by rail", "the gate opens at five"], "b": ["grain is dry", "pumps move heat"]}


@pytest.fixture(params=["chroma", "in_memory"])
def found(request, tmp_path):
    """A retriever over two documents, with its catalog and store."""
    embedder, catalog = HashEmbedder(), Catalog(tmp_path)
    store = Chroma(tmp_path / "chroma") if request.param == "chroma" else InMemory()
    for doc_id, texts in TEXTS.items():
        chunks = [Chunk(f"{doc_id}{i}", doc_id, i, (Span(i + 1, 0, len(t)),), "", t) for i, t in enumerate(texts)]
        vectors = embedder.encode_passages(texts)
        document = Document(doc_id, f"{doc_id}.pdf", "", 2, 2, 4, "2026-01-01T00:00:00+00:00", ())
        catalog.add(document, [Page(1, "i", texts[0]), Page(2, "ii", texts[1])], chunks, vectors)
        store.upsert([c.id for c in chunks], [doc_id] * 2, vectors)
    yield DenseRetriever(embedder, store, catalog), catalog, store
    catalog.close()
    if request.param == "chroma":
        store.close()


def test_candidates_carry_rank_cosine_document_and_label(found):
    trace = Trace()
    candidates = found[0].retrieve("grain moves", 2, trace=trace)
    assert [(c.chunk.id, c.document, c.page_label) for c in candidates] == [("a0", "a.pdf", "i"), ("b0", "b.pdf", "i")]
    # two of four words, one of three: 2 / (sqrt 2 * sqrt 4) and 1 / (sqrt 2 * sqrt 3)
    assert [c.score for c in candidates] == pytest.approx([0.7071, 0.4082], abs=1e-3)
    assert [(c.rank, c.stage1_rank) for c in candidates] == [(1, 1), (2, 2)]
    assert [c.stage1_score for c in candidates] == [c.score for c in candidates]
    assert set(trace.seconds()) == {"embed", "retrieve", "total"}


def test_asked_for_more_than_there_is_everything_comes(found):
    assert {c.chunk.id for c in found[0].retrieve("grain", 1000, trace=Trace())} == {"a0", "a1", "b0", "b1"}


def test_only_the_documents_asked_for(found):
    assert {c.chunk.id for c in found[0].retrieve("grain", 4, ["b"], trace=Trace())} == {"b0", "b1"}
    assert found[0].retrieve("grain", 4, [], trace=Trace()) == []
    assert found[0].retrieve("grain", 0, trace=Trace()) == []


def test_a_vector_whose_document_is_gone_is_passed_over_and_ranks_close_up(found):
    retriever, catalog, store = found
    catalog.hide("a")
    candidates = retriever.retrieve("grain moves", 4, trace=Trace())
    assert candidates[0].chunk.id == "b0"
    assert [c.rank for c in candidates] == [1, 2]
    assert store.count() == 4


def test_only_the_pages_asked_for(found):
    assert {c.chunk.id for c in found[0].retrieve("grain", 9, pages=(2, 5), trace=Trace())} == {"a1", "b1"}
    (one,) = found[0].retrieve("grain", 9, ["b"], pages=(1, 1), trace=Trace())
    assert (one.chunk.id, one.score) == ("b0", pytest.approx(1 / 3**0.5, abs=1e-3))
    assert found[0].retrieve("grain", 1, pages=(2, 2), trace=Trace())[0].rank == 1
    assert found[0].retrieve("grain", 9, pages=(3, 9), trace=Trace()) == []
