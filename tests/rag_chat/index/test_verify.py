"""What differs from what was added is named, and --repair's part of it is mended from the catalog."""

import sqlite3
from contextlib import closing

import numpy as np
import pytest
from library_work import DIMENSION, add, made, open_at

from rag_chat.index import verify
from rag_chat.index.chroma import Chroma
from rag_chat.index.connect import distrust, open_library


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    library = open_at(tmp_path_factory.mktemp("verified") / "library")
    add(library, "a")
    add(library, "b")
    assert list(verify.faults(library)) == []
    library.close()
    return library.folder


def faults(folder):
    """As `rag-chat doctor` sees it, which only reads."""
    library = open_library(folder, "hash", DIMENSION, chunk_tokens=60, overlap=15, exclusive=False)
    try:
        return list(verify.faults(library))
    finally:
        library.close()


def test_vector_that_is_not_the_catalogs_is_named_and_mended(folder):
    chroma = Chroma(folder / "chroma")
    chroma.upsert(["a-3"], ["a"], -made("a", 20)[1][3:4])
    chroma.close()
    assert faults(folder) == ["1 vectors of 'a.pdf' in the index are not the catalog's; run: rag-chat doctor --repair"]
    distrust(folder)
    library = open_at(folder)
    assert list(verify.faults(library)) == []
    assert library.store.search(made("a", 20)[1][3], 1)[0][0] == "a-3"
    library.close()


def test_words_that_are_not_the_chunks_are_named_and_mended(folder):
    with closing(sqlite3.connect(folder / "catalog.sqlite")) as db:
        db.execute("INSERT INTO chunk_words(rowid, heading, text) VALUES (9999, '', 'gone')")
        db.execute("DELETE FROM chunk_words_docsize WHERE id IN (SELECT rowid FROM chunks WHERE id IN ('b-1', 'b-2'))")
        db.commit()
    assert "the word index lacks 2 chunks and has 1 strange ones; run: rag-chat doctor --repair" in faults(folder)
    library = open_at(folder)
    assert library.catalog.rows_left("whatever") == 1  # no deletion is proved beside words that are left
    library.catalog.refill_words()
    assert list(verify.faults(library)) == []
    library.close()


def test_file_with_other_bytes_is_named(folder):
    path = next((folder / "files").glob("b*"))
    before = path.read_bytes()
    path.write_bytes(bytes([before[0] ^ 1]) + before[1:])
    assert faults(folder) == ["the file of 'b.pdf' has other bytes than when it was added; delete and add it again"]
    path.write_bytes(before)
    assert faults(folder) == []


def test_index_of_which_nothing_can_be_read_is_said_so_and_left_as_it_is(folder):
    path = folder / "chroma" / "chroma.sqlite3"
    before = path.read_bytes()
    path.write_bytes(np.random.default_rng(1).bytes(len(before)))
    (said,) = faults(folder)
    assert said.startswith("the index cannot be read (")
    path.write_bytes(before)
