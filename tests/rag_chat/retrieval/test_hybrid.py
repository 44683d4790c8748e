import pytest
from fakes import HashEmbedder

from rag_chat.index.in_memory import InMemory
from rag_chat.library.catalog import Catalog
from rag_chat.retrieval.hybrid import HybridRetriever
from rag_chat.trace import Trace
from rag_chat.types import Chunk, Document, Page, Span

TEXTS = {
    "BARLEY_2021_10K.pdf": ["grains of sand", "grains are moved by rail", "pumps move heat"],
    "RYEFIELD_2022_10K.pdf": ["grains and grains", "earnings were 42", "the quay is long"],
}


class Blurred(HashEmbedder):
    """Vectors that see nothing but the first word."""

    def encode_query(self, text):
        return super().encode_query(text.split()[0])


@pytest.fixture
def retriever(tmp_path):
    embedder, catalog, store = Blurred(), Catalog(tmp_path), InMemory()
    for name, texts in TEXTS.items():
        doc_id = name[0]
        chunks = [Chunk(f"{doc_id}{i}", doc_id, i, (Span(i + 1, 0, len(t)),), "", t) for i, t in enumerate(texts)]
        vectors = embedder.encode_passages(texts)
        pages = [Page(i + 1, f"p{i}", text) for i, text in enumerate(texts)]
        catalog.add(Document(doc_id, name, "T", 3, 3, 4, "", ()), pages, chunks, vectors)
        store.upsert([c.id for c in chunks], [doc_id] * 3, vectors)
    yield HybridRetriever(embedder, store, catalog)
    catalog.close()


def ids(candidates):
    return [c.chunk.id for c in candidates]


def test_what_words_alone_found_has_its_cosine_and_no_rank_of_stage_ones(retriever):
    trace = Trace()
    (found,) = retriever.retrieve("grains rail", 1, trace=trace)
    assert (found.chunk.id, found.page_label, found.title, found.rank) == ("B1", "p1", "T", 1)
    assert (found.stage1_rank, found.stage1_score) == (None, None)
    assert found.signals.cosine == found.score == pytest.approx(1)
    assert set(trace.seconds()) == {"embed", "retrieve", "total"}


def test_what_vectors_found_keeps_its_rank(retriever):
    found = {c.chunk.id: c for c in retriever.retrieve("grains rail", 3, trace=Trace())}
    assert set(found) == {"B0", "B1", "R0"}
    assert {c.stage1_rank for c in found.values()} == {1, 2, 3}
    assert found["B1"].rank == 1


def test_without_content_words_the_vectors_find_alone(retriever):
    assert [c.stage1_rank for c in retriever.retrieve("the", 2, trace=Trace())] == [1, 2]


def test_documents_are_a_filter_for_both(retriever):
    assert ids(retriever.retrieve("grains rail", 2, ["x"], trace=Trace())) == []
    assert set(ids(retriever.retrieve("grains rail", 9, ["R"], trace=Trace()))) == {"R0", "R1", "R2"}


def test_a_named_document_is_looked_into_and_preferred(retriever):
    found = retriever.retrieve("grains of Ryefield in FY22", 1, trace=Trace())
    assert ids(found) == ["R0"]
    assert found[0].signals.named == 0
    others = [c for c in retriever.retrieve("grains of Ryefield in FY22", 9, trace=Trace()) if c.chunk.doc_id == "B"]
    assert {c.signals.named for c in others} == {-1.0}
    assert {c.signals.named for c in retriever.retrieve("grains", 9, trace=Trace())} == {0.0}


def test_a_named_document_outside_the_filter_is_left_out(retriever):
    assert {c.chunk.doc_id for c in retriever.retrieve("grains of Ryefield", 9, ["B"], trace=Trace())} == {"B"}


def test_words_too_are_held_to_the_pages_asked_for(retriever):
    assert set(ids(retriever.retrieve("grains rail", 9, pages=(2, 2), trace=Trace()))) == {"B1", "R1"}
    assert ids(retriever.retrieve("grains of Ryefield", 9, ["R"], pages=(3, 3), trace=Trace())) == ["R2"]


def test_a_chunk_is_judged_by_the_statement_on_its_page_where_its_lines_are_asked_for(tmp_path):
    top, rest = "CASH FLOWS STATEMENTS\nNet income 310 280\n", "Additions to property and equipment (58) (61)\n"
    texts = [top, rest, "Capital expenditures are a matter of taste."]
    spans = [Span(1, 0, len(top)), Span(1, len(top), len(top + rest)), Span(2, 0, len(texts[2]))]
    chunks = [Chunk(str(i), "A", i, (spans[i],), "", text) for i, text in enumerate(texts)]
    embedder, catalog, store = Blurred(), Catalog(tmp_path), InMemory()
    vectors = embedder.encode_passages(texts)
    pages = [Page(1, "1", top + rest), Page(2, "2", texts[2])]
    catalog.add(Document("A", "acme.pdf", "", 2, 3, 4, "", ()), pages, chunks, vectors)
    store.upsert([c.id for c in chunks], ["A"] * 3, vectors)
    finder = HybridRetriever(embedder, store, catalog)
    asked = {c.chunk.id: c.signals.lines for c in finder.retrieve("What was the capex?", 3, trace=Trace())}
    assert asked == {"0": 1.0, "1": 1.0, "2": 0.0}
    assert {c.signals.lines for c in finder.retrieve("What is taste?", 3, trace=Trace())} == {None}
    catalog.close()
