"""Who may use a library: one process alone, or several that only read.

An advisory `flock`, released by the kernel when the process ends in any way. Limit: not on network file systems.
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from typing import IO

from rag_chat.errors import LibraryError, LibraryInUse

ORPHAN_SECONDS = 30.0  # a fraction of one, but on a busy machine


class Lock:
    """Held from construction until `close`."""

    def __init__(self, folder: Path, *, exclusive: bool) -> None:
        self._file = _open(folder / "lock")
        try:
            self._take(fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH)
        except BlockingIOError as error:
            owner = self._owner()
            self._file.close()
            who = f"process {owner}" if owner else "another process"
            raise LibraryInUse(f"The library is in use by {who}; close it or use another --library.") from error
        self.exclusive = exclusive
        self._sign()

    def fileno(self) -> int:
        """For a child process, which holds the lock with us."""
        return self._file.fileno()

    def _take(self, kind: int) -> None:
        """Waits a moment where the owner is dead: its child's last write is about to end."""
        until = time.monotonic() + ORPHAN_SECONDS
        while True:
            try:
                return fcntl.flock(self._file, kind | fcntl.LOCK_NB)
            except BlockingIOError:
                if _is_alive(self._owner()) or time.monotonic() > until:
                    raise
            time.sleep(0.02)

    def _owner(self) -> int | None:
        self._file.seek(0)
        owner = self._file.read().strip()
        return int(owner) if owner.isdigit() else None

    def close(self) -> None:
        self._file.close()

    def _sign(self) -> None:
        """Leaves our process id for the message of whoever comes next."""
        self._file.seek(0)
        self._file.truncate()
        self._file.write(str(os.getpid()))
        self._file.flush()


def _is_alive(pid: int | None) -> bool:
    if pid is None:
        return True  # not known
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's
        return True
    return True


def _open(path: Path) -> IO[str]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("a+", encoding="ascii")
    except OSError as error:
        raise LibraryError(
            f"The library folder '{path.parent}' cannot be written ({error.strerror}); choose another with --library."
        ) from error
