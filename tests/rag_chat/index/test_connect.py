"""Opening a library: the catalog's truth in the index, whatever happened to the index in between."""

import os
import resource
import shutil
import signal
import subprocess
import sys
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace

import numpy as np
import pytest

from rag_chat.errors import DiskFull, LibraryError, LibraryInUse, LibraryMismatch
from rag_chat.index import chroma_process, lasting
from rag_chat.index.connect import distrust, open_library
from rag_chat.index.in_memory import InMemory
from rag_chat.library import files
from rag_chat.types import Chunk, Document, Page, Span

DIMENSION = 16
FILES = ("data_level0.bin", "link_lists.bin", "header.bin", "length.bin", "index_metadata.pickle", "chroma.sqlite3")
WRITER = """
import os, sys, signal
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from test_connect import add, open_at
library = open_at(Path(sys.argv[1]))
add(library, "a")
step = sys.argv[3]
if step == "after vectors":
    library.catalog.add = lambda *a, **o: os.kill(os.getpid(), signal.SIGKILL)
    add(library, "b", 400)
elif step == "anywhere":
    print("writing", flush=True)
    for i in range(10_000):
        add(library, f"x{i}", 200)
elif step == "while deleting":
    library.catalog.hide("a")
    os.kill(os.getpid(), signal.SIGKILL)
elif step == "hold":
    print("held", flush=True)
    sys.stdin.read()
"""


def open_at(folder, *, exclusive=True, embedder="hash", tokens=60):
    return open_library(folder, embedder, DIMENSION, chunk_tokens=tokens, overlap=15, exclusive=exclusive)


