"""The parent outlives whatever a worker does, and says in one sentence what happened."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sandbox_jobs as jobs

from rag_chat.errors import DocumentError, NotFound
from rag_chat.sandbox import Sandbox


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(seconds=20, memory_mb=512) as box:
        yield box


def test_result_and_stream_come_back(sandbox):
    assert sandbox.call(jobs.add, 2, 3) == 5
    assert list(sandbox.stream(jobs.count, 4)) == [0, 1, 2, 3]


def test_worker_stays_for_the_next_call(sandbox):
    assert sandbox.call(jobs.pid) == sandbox.call(jobs.pid) != os.getpid()


def test_worker_loads_nothing_of_the_parent(sandbox):
    assert not {"torch", "chromadb", "gradio", "pytest"} & set(sandbox.call(jobs.modules))


def test_crash_is_an_error_of_the_document_and_the_next_call_works(sandbox):
    with pytest.raises(DocumentError, match=r"crashed on it \(SIGSEGV\)"):
        sandbox.call(jobs.die, int(signal.SIGSEGV))
    assert sandbox.call(jobs.add, 1, 1) == 2


def test_time_limit_kills_and_names_the_setting():
    with Sandbox(seconds=1, memory_mb=512) as box:
        start = time.monotonic()
        with pytest.raises(DocumentError, match="longer than 1 s; raise RAG_CHAT_PARSE_SECONDS"):
            list(box.stream(jobs.slow_stream, 0.4))
        assert time.monotonic() - start < 5
        assert box.call(jobs.add, 1, 1) == 2


def seconds_computed(pid):
    return int(Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()[0]) / 1e9


def test_it_gives_way_to_who_shares_its_core_and_that_time_is_not_the_files():
    core = min(os.sched_getaffinity(0))
    with Sandbox(seconds=1, memory_mb=512) as box:
        box.call(jobs.only_on, core)
        used = box.call(time.process_time)
        busy = f"import os\nos.sched_setaffinity(0, {{{core}}})\nwhile True: pass"
        other = subprocess.Popen([sys.executable, "-c", busy])
        try:
            before = seconds_computed(other.pid)
            assert box.call(jobs.compute, used + 0.4) >= used + 0.4
            assert seconds_computed(other.pid) - before > 0.6  # two of three seconds are the other's
        finally:
            other.kill()
            other.wait()
        with pytest.raises(DocumentError, match="longer than 1 s"):
            box.call(jobs.compute, 60.0)


def test_worker_that_was_stopped_is_ended_at_the_limit_and_another_works():
    with Sandbox(seconds=1, memory_mb=512) as box:
        pid = box.call(jobs.pid)
        start = time.monotonic()
        with pytest.raises(DocumentError, match="longer than 1 s"):
            box.call(jobs.die, int(signal.SIGSTOP))
        assert time.monotonic() - start < 5
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
        assert box.call(jobs.add, 1, 1) == 2


def test_worker_that_ends_before_it_has_begun_is_an_error_and_another_works(sandbox, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr(sys, "executable", "/bin/false")
        with pytest.raises(DocumentError, match=r"^The reading process did not start; try again\.$"):
            sandbox.call(jobs.add, 1, 1)
    assert sandbox.call(jobs.add, 1, 1) == 2


def test_closing_waits_for_no_call_and_starts_nothing_anew(sandbox):
    begun, codes = threading.Event(), []

    def read():
        try:
            for _ in sandbox.stream(jobs.slow_stream, 0.1):
                begun.set()
        except DocumentError as error:
            codes.append(error.code)

    reading = threading.Thread(target=read)
    reading.start()
    assert begun.wait(10)
    start = time.monotonic()
    sandbox.close()
    reading.join()
    assert time.monotonic() - start < 1
    assert codes == ["E_CANCELED"]


def test_closed_it_starts_no_process_any_more(sandbox):
    sandbox.close()
    with pytest.raises(DocumentError, match="It was stopped"):
        sandbox.call(jobs.add, 2, 3)
    own = Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text().split()
    assert [pid for pid in own if b"rag_chat.sandbox" in Path(f"/proc/{pid}/cmdline").read_bytes()] == []
    with pytest.raises(DocumentError, match="It was stopped"):
        sandbox.call(jobs.add, 1, 1)


def test_memory_limit_names_the_setting(sandbox):
    with pytest.raises(DocumentError, match="more than 512 MB; raise RAG_CHAT_PARSE_MEMORY_MB"):
        sandbox.call(jobs.eat, 2000)
    assert sandbox.call(jobs.add, 1, 1) == 2


def test_death_for_want_of_memory_is_told_where_the_parent_holds_more():
    held = b"x" * (700 * 1024 * 1024)  # the new process would count it as its own peak
    with Sandbox(seconds=5, memory_mb=512) as box, pytest.raises(DocumentError, match="more than 512 MB"):
        box.call(jobs.eat_and_abort, 400)
    assert held


def test_errors_of_ours_keep_their_type_and_words(sandbox):
    with pytest.raises(NotFound, match=r"^no page 7$"):
        sandbox.call(jobs.raise_ours)


def test_foreign_errors_become_one_sentence_without_traceback(sandbox):
    with pytest.raises(DocumentError) as caught:
        sandbox.call(jobs.raise_foreign)
    assert "ZeroDivisionError" in str(caught.value)
    assert "Traceback" not in str(caught.value)


def test_abandoned_stream_does_not_leak_into_the_next_call(sandbox):
    stream = sandbox.stream(jobs.count, 100_000)
    assert next(stream) == 0
    stream.close()
    assert sandbox.call(jobs.add, 1, 1) == 2


def test_worker_ends_with_its_parent(sandbox):
    pid = sandbox.call(jobs.pid)
    sandbox.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_worker_whose_parent_is_gone_before_it_has_begun_ends_without_a_word():
    ours, theirs = socket.socketpair()
    ours.close()
    with theirs:
        line = [sys.executable, "-c", f"from rag_chat.sandbox import serve; serve({theirs.fileno()}, 512)"]
        ended = subprocess.run(line, pass_fds=(theirs.fileno(),), capture_output=True, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, b"")
