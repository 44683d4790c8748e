"""Work that was cut off goes on where it was: what was embedded is not made again, and nothing is left behind."""

import multiprocessing
import os
import signal
import time
from contextlib import contextmanager

import numpy as np
import pytest
from fakes import HashEmbedder, HashTokens
from pdfs import prose, write_pdf

from ingest import ocr, slabs
from ingest.pipeline import Ingestor
from rag_chat import token_codes
from rag_chat.config import Settings
from rag_chat.index import verify
from rag_chat.index.connect import open_library
from rag_chat.library import backup
from rag_chat.library.begun import KEPT_SECONDS, Begun, Unfinished
from rag_chat.library.incoming import Incoming

SETTINGS = Settings(chunk_tokens=60, chunk_overlap_tokens=15, max_pages=20, max_file_mb=1, parse_seconds=30)
ENOUGH = 10  # chunks of which it is killed


@pytest.fixture(autouse=True)
def small_slabs(monkeypatch):
    monkeypatch.setattr(slabs, "SLAB", 4)


@pytest.fixture
def long_pdf(tmp_path):
    return write_pdf(tmp_path / "long.pdf", [prose(12, f"grain{number}") for number in range(8)])


@contextmanager
def library_at(folder):
    library = open_library(folder, "hash", 64, chunk_tokens=60, overlap=15, exclusive=True)
    try:
        yield library
    finally:
        library.close()


def killed(folder, path, enough, tokens):
    """In another process: dies by SIGKILL in the midst of embedding."""
    slabs.SLAB = 4
    ocr.is_installed = lambda: False

    def heard(step):
        if step.stage == "embedding" and step.done >= enough:
            os.kill(os.getpid(), signal.SIGKILL)

    encoder = HashTokens() if tokens else None
    with library_at(folder) as library, Ingestor(library, HashEmbedder(), SETTINGS, encoder) as ingestor:
        ingestor.add(path, progress=heard)


def kill(folder, path, enough=ENOUGH, tokens=False):
    process = multiprocessing.get_context("spawn").Process(target=killed, args=(folder, path, enough, tokens))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL


def left(folder):
    return [path for path in (folder / "begun").rglob("*") if path.is_file()]


