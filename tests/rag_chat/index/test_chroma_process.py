"""Chroma's process: it holds nobody up, and its end is an error with one sentence."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from rag_chat.errors import DiskFull, LibraryError
from rag_chat.index import chroma_process
from rag_chat.index.chroma_process import ChromaProcess


def vectors(count, dimension=384):
    made = np.random.default_rng(5).standard_normal((count, dimension)).astype(np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def write(store, count, doc_id="d"):
    store.upsert([f"{doc_id}-{i}" for i in range(count)], [doc_id] * count, vectors(count))


@pytest.fixture
def store(tmp_path):
    made = ChromaProcess(tmp_path / "chroma")
    yield made
    made.close()


def test_long_write_stops_no_other_thread_and_lets_a_search_in_between(store):
    write(store, 20)
    ended, seen = [], []

    def write_much():
        write(store, 4000, "long")
        ended.append(time.monotonic())

    started = time.monotonic()
    writer = threading.Thread(target=write_much)
    writer.start()
    longest, last = 0.0, started
    while not ended:
        time.sleep(0.002)
        longest, last = max(longest, time.monotonic() - last), time.monotonic()
        if not seen and last - started > 0.05:
            store.search(vectors(1)[0], 3)
            seen.append(time.monotonic())
            last = seen[0]
    writer.join()
    assert seen[0] < ended[0]
    assert longest < (ended[0] - started) / 3  # in one process nearly all of it is one pause


def test_process_that_was_killed_is_told_in_one_sentence_and_stays_gone(store):
    write(store, 20)
    os.kill(store.pid, signal.SIGKILL)
    for _ in range(2):
        with pytest.raises(LibraryError, match=r"^The vector index ended by itself \(SIGKILL\); restart the app"):
            store.count()


@pytest.mark.parametrize(("room", "error"), [(0, "has not answered for"), (10**18, "No space is left")])
def test_write_that_never_ends_is_given_up(store, monkeypatch, room, error):
    assert store.count() == 0  # it is loaded
    monkeypatch.setattr(chroma_process, "SECONDS", 1.0)
    monkeypatch.setattr(chroma_process, "SECONDS_WHEN_FULL", 1.0)
    monkeypatch.setattr(chroma_process, "NO_ROOM", room)
    os.kill(store.pid, signal.SIGSTOP)
    with pytest.raises(LibraryError, match=error) as raised:
        write(store, 20)
    assert isinstance(raised.value, DiskFull) is (room > 0)
    assert not Path(f"/proc/{store.pid}").exists()
    monkeypatch.setattr(chroma_process, "SECONDS", 60.0)
    monkeypatch.setattr(chroma_process, "NO_ROOM", 0)
    if room:  # once there is room again, a fresh process serves the same index
        write(store, 20)
        assert store.count() == 20
        return
    with pytest.raises(LibraryError, match="restart the app"):
        store.search(vectors(1)[0], 3)
    store.renew()
    write(store, 20)
    assert store.count() == 20


def test_interrupted_question_does_not_leave_its_answer_to_the_next(store):
    write(store, 20)
    interrupting = threading.Timer(0.1, signal.raise_signal, [signal.SIGINT])
    interrupting.start()
    with pytest.raises(KeyboardInterrupt):
        write(store, 4000, "long")
    assert isinstance(store.count("d"), int)
    assert store.ids() >= {"d-0"}


def test_it_ends_with_a_parent_that_was_killed(tmp_path):
    code = (
        "import sys, time; from pathlib import Path; from rag_chat.index.chroma_process import ChromaProcess\n"
        "print(ChromaProcess(Path(sys.argv[1])).pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "chroma")], stdout=subprocess.PIPE, text=True)
    child = int(parent.stdout.readline())
    assert Path(f"/proc/{child}").exists()
    parent.kill()
    parent.wait()
    parent.stdout.close()
    until = time.monotonic() + 10
    while is_running(child) and time.monotonic() < until:
        time.sleep(0.01)
    assert not is_running(child)


def test_it_begins_nothing_where_the_parent_is_gone_already(tmp_path):
    """Killed while the child's interpreter started: the library would stay locked until Chroma is loaded."""
    life, parents = os.pipe()
    os.close(parents)
    ours, theirs = socket.socketpair()
    line = "import sys; from rag_chat.index.chroma_process import serve; serve(*sys.argv[1:])"
    with ours, theirs:
        given = [str(theirs.fileno()), str(life), str(tmp_path)]
        child = subprocess.run([sys.executable, "-c", line, *given], pass_fds=(theirs.fileno(), life), timeout=60)
    os.close(life)
    assert child.returncode == 1
    assert list(tmp_path.iterdir()) == []


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_folder_that_cannot_be_opened_is_an_error_and_leaves_no_process(tmp_path):
    (tmp_path / "chroma").mkdir()
    (tmp_path / "chroma" / "chroma.sqlite3").write_bytes(b"nothing that SQLite knows" * 400)
    store = ChromaProcess(tmp_path / "chroma")
    for _ in range(2):
        with pytest.raises(LibraryError, match="cannot be used"):
            store.ids()
    assert not is_running(store.pid)
    store.close()


def test_making_one_does_not_wait_for_chroma_to_be_loaded(tmp_path):
    started = time.monotonic()
    store = ChromaProcess(tmp_path / "chroma")
    made = time.monotonic() - started
    assert store.ids() == set()
    loaded = time.monotonic() - started
    store.close()
    assert made < loaded / 3
