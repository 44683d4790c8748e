"""A library's folder that may not be written, from the start or all at once: one sentence, and reading goes on."""

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest
from library_work import add, open_at

from rag_chat.errors import LibraryError
from rag_chat.index import verify

NOBODY = 65534


@pytest.fixture
def folder():
    """Reachable for everybody, as pytest's own folders are not."""
    with tempfile.TemporaryDirectory() as made:
        os.chmod(made, 0o755)
        (Path(made) / "library").mkdir()
        yield Path(made) / "library"


@contextmanager
def forbidden(folder):
    """Nothing may be made or removed in there; root, whom no mode stops, is nobody meanwhile."""
    root = os.geteuid() == 0
    inner = [folder, *(path for path in folder.rglob("*") if path.is_dir())]
    if root:
        os.seteuid(NOBODY)
    else:
        for path in inner:
            path.chmod(0o555)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
        else:
            for path in inner:
                path.chmod(0o755)


def test_it_is_said_at_the_start(folder):
    with (
        forbidden(folder),
        pytest.raises(LibraryError, match=r"cannot be written \(Permission denied\); choose another"),
    ):
        open_at(folder)
    open_at(folder).close()


def test_it_is_said_of_each_change_and_questions_go_on(folder):
    library = open_at(folder)
    add(library, "a")
    add(library, "b")
    vector = library.catalog.vectors("a")[1][0]
    (folder.parent / "source.pdf").chmod(0o666)
    with forbidden(folder):
        for change in (lambda: add(library, "c"), lambda: library.delete("b")):
            with pytest.raises(LibraryError, match=r"cannot be (written|used) .*permissions\.$"):
                change()
        assert library.store.search(vector, 1)[0][0] == "a-0"
        assert library.catalog.document("a") is not None
    add(library, "d")  # once it may be written again
    library.close()
    library = open_at(folder)
    assert list(verify.faults(library)) == []
    assert {document.doc_id for document in library.catalog.documents()} - {"b"} == {"a", "d"}
    assert {path.stem for path in (folder / "files").iterdir()} == {d.doc_id for d in library.catalog.documents()}
    library.close()
