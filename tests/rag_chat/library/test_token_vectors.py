"""Token vectors that come with a document: all of them or none, and gone with it."""

import sqlite3
from contextlib import closing

import numpy as np
import pytest
from fakes import HashEmbedder, HashTokens
from library_work import DIMENSION, open_at

from rag_chat import token_codes
from rag_chat.index import verify
from rag_chat.library.catalog import Built, Catalog
from rag_chat.library.token_vectors import TokenCodes
from rag_chat.types import Chunk, Document, Page, Span

KEY = token_codes.key(HashTokens())
TEXTS = ["grain by rail", "tide gate", "night watch at nine"]


def tokens_of(texts):
    return TokenCodes(KEY, token_codes.encoded(HashTokens(), texts))


def row(doc_id="d", texts=TEXTS):
    chunks = [Chunk(f"{doc_id}{i}", doc_id, i, (Span(i + 1, 0, len(t)),), "", t) for i, t in enumerate(texts)]
    pages = [Page(i, str(i), text) for i, text in enumerate(texts, start=1)]
    document = Document(doc_id, f"{doc_id}.pdf", "", len(texts), len(texts), 1, "", ())
    return document, pages, chunks, HashEmbedder().encode_passages(texts)


@pytest.fixture
def catalog(tmp_path):
    with closing(Catalog(tmp_path)) as opened:
        yield opened


def test_they_come_with_the_document_and_go_with_it(catalog):
    catalog.add(*row(), tokens=tokens_of(TEXTS))
    assert catalog.has_all_tokens(KEY)
    assert [codes.shape for codes in catalog.all_tokens(KEY).values()] == [(3, 96), (2, 96), (4, 96)]
    assert set(catalog.all_tokens(KEY, pages=(2, 3))) == {"d1", "d2"}
    assert catalog.all_tokens(KEY, ["other"]) == {}
    catalog.delete("d")
    assert catalog.all_tokens(KEY) == {}
    assert catalog._rows("SELECT count(*) FROM chunk_tokens") == [(0,)]


def test_all_of_it_or_nothing(catalog):
    with pytest.raises(ValueError, match="zip"):
        catalog.add(*row(), tokens=tokens_of(TEXTS[:2]))
    assert catalog.documents() == []
    assert catalog._rows("SELECT count(*) FROM chunk_tokens") == [(0,)]


def test_a_document_that_came_without_is_seen(catalog):
    catalog.add(*row(), tokens=tokens_of(TEXTS))
    catalog.add(*row("e"))
    catalog.add(*row("blank", []))
    assert not catalog.has_all_tokens(KEY)
    assert catalog.has_all_tokens(KEY, ["d", "blank"])
    assert not catalog.has_all_tokens("other weights", ["d"])
    catalog.keep_tokens({"e0": tokens_of(TEXTS).codes[0]}, KEY)  # what a search has looked at makes it no whole
    assert not catalog.has_all_tokens(KEY)


def test_a_rebuild_takes_the_old_ones_away_and_brings_new_ones(catalog):
    catalog.add(*row(), tokens=tokens_of(TEXTS))
    _, _, chunks, vectors = row(texts=TEXTS[:2])
    catalog.stage(chunks, vectors, tokens_of(TEXTS[:2]))
    assert set(catalog.all_tokens(KEY)) == {"d0", "d1", "d2"}  # until all are there
    catalog.adopt_staged(Built("hash", 64, 60, 15))
    assert set(catalog.all_tokens(KEY)) == {"d0", "d1"}
    assert catalog.has_all_tokens(KEY)
    catalog.stage(chunks, vectors)
    catalog.adopt_staged(Built("hash", 64, 60, 15))
    assert catalog.all_tokens(KEY) == {}
    assert not catalog.has_all_tokens(KEY)


def test_what_is_missing_or_torn_is_a_fault(tmp_path):
    with closing(open_at(tmp_path)) as library:
        document, pages, chunks, _ = row()
        source = tmp_path / "d.pdf"
        source.write_bytes(b"d")
        wide = np.ones((3, DIMENSION), dtype=np.float32) / np.sqrt(DIMENSION)
        library.add(document, pages, chunks, wide, outline=(), source=source, tokens=tokens_of(TEXTS))
        assert list(verify.faults(library)) == []
        with closing(sqlite3.connect(tmp_path / "catalog.sqlite")) as db, db:
            db.execute("DELETE FROM chunk_tokens WHERE chunk_id = 'd0'")
            db.execute("UPDATE chunk_tokens SET codes = x'00' WHERE chunk_id = 'd1'")
        assert list(verify.faults(library)) == [
            "2 chunks lack the token vectors that came with their documents; run: rag-ingest --rebuild"
        ]