def add(library, doc_id, chunks=20, text="Grain", seed=0):
    rng = np.random.default_rng(zlib.crc32(doc_id.encode()) + seed)
    vectors = rng.standard_normal((chunks, DIMENSION)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    made = [Chunk(f"{doc_id}-{i}", doc_id, i, (Span(1, 0, 5),), "", "Grain") for i in range(chunks)]
    document = Document(doc_id, f"{doc_id}.pdf", "", 1, chunks, 4, "2026-01-01T00:00:00+00:00", ())
    source = library.folder / "source.pdf"
    source.write_bytes(b"%PDF")
    library.add(document, [Page(1, "1", text)], made, vectors, outline=(), source=source)
    return vectors


def is_whole(library):
    """The index holds the catalog's vectors and no others, and finds every ready chunk by its own."""
    rows = [] if isinstance(library.store, InMemory) else library.store.rows()
    held = {i: vector for ids, vectors in rows for i, vector in zip(ids, vectors, strict=True)}
    for document in library.catalog.documents():
        ids, vectors = library.catalog.vectors(document.doc_id)
        for chunk_id, vector in zip(ids, vectors, strict=True):
            assert not rows or np.allclose(held[chunk_id], vector, atol=1e-4)
            assert chunk_id in [found for found, _ in library.store.search(vector, 3)]
    assert library.store.count() == library.catalog.chunk_count()
    return True


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "library"


@pytest.fixture(scope="module")
def filled_once(tmp_path_factory):
    library = open_at(tmp_path_factory.mktemp("filled") / "library")
    add(library, "a")
    add(library, "b", 1050)  # enough for Chroma to save its graph
    library.close()
    return library.folder


@pytest.fixture
def filled(filled_once, folder):
    return shutil.copytree(filled_once, folder)


def test_closed_and_opened_again_it_is_the_same(filled):
    library = open_at(filled)
    assert [d.doc_id for d in library.catalog.documents()] == ["a", "b"]
    assert is_whole(library)
    library.close()
    assert not (filled / "chroma.damaged").exists()


def test_index_that_was_deleted_is_made_anew_from_the_catalog(filled):
    shutil.rmtree(filled / "chroma")
    library = open_at(filled)
    assert is_whole(library)
    library.close()


@pytest.mark.parametrize(
    ("kind", "damage"),
    [
        ("data_level0.bin", "cut"),
        ("data_level0.bin", "zeroed"),
        ("link_lists.bin", "zeroed"),
        ("header.bin", "gone"),
        ("length.bin", "cut"),
        ("index_metadata.pickle", "cut"),
        ("chroma.sqlite3", "cut"),
        ("chroma.sqlite3", "gone"),
        *((kind, "flipped") for kind in FILES),
    ],
)
def test_torn_index_is_made_anew_from_the_catalog(filled, kind, damage):
    path = next((filled / "chroma").rglob(kind))
    size = path.stat().st_size
    if damage == "gone":
        path.unlink()
    elif damage == "flipped":  # a bit of every byte of some numbers in the middle
        data = bytearray(path.read_bytes())
        data[size // 2 : size // 2 + 100] = bytes(byte ^ 64 for byte in data[size // 2 : size // 2 + 100])
        path.write_bytes(data)
    else:
        path.write_bytes(path.read_bytes()[: size // 3] if damage == "cut" else bytes(size))
    if kind == "length.bin":  # which no search reads, and the seal leaves out: `rag-chat doctor` finds it
        distrust(filled)
    library = open_at(filled)
    assert is_whole(library)
    library.close()


def test_vectors_missing_from_the_index_are_put_back_and_strangers_removed(filled):
    from rag_chat.index.chroma import Chroma

    chroma = Chroma(filled / "chroma")
    chroma.delete("a")
    chroma.upsert(["stranger"], ["z"], np.ones((1, DIMENSION), dtype=np.float32) / 4)
    chroma.close()
    library = open_at(filled)
    assert library.store.count("z") == 0
    assert is_whole(library)
    library.close()


def test_reader_repairs_nothing_but_finds_everything(filled):
    shutil.rmtree(filled / "chroma")
    library = open_at(filled, exclusive=False)
    assert isinstance(library.store, InMemory)
    assert is_whole(library)
    library.close()
    assert not (filled / "chroma").exists()


def test_reader_uses_a_whole_index(filled):
    library = open_at(filled, exclusive=False)
    assert not isinstance(library.store, InMemory)
    assert is_whole(library)
    library.close()


def test_readers_of_a_new_folder_find_an_empty_library(folder):
    library = open_at(folder, exclusive=False)
    assert library.catalog.documents() == []
    assert library.store.search(np.ones(DIMENSION, dtype=np.float32) / 4, 5) == []
    library.close()


def test_library_of_another_embedder_or_chunker_is_refused_by_name(filled):
    with pytest.raises(LibraryMismatch) as caught:
        open_at(filled, embedder="other/model")
    assert "'hash'" in str(caught.value) and "'other/model'" in str(caught.value)
    assert "rag-ingest --rebuild" in str(caught.value) and "--library" in str(caught.value)
    with pytest.raises(LibraryMismatch, match="chunks of 99 tokens"):
        open_at(filled, tokens=99)
    open_at(filled).close()  # a refusal holds no lock


def test_empty_library_takes_any_embedder(folder):
    open_at(folder).close()
    open_at(folder, embedder="other").close()


def writer(folder, step, **options):
    return subprocess.Popen([sys.executable, "-c", WRITER, str(folder), os.path.dirname(__file__), step], **options)


@pytest.mark.parametrize(("step", "left"), [("after vectors", ["a"]), ("while deleting", [])])
def test_killed_writer_leaves_a_library_that_works(folder, step, left):
    assert writer(folder, step).wait(timeout=60) == -signal.SIGKILL
    library = open_at(folder)
    assert [d.doc_id for d in library.catalog.documents()] == left
    assert [p.stem for p in (folder / "files").iterdir()] == left
    assert is_whole(library)
    add(library, "c")
    assert is_whole(library)
    library.close()


def test_every_file_of_the_index_is_among_those_that_are_damaged(filled):
    assert {path.name for path in (filled / "chroma").rglob("*") if path.is_file()} == set(FILES)


def test_index_killed_while_it_saves_its_graph_is_whole_again(folder):
    """In the moment in which a file of the graph changes, first its process and then the whole app."""
    library = open_at(folder)
    add(library, "a", 1050)
    saved = kill_while_saving(folder, lambda: library.store.pid, 0)
    add(library, "b", 1050)
    assert saved.result() and is_whole(library)
    library.close()
    process = writer(folder, "anywhere", stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "writing\n"
    assert kill_while_saving(folder, lambda: process.pid, 3).result()
    assert process.wait() == -signal.SIGKILL
    process.stdout.close()
    library = open_at(folder)
    assert {"a", "b"} <= {d.doc_id for d in library.catalog.documents()}
    assert is_whole(library)
    library.close()


def kill_while_saving(folder, pid, milliseconds):
    """Kills the process as soon as a file of the graph has changed; whether it did."""

    def seen():
        return [(path, path.stat().st_mtime_ns) for path in sorted((folder / "chroma").rglob("*.bin"))]

    def watch():
        before, until = seen(), time.monotonic() + 60
        while time.monotonic() < until:
            with suppress(FileNotFoundError):
                if seen() != before:
                    time.sleep(milliseconds / 1000)
                    os.kill(pid(), signal.SIGKILL)
                    return True
        return False

    pool = ThreadPoolExecutor(1)
    watching = pool.submit(watch)
    pool.shutdown(wait=False)
    return watching


@pytest.mark.parametrize("seconds", [0.05, 0.35, 0.9])
def test_writer_killed_anywhere_leaves_a_library_that_works(folder, seconds):
    process = writer(folder, "anywhere", stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "writing\n"
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(seconds)
    process.kill()
    process.wait()
    process.stdout.close()
    library = open_at(folder)
    names = {d.doc_id for d in library.catalog.documents()}
    assert "a" in names
    assert {p.stem for p in (folder / "files").iterdir()} == names
    assert is_whole(library)
    library.close()


def test_second_process_is_refused_and_names_the_first(folder):
    process = writer(folder, "hold", stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    with pytest.raises(LibraryInUse, match=f"process {process.pid};"):
        open_at(folder)
    process.communicate("")
    open_at(folder).close()


def test_disk_full_while_the_catalog_is_written_leaves_nothing_of_the_document(folder):
    library = open_at(folder)
    add(library, "a")
    with pytest.raises(DiskFull), small_files(library, os.getpid(), 300_000):
        add(library, "full", text="Grain " * 100_000)
    assert [d.doc_id for d in library.catalog.documents()] == ["a"]
    assert [p.stem for p in (folder / "files").iterdir()] == ["a"]
    add(library, "b")
    assert is_whole(library)
    library.close()


class FailsAfter:
    """A store that fails from its n-th call that changes something on, until it is mended."""

    def __init__(self, store, calls):
        self._store, self.left = store, calls

    def __getattr__(self, name):
        if name in ("upsert", "delete", "delete_ids"):
            self.left -= 1
            if self.left < 0:
                raise DiskFull("No space is left for the index.")
        return getattr(self._store, name)


@pytest.mark.parametrize("calls", [1, 2])
def test_document_that_could_not_be_put_in_its_own_place_keeps_its_own_vectors(folder, calls):
    """The new vectors are in the index, the commit fails, and so does putting the old ones back."""
    library = open_at(folder)
    add(library, "a")
    add(library, "c")
    faulty = replace(library, store=FailsAfter(library.store, calls))
    with pytest.raises(DiskFull), small_files(library, os.getpid(), 300_000):
        add(faulty, "a", text="Grain " * 100_000, seed=1)
    assert library.catalog.document("a") is not None
    library.delete("c")  # seals nothing that it has not mended
    add(library, "b")
    assert is_whole(library)
    library.close()
    library = open_at(folder)  # sealed: nothing is compared any more
    assert is_whole(library)
    library.close()


@pytest.mark.parametrize("grows", [20_000, 3_000_000])
def test_disk_full_while_the_index_is_written_leaves_nothing_of_the_document(folder, monkeypatch, grows):
    """Chroma says so, says something else, or never comes back."""
    monkeypatch.setattr(lasting, "MOST_LOSSES", 0)  # a fresh process would be without the limit
    monkeypatch.setattr(chroma_process, "SECONDS", 15.0)
    library = open_at(folder)
    add(library, "a")
    words = r"^(No space is left for|The vector index (cannot be used|has not answered|failed 0 times))"
    with pytest.raises(LibraryError, match=words), small_files(library, library.store.pid, grows):
        add(library, "full", 20_000)
    monkeypatch.undo()
    assert [d.doc_id for d in library.catalog.documents()] == ["a"]
    assert [p.stem for p in (folder / "files").iterdir()] == ["a"]
    library.close()
    library = open_at(folder)
    add(library, "b")
    assert is_whole(library)
    library.close()


@contextmanager
def small_files(library, pid, grows):
    """No file that this process writes may get larger than the library's largest is now, and so many bytes."""
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    biggest = max(p.stat().st_size for p in library.folder.rglob("*") if p.is_file())
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (biggest + grows, before[1]))
    try:
        yield
    finally:
        with suppress(ProcessLookupError):  # a Chroma that met a full disk is ended
            resource.prlimit(pid, resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)


def test_too_little_room_is_refused_before_anything_is_written(folder, monkeypatch):
    library = open_at(folder)
    add(library, "a")
    monkeypatch.setattr(files, "RESERVE", 10**18)
    with pytest.raises(
        DiskFull, match=r"^The document needs about 10\d+ MB on the library's disk, where \d+ MB are free"
    ):
        add(library, "b")
    assert [d.doc_id for d in library.catalog.documents()] == ["a"]
    assert is_whole(library)
    library.close()


def test_importing_connect_loads_no_chromadb():
    code = "import sys, rag_chat.index.connect; sys.exit('chromadb' in sys.modules or 'torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
