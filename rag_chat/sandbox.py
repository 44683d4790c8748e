"""Runs functions on hostile files in one worker process with limits, so that a file can only harm itself.

The worker is a bare interpreter that imports nothing but the module of the function it is asked to run: no torch,
no web page, whatever the parent has loaded. It is killed and started again after a crash, a limit or an abandoned
call. Limits hold per call: seconds of waiting, processor seconds and address space. The worker gives way to whoever
answers questions, and the seconds in which it waits for a core are not the file's. It knows nothing about PDFs.
Limit: the worker runs as the same user and its answers are unpickled, so it guards against crashes, floods and
hangs, not against code that takes over the worker.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import math
import os
import pickle
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Generator, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeVar, TypeVarTuple

from rag_chat.errors import DocumentError, RagChatError

R = TypeVar("R")
Ts = TypeVarTuple("Ts")

SPARE_CPU_SECONDS = 10  # beyond the call's seconds: the parent's clock decides, this only ends an orphan
START_SECONDS = 60.0
LOOK_SECONDS = 0.05  # between two looks at a worker's memory
KEPT = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "TMPDIR", "HOME")  # of the environment; it holds secrets too
OPEN_FILES, FILE_MB = 256, 4096  # of the worker
NICE = 3  # where it shares a core with who answers, a third of it is the worker's
_MB = 1024 * 1024


class Sandbox:
    """One worker, started at the first call. Calls of several threads wait for each other."""

    def __init__(self, *, seconds: float, memory_mb: int | None) -> None:
        self.seconds = seconds  # of waiting for one call
        self._memory_mb = memory_mb
        self._worker: _Worker | None = None
        self._lock = threading.Lock()
        self._closed = False

    def call(self, function: Callable[[*Ts], R], *args: *Ts) -> R:
        """The function's result; an error of ours that it raised is raised here."""
        answers = list(self._run(function, args, self.seconds, math.inf))
        return answers[-1]  # type: ignore[no-any-return]

    def stream(
        self, function: Callable[[*Ts], Iterator[R]], *args: *Ts, seconds: float | None = None,
        step: float = math.inf,
    ) -> Iterator[R]:  # fmt: skip
        """What the generator function yields, as it yields it: within `seconds` in all, and within `step` for each item
        but the first, as before that the worker has imports to do."""
        return self._run(function, args, seconds if seconds is not None else self.seconds, step)

    def close(self) -> None:
        """Nobody waits for a call that is under way in another thread: it ends there as canceled."""
        self._closed = True
        if (worker := self._worker) is not None:
            worker.kill()
        with self._lock:
            self._stop()

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(
        self, function: Callable[..., Any], args: tuple[Any, ...], seconds: float, step: float
    ) -> Generator[Any, None, None]:
        with self._lock:
            worker = self._ready_worker()
            finished = False
            try:
                worker.connection.send((function.__module__, function.__qualname__, args, seconds))
                yield from self._answers(worker, seconds, step)
                finished = True
            except (EOFError, OSError) as error:
                raise (_canceled() if self._closed else self._death(worker)) from error
            except _Said as error:
                finished = True  # the worker waits for the next call
                raise error.what from error.why
            finally:
                if not finished:
                    self._stop()

    def _answers(self, worker: _Worker, seconds: float, step: float) -> Iterator[Any]:
        waited, limit = 0.0, math.inf
        while True:
            start = worker.clock()
            left = max(0.0, seconds - waited)
            if not worker.answers_within(min(left, limit)):
                raise StepTooSlow(step) if limit < left else self._too_long()
            limit = step
            kind, value = worker.connection.recv()
            waited += worker.clock() - start  # the consumer's own time does not count
            if kind == "done":
                return
            if kind == "item":
                yield value
            else:
                self._raise(kind, value)

    def _raise(self, kind: str, value: Any) -> None:
        if kind == "ours":
            raise _Said(value)
        if kind == "memory":
            raise _Said(self._too_much_memory())
        name, trace = value
        said = f"Its reader failed on it ({name}); the file is damaged or of a kind not known."
        raise _Said(DocumentError(said, "E_PARSER_FAILED"), RuntimeError(trace))

    def _death(self, worker: _Worker) -> DocumentError:
        code, peak_mb = worker.end()
        if self._memory_mb is not None and peak_mb > 0.7 * self._memory_mb:
            return self._too_much_memory()
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        if how == "SIGXCPU":
            return self._too_long()
        said = f"Its reader crashed on it ({how}); the file is damaged or made to do harm, leave it out."
        return DocumentError(said, "E_PARSER_CRASH")

    def _too_long(self) -> DocumentError:
        said = f"It took longer than {self.seconds:g} s; raise RAG_CHAT_PARSE_SECONDS or leave the file out."
        return DocumentError(said, "E_TIMEOUT")

    def _too_much_memory(self) -> DocumentError:
        said = f"It needed more than {self._memory_mb} MB; raise RAG_CHAT_PARSE_MEMORY_MB or leave the file out."
        return DocumentError(said, "E_MEMORY")

    def _ready_worker(self) -> _Worker:
        if self._closed:
            raise _canceled()
        limit = self._memory_mb
        if self._worker is not None and limit is not None and self._worker.address_space_mb() > limit / 2:
            self._stop()  # what an earlier file left behind must not count against the next one
        if self._worker is None or not self._worker.alive():
            self._stop()
            self._worker = _Worker(limit)
            if not self._worker.started:
                self._stop()
                raise DocumentError("The reading process did not start; try again.", "E_PARSER_FAILED")
        if self._closed:  # looked at last: whoever closed it by now has not seen this worker
            raise _canceled()
        return self._worker

    def _stop(self) -> None:
        if self._worker is not None:
            self._worker.end()
            self._worker = None


