"""Where uploaded files arrive until they are taken over: a folder of this process alone among the temporary ones.

A process that is killed leaves its folder, which the next start removes: the lock in it ended with its process.
A folder without a lock is left alone, as nobody knows whose it is.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

PREFIX = "rag_chat_uploads_"
LOCK = "lock"
OLDEST = 3600.0  # seconds that a file may lie here which nobody takes over


class UploadFolder:
    def __init__(self) -> None:
        _remove_dead()
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX))  # readable by this user only
        self.arriving = self.path / "arriving"
        self.arriving.mkdir()
        self._lock = _locked(self.path)

    def sweep(self) -> None:
        """Removes what arrived and was never taken over, and what was left of its arrival."""
        now = time.time()
        for folder, _, files in os.walk(self.arriving):  # which passes over what goes meanwhile
            for path in (Path(folder) / name for name in files):
                with suppress(OSError):  # it is taken over meanwhile
                    if now - path.stat().st_mtime > OLDEST:
                        path.unlink()
                        if path.parent != self.arriving:
                            path.parent.rmdir()

    def close(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        self._lock.close()


def _locked(folder: Path) -> IO[bytes]:
    """Under another name until it is locked, so that no lock of a living process is ever free."""
    part = folder / f"{LOCK}.part"
    file = part.open("wb")
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    part.rename(folder / LOCK)
    return file


def _remove_dead() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):  # another user's, a living one's, or removed meanwhile by another start
            if folder.is_symlink() or (folder / LOCK).is_symlink():
                continue
            with (folder / LOCK).open("rb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder)
