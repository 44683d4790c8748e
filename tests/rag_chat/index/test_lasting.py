"""The index's process is killed, for real, between any two calls: every question is answered, and it is whole again."""

import os
import signal
import threading

import numpy as np
import pytest
from library_work import DIMENSION, add, made, open_at

from rag_chat.errors import LibraryError
from rag_chat.index import lasting
from rag_chat.index.connect import open_library
from rag_chat.index.in_memory import InMemory


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    opened = open_at(tmp_path_factory.mktemp("lasting") / "library")
    add(opened, "a")
    add(opened, "b", 300)
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def each_loss_counts_alone(monkeypatch):
    monkeypatch.setattr(lasting, "WITHIN_SECONDS", 0.0)


def kill(library):
    pid = library.store.pid
    os.kill(pid, signal.SIGKILL)
    return pid


def best(library, doc_id):
    """What is found by the document's first vector."""
    return library.store.search(made(doc_id, 300 if doc_id == "b" else 20)[1][0], 1)[0][0]


def is_whole(library):
    held = {i: v for ids, vectors in library.store.rows() for i, v in zip(ids, vectors, strict=True)}
    assert held.keys() == library.catalog.chunk_ids()
    for document in library.catalog.documents():
        ids, vectors = library.catalog.vectors(document.doc_id)
        assert all(np.allclose(held[i], vector, atol=1e-4) for i, vector in zip(ids, vectors, strict=True))
    return True


def test_killed_between_two_searches_the_next_one_answers_and_the_index_comes_back(library):
    assert best(library, "a") == "a-0"
    before = kill(library)
    assert best(library, "b") == "b-0"
    assert is_whole(library)  # waits for the fresh process
    assert library.store.pid != before
    assert best(library, "a") == "a-0"


def test_searches_of_many_threads_while_it_is_killed_are_all_answered(library):
    found = []

    def search():
        for _ in range(30):
            found.append(best(library, "a"))

    threads = [threading.Thread(target=search) for _ in range(4)]
    for thread in threads:
        thread.start()
    kill(library)
    for thread in threads:
        thread.join()
    assert found == ["a-0"] * 120
    assert is_whole(library)


def test_killed_between_a_search_and_an_add_the_document_is_added(library):
    assert best(library, "a") == "a-0"
    kill(library)
    add(library, "c")
    assert best(library, "c") == "c-0"
    assert is_whole(library)


def test_killed_in_the_middle_of_an_add_the_document_is_added(library, monkeypatch):
    """Between its vectors and the commit: what mends the index meanwhile must not take them for strangers."""
    catalog_add = library.catalog.add

    def commit(*args, **options):
        kill(library)
        assert best(library, "a") == "a-0"  # a question notices it
        catalog_add(*args, **options)

    monkeypatch.setattr(library.catalog, "add", commit)
    add(library, "d")
    assert is_whole(library)
    assert best(library, "d") == "d-0"


def test_killed_before_a_deletion_it_is_done_and_proved(library):
    add(library, "e")
    kill(library)
    proof = library.delete("e")
    assert (proof.rows_left, proof.vectors_left, proof.files_left) == (0, 0, 0)
    assert best(library, "b") == "b-0"
    assert is_whole(library)


def test_index_that_is_lost_again_and_again_is_left_alone_and_searches_stay_exact(library, monkeypatch):
    monkeypatch.setattr(lasting, "WITHIN_SECONDS", 600.0)
    monkeypatch.setattr(lasting, "MOST_LOSSES", 2)
    library.store._losses.clear()
    for _ in range(2):  # the second time with new files
        kill(library)
        assert best(library, "a") == "a-0"
        assert is_whole(library)
    last = kill(library)
    for _ in range(20):
        assert best(library, "b") == "b-0"
    assert library.store.pid == last  # nothing was begun any more
    with pytest.raises(LibraryError, match=r"^The vector index failed 2 times within 10 minutes; restart the app"):
        add(library, "f")
    assert library.catalog.document("f") is None
    monkeypatch.setattr(lasting, "WITHIN_SECONDS", 0.0)
    add(library, "f")
    assert is_whole(library)


def test_reader_whose_index_is_killed_goes_on(library):
    library.close()
    reader = open_library(library.folder, "hash", DIMENSION, chunk_tokens=60, overlap=15, exclusive=False)
    assert not isinstance(reader.store, InMemory)
    chunks = reader.store.count()
    kill(reader)
    assert best(reader, "b") == "b-0"
    assert reader.store.count() == chunks == reader.catalog.chunk_count()
    reader.close()