def test_after_a_kill_only_what_is_missing_is_embedded(tmp_path, long_pdf):
    whole = HashEmbedder()
    with library_at(tmp_path / "whole") as library, Ingestor(library, whole, SETTINGS) as ingestor:
        doc_id = ingestor.add(long_pdf).doc_id
        wanted = library.catalog.vectors(doc_id)

    kill(tmp_path / "cut", long_pdf)
    assert len(left(tmp_path / "cut")) == ENOUGH // 4
    embedder, heard = HashEmbedder(), []
    with library_at(tmp_path / "cut") as library, Ingestor(library, embedder, SETTINGS) as ingestor:
        assert library.catalog.documents() == []
        report = ingestor.add(long_pdf, progress=heard.append)
        found = library.catalog.vectors(doc_id)
        assert list(verify.faults(library)) == []
    assert (report.status, found[0]) == ("ready", wanted[0])
    np.testing.assert_array_equal(found[1], wanted[1])
    assert embedder.encoded == whole.encoded[ENOUGH // 4 * 4 :]
    assert next(step.done for step in heard if step.stage == "embedding") == ENOUGH // 4 * 4
    assert left(tmp_path / "cut") == []


def test_token_vectors_go_on_too(tmp_path, long_pdf, monkeypatch):
    tokens, made = HashTokens(), []
    with library_at(tmp_path / "whole") as library, Ingestor(library, HashEmbedder(), SETTINGS, tokens) as ingestor:
        doc_id = ingestor.add(long_pdf).doc_id
        ids = library.catalog.vectors(doc_id)[0]
        wanted = library.catalog.kept_tokens(ids, token_codes.key(tokens))

    kill(tmp_path / "cut", long_pdf, len(ids) + 6, tokens=True)
    read = tokens.encode_passages
    monkeypatch.setattr(tokens, "encode_passages", lambda texts: made.extend(texts) or read(texts))
    with library_at(tmp_path / "cut") as library, Ingestor(library, HashEmbedder(), SETTINGS, tokens) as ingestor:
        ingestor.add(long_pdf)
        found = library.catalog.kept_tokens(ids, token_codes.key(tokens))
    assert found.keys() == wanted.keys() == set(ids)
    assert all((found[i] == wanted[i]).all() for i in ids)
    assert len(made) == len(ids) - 4


def test_a_text_that_comes_twice_is_read_once_and_has_one_vector(tmp_path):
    embedder, texts, heard = HashEmbedder(), [*"abcdefgh", "a", "h"], []
    vectors = slabs.vectors(embedder, texts, Unfinished(tmp_path / "begun"), heard.append)
    assert embedder.encoded == list("abcdefgh")
    np.testing.assert_array_equal(vectors, HashEmbedder().encode_passages(texts))
    assert heard[0] == 0 and heard[-1] == len(texts)


@pytest.mark.parametrize("damaged", [b"", b"\x08\0\0\0\0\0\0\0{}      ", b"x" * 400])
def test_what_the_disk_has_damaged_is_made_again(tmp_path, damaged):
    begun, texts, embedder = Unfinished(tmp_path / "begun"), [*"abcdefgh"], HashEmbedder()
    wanted = slabs.vectors(embedder, texts, begun, lambda _: None)
    for file in begun.folder.iterdir():
        file.write_bytes(damaged)
    np.testing.assert_array_equal(slabs.vectors(embedder, texts, begun, lambda _: None), wanted)
    assert embedder.encoded == texts * 2


def test_a_disk_that_takes_nothing_costs_only_what_would_have_been_kept(tmp_path):
    (tmp_path / "begun").write_text("in the way")
    assert len(slabs.vectors(HashEmbedder(), [*"abcdefgh"], Unfinished(tmp_path / "begun"), lambda _: None)) == 8


@pytest.mark.parametrize("texts", [[], ["a"], [*"abcd"]])
def test_little_is_not_worth_keeping(tmp_path, texts):
    begun = Unfinished(tmp_path / "begun")
    assert slabs.vectors(HashEmbedder(), texts, begun, lambda _: None).shape == (len(texts), 64)
    assert slabs.codes(HashTokens(), texts, begun, lambda _: None) is not None
    assert not begun.folder.exists()


def test_another_model_finds_nothing(tmp_path):
    begun, texts = Unfinished(tmp_path / "begun"), [*"abcdefgh"]
    slabs.vectors(HashEmbedder("one"), texts, begun, lambda _: None)
    other = HashEmbedder("other")
    slabs.vectors(other, texts, begun, lambda _: None)
    assert other.encoded == texts


def test_what_fails_or_is_stopped_leaves_nothing(tmp_path, ingestor, library, long_pdf):
    def heard(step):
        if step.stage == "storing":
            assert left(library.folder)
            long_pdf.unlink(missing_ok=True)

    assert ingestor.add(long_pdf, progress=heard).status == "failed"
    assert left(library.folder) == []


def test_what_an_app_left_at_its_end_is_kept(ingestor, library, long_pdf):
    def heard(step):
        if step.stage == "storing":
            ingestor.close()
            long_pdf.unlink(missing_ok=True)

    assert ingestor.add(long_pdf, progress=heard).status == "failed"
    assert left(library.folder)


def test_an_upload_that_is_given_up_takes_what_was_made_of_it_along(tmp_path, long_pdf):
    kill(tmp_path / "library", long_pdf)
    incoming = Incoming(tmp_path / "library")
    incoming.keep(1, long_pdf, "long.pdf")
    assert left(tmp_path / "library")
    incoming.drop(1)
    assert left(tmp_path / "library") == []


def test_what_nobody_comes_back_for_goes_with_the_week(tmp_path, long_pdf):
    kill(tmp_path / "library", long_pdf)
    with library_at(tmp_path / "library"):
        pass
    assert left(tmp_path / "library")
    (folder,) = (tmp_path / "library" / "begun").iterdir()
    long_ago = time.time() - KEPT_SECONDS - 60
    os.utime(folder, (long_ago, long_ago))
    with library_at(tmp_path / "library"):
        pass
    assert left(tmp_path / "library") == []


def test_a_kill_after_the_commit_leaves_nothing_for_longer_than_the_next_opening(tmp_path, ingestor, library, long_pdf):
    doc_id = ingestor.add(long_pdf).doc_id
    Begun(library.folder).of(doc_id).keep(["a"], b"canary")
    library.close()
    with library_at(library.folder):
        pass
    assert left(library.folder) == []


def test_a_backup_leaves_it_out(tmp_path, library):
    Begun(library.folder).of("a").keep(["a"], b"canary")
    backup.write(library.folder, tmp_path / "backup.tar")
    assert b"canary" not in (tmp_path / "backup.tar").read_bytes()
