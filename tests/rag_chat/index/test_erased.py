"""After a deletion no byte of the document is in any file of the library: vectors, words, text.

Looked for in the files themselves, as nothing else proves it. Chroma scales vectors to unit length once more, so that
they are compared as numbers.
"""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from library_work import add, made, open_at

from rag_chat.index import lasting

TESTS = Path(__file__).parents[2]


def files_with(folder, vector):
    """Files in which three numbers of the vector follow each other."""
    return [path.name for path in sorted(folder.rglob("*")) if path.is_file() and _holds(_bytes(path), vector)]


def _bytes(path):
    try:
        return path.read_bytes()
    except FileNotFoundError:  # a journal of SQLite's, gone since it was listed: the index is filled meanwhile
        return b""


def _holds(data, vector):
    for start in range(4):
        numbers = np.frombuffer(data[start : start + (len(data) - start) // 4 * 4], dtype="<f4")
        if len(numbers) >= 3:
            with np.errstate(invalid="ignore"):
                near = [np.abs(numbers[i : len(numbers) - 2 + i] - vector[i]) < 1e-5 for i in range(3)]
            if np.any(near[0] & near[1] & near[2]):
                return True
    return False


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    opened = open_at(tmp_path_factory.mktemp("erased") / "library")
    add(opened, "b", 40)
    yield opened
    opened.close()


def vectors(doc_id, count):
    return made(doc_id, count)[1][:: max(1, count // 5)]


def test_vectors_of_a_deleted_document_are_in_no_file(library):
    add(library, "a", 1500)  # enough for Chroma to save its graph
    seen = {name for vector in vectors("a", 1500) for name in files_with(library.folder, vector)}
    assert {"data_level0.bin"} < seen  # the catalog's file or its log, too
    proof = library.delete("a")
    assert (proof.rows_left, proof.vectors_left, proof.files_left) == (0, 0, 0)
    for vector in vectors("a", 1500):
        assert files_with(library.folder, vector) == []
    assert files_with(library.folder, made("b", 40)[1][7]) != []  # the others are there


def test_vectors_of_a_replaced_document_are_in_no_file(library):
    add(library, "a", 1500)
    add(library, "c", replaces=("a",))
    for vector in vectors("a", 1500):
        assert files_with(library.folder, vector) == []


def test_deletion_that_was_killed_is_ended_to_the_last_byte(library):
    add(library, "a", 1500)
    library.close()
    code = f"""
import os, signal, sys
sys.path[:0] = {[str(TESTS), str(TESTS.parent)]!r}
import library_work
library = library_work.open_at(sys.argv[1])
library.catalog.hide("a")
os.kill(os.getpid(), signal.SIGKILL)
"""
    shutil.copytree(library.folder / "chroma", library.folder / "chroma.damaged")  # as earlier versions put it aside
    done = subprocess.run([sys.executable, "-c", code, str(library.folder)], check=False)
    assert done.returncode == -signal.SIGKILL
    again = open_at(library.folder)
    for vector in vectors("a", 1500):
        assert files_with(library.folder, vector) == []
    assert again.store.count() == again.catalog.chunk_count()
    again.close()


def test_large_library_answers_while_its_index_is_made_anew_and_goes_on_at_the_next_opening(tmp_path, monkeypatch):
    monkeypatch.setattr(lasting, "CLOSING_SECONDS", 0.0)
    library = open_at(tmp_path / "library")
    for doc_id in ("a", "c", "d"):
        add(library, doc_id, 1000)
    library.delete("a")
    assert library.store.search(made("c", 1000)[1][3], 1)[0][0] == "c-3"
    library.close()
    again = open_at(library.folder)
    assert again.store.search(made("d", 1000)[1][3], 1)[0][0] == "d-3"
    assert again.store.count() == 2000
    again.close()
