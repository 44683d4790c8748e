"""One contract for every vector store."""

import numpy as np
import pytest

from rag_chat.index.chroma import Chroma
from rag_chat.index.in_memory import InMemory


@pytest.fixture(params=["chroma", "in_memory"])
def store(request, tmp_path):
    if request.param == "in_memory":
        yield InMemory()
        return
    chroma = Chroma(tmp_path / "chroma")
    yield chroma
    chroma.close()


def unit(*rows):
    vectors = np.array(rows, dtype=np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def random_unit(count, dimension=32):
    return unit(*np.random.default_rng(1).standard_normal((count, dimension)))


def test_best_first_with_cosine(store):
    store.upsert(["a", "b", "c"], ["d", "d", "d"], unit([1, 0, 0], [1, 1, 0], [0, 0, 1]))
    found = store.search(unit([1, 0, 0])[0], 2)
    assert [name for name, _ in found] == ["a", "b"]
    assert [score for _, score in found] == pytest.approx([1.0, 0.7071], abs=1e-3)


def test_only_the_documents_asked_for(store):
    vectors = random_unit(300)
    store.upsert([str(i) for i in range(300)], ["even" if i % 2 == 0 else "odd" for i in range(300)], vectors)
    found = store.search(vectors[0], 50, ["odd"])
    assert len(found) == 50
    assert all(int(name) % 2 for name, _ in found)
    assert store.search(vectors[0], 5, []) == []
    assert store.search(vectors[0], 5, ["nobody"]) == []


def test_more_wanted_than_there_is(store):
    assert store.search(unit([1, 0])[0], 5) == []
    store.upsert(["a"], ["d"], unit([1, 0]))
    assert len(store.search(unit([1, 0])[0], 50)) == 1


def test_upsert_overwrites(store):
    store.upsert(["a"], ["d"], unit([1, 0]))
    store.upsert(["a"], ["d"], unit([0, 1]))
    assert store.count() == 1
    assert store.search(unit([0, 1])[0], 1)[0][1] == pytest.approx(1.0, abs=1e-4)


def test_delete_takes_one_document_only(store):
    store.upsert(["a", "b"], ["one", "two"], unit([1, 0], [0, 1]))
    store.delete("one")
    store.delete("never there")
    assert (store.count(), store.count("one"), store.count("two")) == (1, 0, 1)
    assert [name for name, _ in store.search(unit([1, 0])[0], 5)] == ["b"]


def test_clear_leaves_a_store_that_works_for_another_dimension(store):
    store.upsert(["a"], ["d"], unit([1, 0]))
    store.clear()
    assert store.count() == 0
    store.upsert(["b"], ["d"], unit([1, 0, 0]))
    assert store.count() == 1


def test_more_than_one_batch(store):
    vectors = random_unit(6000, 8)
    store.upsert([str(i) for i in range(6000)], ["d"] * 6000, vectors)
    assert store.count() == 6000


def test_chroma_finds_what_an_exact_search_finds(tmp_path):
    vectors = random_unit(2000)
    exact, approximate = InMemory(), Chroma(tmp_path / "chroma")
    for store in (exact, approximate):
        store.upsert([str(i) for i in range(2000)], ["d"] * 2000, vectors)
    recall = [
        len({n for n, _ in exact.search(q, 50)} & {n for n, _ in approximate.search(q, 50)}) / 50 for q in vectors[:20]
    ]
    approximate.close()
    assert np.mean(recall) > 0.97
