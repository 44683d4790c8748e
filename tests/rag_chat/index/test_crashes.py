"""kill -9 before every single step of every kind of work: the old state or the new one, and nothing left over.

Catalog and index are wrapped so that the process dies at its n-th call of any of them; n counts up until the
work gets through. So a step that is added later is killed at too, without being named here.
"""

import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from library_work import open_at

from rag_chat.index import verify

TESTS = Path(__file__).parents[2]
PATHS = [str(TESTS), str(TESTS.parent)]
# One process imports everything once and forks for each life.
LIVES = f"""
import os, sys
sys.path[:0] = {PATHS!r}
import chromadb, library_work
for line in sys.stdin:
    folder, work, step = line.strip().split("|")
    child = os.fork()
    if child == 0:
        library_work.live(folder, work, int(step))
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
BEFORE = {"a", "b"}
AFTER = {"add": {"a", "b", "c"}, "replace": {"b", "c"}, "delete": {"b"}, "rebuild": {"a", "b"}}
MOST_STEPS = 40


@pytest.fixture(scope="module")
def lives():
    line = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", LIVES]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:

        def live(folder, work, step):
            process.stdin.write(f"{folder}|{work}|{step}\n")
            process.stdin.flush()
            return int(process.stdout.readline())

        yield live
        process.stdin.close()


@pytest.fixture(scope="module")
def filled(lives, tmp_path_factory):
    folder = tmp_path_factory.mktemp("filled") / "library"
    assert lives(folder, "fill", 0) == 0
    return folder


@pytest.mark.parametrize("work", AFTER)
def test_killed_before_any_step_the_old_or_the_new_state_is_there(lives, filled, tmp_path, work):
    seen = []
    for step in range(1, MOST_STEPS):
        folder = shutil.copytree(filled, tmp_path / str(step))
        code = lives(folder, work, step)
        assert code in (0, -signal.SIGKILL)
        seen.append(checked(folder))
        if code == 0:
            break
    assert step < MOST_STEPS - 1, "the work never gets through"
    old, new = BEFORE, AFTER[work]
    assert set(map(frozenset, seen)) == {frozenset(old), frozenset(new)}
    assert seen == sorted(seen, key=lambda state: state == new) or old == new, "what was done is never undone"


def strays(folder):
    """Rows of documents that are not ready, or of none."""
    ready = "SELECT doc_id FROM documents WHERE state = 'ready'"
    with closing(sqlite3.connect(folder / "catalog.sqlite")) as db:
        tables = ("documents", "pages", "outline", "chunks", "staged")
        counts = [db.execute(f"SELECT count(*) FROM {t} WHERE doc_id NOT IN ({ready})").fetchone()[0] for t in tables]
        return sum(counts) + db.execute("SELECT count(*) FROM staged").fetchone()[0]


def checked(folder):
    """The documents of the opened library, once it is certain that nothing else is in it."""
    library = open_at(folder)
    try:
        documents = {document.doc_id for document in library.catalog.documents()}
        assert list(verify.faults(library)) == []
        assert {path.stem for path in (folder / "files").iterdir()} == documents
        assert strays(folder) == 0
        held = {i: vector for ids, rows in library.store.rows() for i, vector in zip(ids, rows, strict=True)}
        for doc_id in documents:
            ids, vectors = library.catalog.vectors(doc_id)
            assert all(np.allclose(held[i], vector, atol=1e-4) for i, vector in zip(ids, vectors, strict=True))
        return documents
    finally:
        library.close()
