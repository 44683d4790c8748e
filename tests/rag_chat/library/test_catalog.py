"""The catalog keeps what it was given, shows only what is ready, and survives a full disk."""

import sqlite3
import subprocess
import sys
import textwrap
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rag_chat.errors import LibraryError
from rag_chat.library.catalog import Built, Catalog
from rag_chat.types import Chunk, Document, Outline, Page, Span


def sample(doc_id="a" * 64, chunks=3, name="a.pdf"):
    """A document of four pages, its chunks and their vectors."""
    pages = [
        Page(1, "i", "Grain goes out."),
        Page(2, "1", "Coal \nélan \ud83d".encode("utf-16", "replace").decode("utf-16"), "ocr", hidden=True),
        Page(3, "2", "", "empty"),
        Page(4, "3", "", "failed"),
        Page(5, "4", "Tides.", "layer"),
    ]
    made = [
        Chunk(f"{doc_id[:2]}{i}", doc_id, i, (Span(1, 0, 5), Span(2, 0, 4)), "Cargo", "Grain\nCoal")
        for i in range(chunks)
    ]
    vectors = np.eye(4, dtype=np.float32)[[i % 4 for i in range(chunks)]]
    document = Document(
        doc_id,
        name,
        "Title",
        5,
        chunks,
        123,
        "2026-01-01T00:00:00+00:00",
        (3, 4),
        (2,),
        (4,),
        (2,),
        pages_layer=(5,),
        repaired=True,
    )
    return document, pages, made, vectors


@pytest.fixture
def catalog(tmp_path):
    with closing(Catalog(tmp_path)) as catalog:
        yield catalog


def test_everything_comes_back_as_it_was_given(catalog):
    document, pages, chunks, vectors = sample()
    outline = [Outline(1, 0, ("Cargo", "Grain"))]
    catalog.add(document, pages, chunks, vectors, outline)
    assert catalog.documents() == [document] == [catalog.document(document.doc_id)]
    assert catalog.pages(document.doc_id) == pages
    assert catalog.page(document.doc_id, 2) == pages[1]
    assert catalog.page(document.doc_id, 6) is None
    assert catalog.all_chunks() == chunks
    assert catalog.chunks([c.id for c in chunks] + ["x"]) == {c.id: c for c in chunks}
    assert catalog.outline(document.doc_id) == outline
    ids, back = catalog.vectors(document.doc_id)
    assert ids == [c.id for c in chunks]
    assert back.dtype == np.float32
    np.testing.assert_array_equal(back, vectors)


def test_documents_can_be_chosen(catalog):
    catalog.add(*sample("a" * 64))
    catalog.add(*sample("b" * 64, chunks=2))
    assert catalog.chunk_count() == 5
    assert catalog.chunk_count(["b" * 64]) == 2
    assert catalog.chunk_count([]) == 0
    assert {c.doc_id for c in catalog.all_chunks(["b" * 64, "c" * 64])} == {"b" * 64}


def test_many_ids_at_once_are_no_problem(catalog):
    catalog.add(*sample(chunks=1200))
    assert len(catalog.chunks([f"aa{i}" for i in range(1200)])) == 1200


def test_hidden_document_is_nowhere_and_gone_after_a_sweep(catalog):
    document, *rest = sample()
    catalog.add(document, *rest)
    catalog.hide(document.doc_id)
    assert catalog.documents() == [] and catalog.document(document.doc_id) is None
    assert catalog.pages(document.doc_id) == [] and catalog.page(document.doc_id, 1) is None
    assert catalog.all_chunks() == [] and catalog.chunks(["aa0"]) == {} and catalog.chunk_count() == 0
    assert catalog.vectors(document.doc_id)[0] == []
    assert catalog.rows_left(document.doc_id) > 0
    catalog.sweep()
    assert catalog.rows_left(document.doc_id) == 0


def test_sweep_removes_files_of_no_document(catalog, tmp_path):
    source = tmp_path / "x.pdf"
    source.write_bytes(b"%PDF")
    catalog.add(*sample())
    catalog.keep_file("a" * 64, source)
    catalog.keep_file("b" * 64, source)
    (tmp_path / "files" / "c.part").write_bytes(b"half")
    catalog.sweep()
    assert [p.name for p in (tmp_path / "files").iterdir()] == ["a" * 64 + ".pdf"]


def test_failed_add_leaves_the_old_version(catalog):
    catalog.add(*sample())
    document, pages, chunks, vectors = sample()
    with pytest.raises(IndexError):
        catalog.add(document, pages, chunks, vectors[:1])
    assert catalog.chunk_count() == 3
    catalog.add(*sample("b" * 64))
    assert catalog.chunk_count() == 6


def test_settings_of_the_library_are_remembered(tmp_path):
    built = Built("some/model", 4, 250, 40)
    with closing(Catalog(tmp_path)) as catalog:
        assert catalog.built() is None
        catalog.set_built(built)
    with closing(Catalog(tmp_path)) as catalog:
        assert catalog.built() == built


def test_catalog_is_durable_as_promised(catalog, tmp_path):
    with closing(sqlite3.connect(tmp_path / "catalog.sqlite")) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert catalog._rows("PRAGMA synchronous") == [(2,)]


def test_newer_schema_is_refused_untouched(tmp_path):
    Catalog(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / "catalog.sqlite")) as db:
        db.execute("UPDATE meta SET value = '99' WHERE key = 'schema'")
        db.commit()
    with pytest.raises(LibraryError, match=r"newer version \(schema 99\)"):
        Catalog(tmp_path)


