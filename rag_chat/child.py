"""A process of this project's own that serves this one over a socket: what it does can neither stop nor end its parent.

It ends with its parent, however that ends, and is no concern of Ctrl-C. Knows nothing of what is said over the socket.
"""

from __future__ import annotations

import fcntl
import os
import select
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from types import MappingProxyType
from typing import Any

NOTHING: Mapping[str, str] = MappingProxyType({})


class Child:
    """Runs `serve(descriptor, lifeline, *arguments)` of a module, which begins with `served`."""

    def __init__(
        self, module: str, *arguments: str, held: Sequence[int] = (), environment: Mapping[str, str] = NOTHING
    ) -> None:
        """`held` are open files that it keeps open too."""
        ours, theirs = socket.socketpair()
        life, self._lifeline = os.pipe()
        with theirs:
            code = f"import sys; from {module} import serve; serve(*sys.argv[1:])"
            self._process = subprocess.Popen(
                [sys.executable, "-c", code, str(theirs.fileno()), str(life), *arguments],
                pass_fds=(theirs.fileno(), life, *held),
                process_group=0,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=os.environ
                | environment
                | {"PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path)},
            )
        os.close(life)
        self.was_killed = False  # by us, as it did not end
        self.connection: Connection[Any, Any] = Connection(ours.detach())

    @property
    def pid(self) -> int:
        return self._process.pid

    def end(self, moment: float = 1.0) -> int:
        """Its exit code, after a moment (in seconds) in which it may end of itself."""
        lifeline, self._lifeline = self._lifeline, -1
        if lifeline >= 0:
            self.connection.close()
            try:
                self._process.wait(moment)
            except subprocess.TimeoutExpired:
                self.was_killed = True
                self._process.kill()
            os.close(lifeline)
        return self._process.wait()


def served(descriptor: str, lifeline: str) -> Connection[Any, Any]:
    """In the child: the connection to the parent, with which it ends from now on, even deep in native code."""
    _die_with_the_parent(int(lifeline))
    return Connection(int(descriptor))


def _die_with_the_parent(lifeline: int) -> None:
    """The kernel ends this process when the other end of the pipe is closed."""
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)  # SIGIO, which ends it
    if select.select([lifeline], [], [], 0)[0]:  # closed before this was said, while the interpreter started
        sys.exit(1)
