"""The first stage over token vectors that the library keeps of every passage."""

import pytest
from fakes import HashEmbedder, HashTokens

from rag_chat import front, token_codes
from rag_chat.index.in_memory import InMemory
from rag_chat.library.catalog import Catalog
from rag_chat.library.token_vectors import TokenCodes
from rag_chat.retrieval import late_interaction
from rag_chat.retrieval.hybrid import HybridRetriever
from rag_chat.retrieval.late_interaction import LateInteractionRetriever
from rag_chat.trace import Trace
from rag_chat.types import Chunk, Document, Page, Span

TEXTS = ["rail rail rail rail", "rail grain quay", "heat pump", "the long quay of grain and of rail at night"]


class Blurred(HashEmbedder):
    """Vectors that see nothing but the first word."""

    def encode_query(self, text):
        return super().encode_query(text.split()[0])


def fill(catalog, store, embedder, doc_id, tokens):
    chunks = [Chunk(f"{doc_id}{i}", doc_id, i, (Span(i + 1, 0, len(t)),), "", t) for i, t in enumerate(TEXTS)]
    vectors = embedder.encode_passages(TEXTS)
    pages = [Page(i, str(i), text) for i, text in enumerate(TEXTS, start=1)]
    texts = [front.before(f"{doc_id}.pdf", "", text) for text in TEXTS]
    codes = TokenCodes(token_codes.key(HashTokens()), token_codes.encoded(HashTokens(), texts))
    document = Document(doc_id, f"{doc_id}.pdf", "", 4, 4, 1, "", ())
    catalog.add(document, pages, chunks, vectors, tokens=codes if tokens else None)
    store.upsert([c.id for c in chunks], [doc_id] * 4, vectors)


@pytest.fixture
def retriever(tmp_path):
    embedder, catalog, store = Blurred(), Catalog(tmp_path), InMemory()
    fill(catalog, store, embedder, "a", tokens=True)
    fill(catalog, store, embedder, "b", tokens=False)
    hybrid = HybridRetriever(embedder, store, catalog)
    yield LateInteractionRetriever(HashTokens(), hybrid, embedder, store, catalog)
    catalog.close()


def ids(candidates):
    return [c.chunk.id for c in candidates]


def test_it_finds_what_neither_vectors_nor_words_bring_up_and_orders_by_tokens(retriever):
    found = retriever.retrieve("rail of night", 2, ["a"], trace=Trace())
    assert ids(found)[0] == "a3"
    assert len(found) == 2  # one by hybrid, one by tokens
    assert [c.rank for c in found] == [1, 2]
    assert found[0].signals.cosine is not None


def test_where_tokens_are_not_kept_of_all_hybrid_finds_alone(retriever):
    for where in (None, ["b"], ["a", "b"]):
        assert ids(retriever.retrieve("rail grain", 4, where, trace=Trace())) == ids(
            retriever._hybrid.retrieve("rail grain", 4, where, trace=Trace())
        )


def test_pages_hold_here_too(retriever):
    assert set(ids(retriever.retrieve("rail", 8, ["a"], pages=(2, 3), trace=Trace()))) == {"a1", "a2"}


def test_of_a_large_library_only_the_nearest_are_compared(retriever, monkeypatch):
    monkeypatch.setattr(late_interaction, "MOST", 2)
    found = retriever.retrieve("pump heat", 8, ["a"], trace=Trace())
    assert set(ids(found)) >= {"a2"}
    compared = retriever._compared("pump", retriever._embedder.encode_query("pump"), ["a"], None)
    assert 1 <= len(compared) <= 2
