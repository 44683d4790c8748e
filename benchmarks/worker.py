"""One stack in a process of its own, called from outside, its memory watched.

The processes take turns, so each has the cores to itself; apart, no setting of one (memory allocator, data types)
helps or hinders the other.
"""

from __future__ import annotations

import multiprocessing
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from rag_chat.errors import ModelFailed, RagChatError

WATCH_SECONDS = 0.05


class Worker:
    """`stack` names a class as "module:Class"; it is made in the process with `folder`."""

    def __init__(self, stack: str, folder: Path) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(stack, folder, theirs), daemon=True)
        self._process.start()
        theirs.close()
        self.peak_mb = 0.0  # of resident memory during the calls so far, of the process and its children
        self._answer()

    def call(self, method: str, *arguments: Any) -> Any:
        """The method's result; an error of the product is raised here."""
        self._connection.send((method, arguments))
        return self._answer()

    def close(self) -> None:
        self._connection.close()
        self._process.join(timeout=10)

    def _answer(self) -> Any:
        answered = False
        while not answered:  # looked at once at least, however quick the answer is
            answered = self._connection.poll(WATCH_SECONDS)
            self.peak_mb = max(self.peak_mb, _resident_mb(self._process.pid))
        try:
            value = self._connection.recv()
        except EOFError as error:
            raise ModelFailed("A benchmark process ended early; its own message is above.") from error
        if isinstance(value, RagChatError):
            raise value
        return value


def _serve(stack: str, folder: Path, connection: Connection) -> None:
    import importlib

    module, name = stack.split(":")
    try:
        target = getattr(importlib.import_module(module), name)(folder)
        connection.send("ready")
        while True:
            method, arguments = connection.recv()
            connection.send(getattr(target, method)(*arguments))
    except RagChatError as error:
        connection.send(error)
    except EOFError:
        return


def _resident_mb(pid: int | str | None) -> float:
    """VmRSS of a process and of its children, what they share counted for each; 0 where the system does not tell."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
        children = [path.read_text(encoding="ascii").split() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:
        return 0.0
    lines = [line for line in status.splitlines() if line.startswith("VmRSS")]
    own = int(lines[0].split()[1]) / 1000 if lines else 0.0
    return own + sum(_resident_mb(child) for of_thread in children for child in of_thread)