def test_file_that_is_no_catalog_is_said_to_be_damaged(tmp_path):
    (tmp_path / "catalog.sqlite").write_bytes(b"no database at all, only text " * 100)
    with pytest.raises(LibraryError, match="damaged"):
        Catalog(tmp_path)


def test_threads_may_read_while_one_writes(catalog):
    errors = []

    def read():
        try:
            for _ in range(50):
                assert len(catalog.all_chunks()) % 3 == 0
        except (AssertionError, LibraryError) as error:
            errors.append(error)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for i in range(20):
        catalog.add(*sample(f"{i:064d}"[::-1]))
        catalog.delete(f"{i:064d}"[::-1])
    for thread in threads:
        thread.join()
    assert errors == []


def test_full_disk_is_said_so_and_the_library_works_afterwards(tmp_path):
    """A limit on file size stands in for the full disk, in a process of its own."""
    code = textwrap.dedent(
        """
        import resource, signal, sys
        from pathlib import Path
        import numpy as np
        from rag_chat.errors import DiskFull
        from rag_chat.library.catalog import Catalog
        from test_catalog import sample

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        catalog = Catalog(Path(sys.argv[1]))
        catalog.add(*sample("a" * 64))
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, resource.RLIM_INFINITY))
        document, pages, chunks, _ = sample("b" * 64, chunks=2000)
        try:
            catalog.add(document, pages, chunks, np.ones((2000, 384), dtype=np.float32))
        except DiskFull as error:
            print("full:", error)
        print(catalog.chunk_count())
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        catalog.add(document, pages, chunks, np.ones((2000, 384), dtype=np.float32))
        print(catalog.chunk_count())
        """
    )
    here = str(Path(__file__).parent)
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {here!r})\n{code}", str(tmp_path)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "full: No space is left for the library; nothing of this was kept: free some space and try again.",
        "3",
        "2003",
    ]


VERSION_1 = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE documents (
    doc_id TEXT PRIMARY KEY, state TEXT NOT NULL, name TEXT NOT NULL, title TEXT NOT NULL, size INTEGER NOT NULL,
    added TEXT NOT NULL, pages INTEGER NOT NULL, chunks INTEGER NOT NULL, pages_without_text TEXT NOT NULL);
CREATE TABLE pages (
    doc_id TEXT NOT NULL REFERENCES documents ON DELETE CASCADE, number INTEGER NOT NULL, label TEXT NOT NULL,
    text TEXT NOT NULL, PRIMARY KEY (doc_id, number)) WITHOUT ROWID;
INSERT INTO meta VALUES ('schema', '1');
INSERT INTO documents VALUES ('d', 'ready', 'a.pdf', 'A', 9, '2026', 2, 0, '[2]');
INSERT INTO pages VALUES ('d', 1, '1', 'Grain'), ('d', 2, '2', ' ' || char(10));
"""


def test_library_of_the_version_before_is_taken_over(tmp_path):
    with closing(sqlite3.connect(tmp_path / "catalog.sqlite")) as db:
        db.executescript(VERSION_1)
    for _ in range(2):  # once taken over, it is opened as any other
        with closing(Catalog(tmp_path)) as catalog:
            assert catalog.documents() == [Document("d", "a.pdf", "A", 2, 0, 9, "2026", (2,))]
            assert catalog.pages("d") == [Page(1, "1", "Grain"), Page(2, "2", " \n", "empty")]


def test_the_list_of_documents_is_kept_until_anyone_changes_the_file(catalog, tmp_path):
    catalog.add(*sample("a" * 64))
    first = catalog.documents()
    assert catalog.documents()[0] is first[0]
    with closing(Catalog(tmp_path)) as other:  # as another process would
        other.add(*sample("b" * 64, name="b.pdf"))
    assert [d.name for d in catalog.documents()] == ["a.pdf", "b.pdf"]
    catalog.hide("a" * 64)
    assert [d.name for d in catalog.documents()] == ["b.pdf"]


def test_a_chunk_is_on_every_page_that_its_text_is_on(catalog):
    catalog.add(*sample("a" * 64))
    document, pages, chunks, vectors = sample("b" * 64)
    later = [Chunk(c.id, c.doc_id, c.ordinal, (Span(2, 0, 4),), "", "Coal") for c in chunks]
    catalog.add(document, pages, later, vectors)
    assert [catalog.chunk_count(None, pages) for pages in ((1, 1), (2, 2), (1, 9), (3, 9))] == [3, 6, 6, 0]
    assert set(catalog.vectors_on(["b" * 64], (2, 2))) == {c.id for c in later}
    assert catalog.labels([("a" * 64, 1), ("a" * 64, 9), ("b" * 64, 2)]) == {("a" * 64, 1): "i", ("b" * 64, 2): "1"}


def test_a_chunk_is_not_on_the_page_of_the_header_that_it_takes_along(catalog):
    document, pages, (made,), vectors = sample(chunks=1)
    carried = replace(made, spans=(Span(1, 0, 5, header=True), Span(2, 0, 4)))
    catalog.add(document, pages, [carried], vectors, [])
    assert catalog.all_chunks() == [carried]
    assert (carried.first_page, carried.body) == (2, Span(2, 0, 4))
    assert [catalog.chunk_count(None, pages) for pages in ((1, 1), (2, 2))] == [0, 1]
