"""Who may use a library: one process alone, or several that only read.

An advisory `flock`, released by the kernel when the process ends in any way. Limit: not on network file systems.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import IO

from rag_chat.errors import LibraryError, LibraryInUse


class Lock:
    """Held from construction until `close`."""

    def __init__(self, folder: Path, *, exclusive: bool) -> None:
        self._file = _open(folder / "lock")
        try:
            fcntl.flock(self._file, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._file.seek(0)
            owner = self._file.read().strip()
            self._file.close()
            who = f"process {owner}" if owner.isdigit() else "another process"
            raise LibraryInUse(f"The library is in use by {who}; close it or use another --library.") from error
        self.exclusive = exclusive
        self._sign()

    def close(self) -> None:
        self._file.close()

    def _sign(self) -> None:
        """Leaves our process id for the message of whoever comes next."""
        self._file.seek(0)
        self._file.truncate()
        self._file.write(str(os.getpid()))
        self._file.flush()


def _open(path: Path) -> IO[str]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("a+", encoding="ascii")
    except OSError as error:
        raise LibraryError(
            f"The library folder '{path.parent}' cannot be written ({error.strerror}); choose another with --library."
        ) from error