def _canceled() -> DocumentError:
    return DocumentError("It was stopped; nothing of it was kept.", "E_CANCELED")


class StepTooSlow(DocumentError):
    """One step took too long; the steps after it may not."""

    def __init__(self, step: float) -> None:
        said = f"One page of it took longer than {step:g} s; the file is damaged or made to do harm, leave it out."
        super().__init__(said, "E_TIMEOUT")


class _Said(Exception):
    """What the worker itself says went wrong, in our words, and the trace of a foreign error behind it."""

    def __init__(self, what: RagChatError, why: RuntimeError | None = None) -> None:
        super().__init__(str(what))
        self.what, self.why = what, why


class _Worker:
    """The process and our end of its socket."""

    def __init__(self, memory_mb: int | None) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            code = f"from rag_chat.sandbox import serve; serve({theirs.fileno()}, {memory_mb})"
            self._process = subprocess.Popen(
                [sys.executable, "-c", code],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env={name: os.environ[name] for name in KEPT if name in os.environ}
                | {"PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path)},
            )
        self.connection: Connection[Any, Any] = Connection(ours.detach())
        self._ended: tuple[int, float] | None = None
        self._queued = 0.0
        # Starting up is the machine's time, not the file's.
        self.started = self.connection.poll(START_SECONDS)
        # A new process counts as its own peak what its parent held when it was made; only more than that is the file's.
        self._inherited_mb = 0.0
        try:
            self._inherited_mb = self.connection.recv() if self.started else 0.0
        except (EOFError, OSError):  # it ended before it had begun
            self.started = False
        self._seen_mb = 0.0  # largest peak that was seen while waiting

    def answers_within(self, seconds: float) -> bool:
        """Waits for an answer, and looks at the memory meanwhile: of a process that has died it cannot be told any more
        where the parent itself holds more."""
        end = self.clock() + seconds
        while not self.connection.poll(max(0.0, min(LOOK_SECONDS, end - self.clock()))):
            self._seen_mb = max(self._seen_mb, self._peak_mb())
            if self.clock() >= end:
                return False
        return True

    def clock(self) -> float:
        """Seconds that stand still while the worker could go on but others have its core."""
        self._queued = max(self._queued, _seconds_queued(self._process.pid))  # 0 once it is gone
        return time.monotonic() - self._queued

    def _peak_mb(self) -> float:
        try:
            status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii", errors="replace")
        except OSError:  # no /proc here, or the worker is gone
            return 0.0
        return next((int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM")), 0.0)

    def alive(self) -> bool:
        return self._ended is None and self._process.poll() is None

    def address_space_mb(self) -> float:
        try:
            pages = Path(f"/proc/{self._process.pid}/statm").read_text(encoding="ascii").split()[0]
        except OSError:  # no /proc here, or the worker is gone
            return 0.0
        return int(pages) * resource.getpagesize() / _MB

    def end(self) -> tuple[int, float]:
        """Kills it where it still lives; its exit code and its own peak of resident memory in MB, 0 if not known."""
        if self._ended is None:
            self.connection.close()
            code, peak = self._process.returncode, 0.0
            if code is None:
                self._end_gently()
                _, status, usage = os.wait4(self._process.pid, 0)
                code, peak = os.waitstatus_to_exitcode(status), usage.ru_maxrss / 1024
                peak = max(peak if peak > self._inherited_mb else 0.0, self._seen_mb)
                self._process.returncode = code
            self._ended = code, peak
        return self._ended

    def kill(self) -> None:
        """May be called by any thread; whoever waits for the worker hears of its end."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGKILL)

    def _end_gently(self) -> None:
        """A worker that is dying of itself gets a moment to do so, so that its own signal is what we see."""
        deadline = time.monotonic() + 0.2
        while time.monotonic() < deadline:
            info = os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if info is not None:
                return
            time.sleep(0.01)
        self.kill()


def _seconds_queued(pid: int | str) -> float:
    """How long the process has waited for a core in all; 0 where the system does not tell."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        return 0.0


def serve(descriptor: int, memory_mb: int | None) -> None:
    """The worker's whole life: one call after the other until the parent closes its end."""
    if _seconds_queued("self"):  # else its limits would run out while others are given way to
        os.nice(NICE)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    if memory_mb is not None:
        resource.setrlimit(resource.RLIMIT_AS, (memory_mb * _MB, memory_mb * _MB))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_MB * _MB, FILE_MB * _MB))
    with contextlib.suppress(OSError):  # where the machine runs out of memory, the worker is to go before its parent
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    connection: Connection[Any, Any] = Connection(descriptor)
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        connection.send(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        while True:
            module, name, args, seconds = connection.recv()
            _limit_cpu(seconds)
            connection.send(_answer(connection, module, name, args))
            gc.collect()


def _answer(connection: Connection[Any, Any], module: str, name: str, args: tuple[Any, ...]) -> tuple[str, Any]:
    """Runs one call; the last message about it."""
    try:
        outcome = getattr(importlib.import_module(module), name)(*args)
        if isinstance(outcome, Generator):
            for item in outcome:
                connection.send(("item", item))
        else:
            connection.send(("item", outcome))
    except RagChatError as error:
        return "ours", pickle.loads(pickle.dumps(error.with_traceback(None)))
    except MemoryError:
        return "memory", None
    except (EOFError, BrokenPipeError, ConnectionResetError):
        raise  # the parent is gone
    except Exception as error:  # an outer edge: one file, in a process of its own
        return "foreign", (type(error).__name__, traceback.format_exc())
    return "done", None


def _limit_cpu(seconds: float) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    ceiling = int(used.ru_utime + used.ru_stime + seconds) + SPARE_CPU_SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (ceiling, resource.RLIM_INFINITY))
