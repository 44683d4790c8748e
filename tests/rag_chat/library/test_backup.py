"""A backup of a library that is being used: whole, whatever comes and goes meanwhile."""

import threading

import numpy as np
import pytest
from library_work import DIMENSION, open_at

from rag_chat.errors import LibraryError
from rag_chat.index import verify
from rag_chat.library import backup
from rag_chat.types import Chunk, Document, Page, Span

STAYS = 5  # documents; what comes stays for as many


def add(library, number):
    """A document of 1 MB, so that packing takes its time."""
    doc_id = f"{number:064d}"
    source = library.folder.parent / "source.pdf"
    source.write_bytes(b"%PDF" + bytes([number % 256]) * 1_000_000)
    chunk = Chunk(f"{doc_id}-0", doc_id, 0, (Span(1, 0, 5),), "", "Grain")
    document = Document(doc_id, f"{number}.pdf", "", 1, 1, 1_000_004, "2026-01-01T00:00:00+00:00", ())
    vector = np.random.default_rng(number).standard_normal((1, DIMENSION)).astype(np.float32)
    library.add(document, [Page(1, "1", "Grain")], [chunk], vector / np.linalg.norm(vector), outline=(), source=source)
    return doc_id


@pytest.fixture
def library(tmp_path):
    opened = open_at(tmp_path / "library")
    yield opened
    opened.close()


def test_documents_that_come_and_go_meanwhile_are_in_it_wholly_or_not_at_all(library, tmp_path):
    there, over = [add(library, number) for number in range(STAYS)], threading.Event()

    def work():
        number = STAYS
        while not over.is_set():
            there.append(add(library, number))
            library.delete(there.pop(0))
            number += 1

    working = threading.Thread(target=work)
    working.start()
    try:
        for number in range(2):
            backup.write(library.folder, tmp_path / f"{number}.tar")
    finally:
        over.set()
        working.join()
    for number in range(2):
        folder = tmp_path / f"restored {number}"
        folder.mkdir()
        backup.read(tmp_path / f"{number}.tar", folder)
        restored = open_at(folder)
        found = {document.doc_id for document in restored.catalog.documents()}
        assert len(found) in (STAYS, STAYS + 1)
        assert list(verify.faults(restored)) == []
        assert {path.stem for path in (folder / "files").iterdir()} == found
        restored.close()


def test_file_that_goes_while_it_is_packed_makes_it_begin_anew(library, tmp_path, monkeypatch):
    there = [add(library, number) for number in range(2)]
    checksum = backup._sha256

    def delete_first(path):
        if there:
            library.delete(there.pop())
        return checksum(path)

    monkeypatch.setattr(backup, "_sha256", delete_first)
    backup.write(library.folder, tmp_path / "b.tar")
    (tmp_path / "restored").mkdir()
    backup.read(tmp_path / "b.tar", tmp_path / "restored")
    restored = open_at(tmp_path / "restored")
    assert restored.catalog.documents() == []
    assert list(verify.faults(restored)) == []
    restored.close()


def test_document_that_comes_before_the_catalog_is_copied_has_its_file(library, tmp_path, monkeypatch):
    add(library, 0)
    copy, late = backup._copy, []

    def add_first(path, temporary):
        late.extend([add(library, 1)] if not late else ())
        return copy(path, temporary)

    monkeypatch.setattr(backup, "_copy", add_first)
    backup.write(library.folder, tmp_path / "b.tar")
    (tmp_path / "restored").mkdir()
    backup.read(tmp_path / "b.tar", tmp_path / "restored")
    restored = open_at(tmp_path / "restored")
    assert [document.doc_id for document in restored.catalog.documents()][1:] == late
    assert list(verify.faults(restored)) == []
    restored.close()


def test_library_that_never_rests_is_said_so_and_leaves_no_half_backup(library, tmp_path, monkeypatch):
    monkeypatch.setattr(backup, "TRIES", 2)
    numbers = iter(range(100))

    def add_and_delete(folder):
        doc_id = add(library, next(numbers))
        yield from kept(folder)
        library.delete(doc_id)

    kept = backup._kept
    monkeypatch.setattr(backup, "_kept", add_and_delete)
    with pytest.raises(LibraryError, match="at rest"):
        backup.write(library.folder, tmp_path / "b.tar")
    assert not list(tmp_path.glob("b.tar*"))
