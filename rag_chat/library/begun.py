"""What was made of documents that are not in the library yet, so that work which was cut off goes on from there.

A file each, under the hash of what it was made from; another file, text or name of a model therefore finds nothing. It
lasts until the document is in the library, has failed or is given up; what nobody comes back for goes when the library
is opened a week later. Knows nothing of what the bytes mean.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

Made = TypeVar("Made")

FOLDER = "begun"
KEPT_SECONDS = 7 * 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Unfinished:
    """Of one document."""

    folder: Path

    def get(self, made_from: Iterable[str], read: Callable[[bytes], Made]) -> Made | None:
        """What `read` makes of it; None where it was not made yet, or is damaged, of which `read` raises ValueError or
        KeyError."""
        with suppress(OSError, ValueError, KeyError):
            return read(self._path(made_from).read_bytes())
        return None

    def keep(self, made_from: Iterable[str], made: bytes) -> None:
        """There whole or not at all; a disk that takes no more of it costs the work only, should it be cut off."""
        path = self._path(made_from)
        part = path.with_suffix(".part")
        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as file:
                file.write(made)
                file.flush()
                os.fsync(file.fileno())
            part.rename(path)

    def drop(self) -> None:
        if self.folder.is_dir():
            shutil.rmtree(self.folder, ignore_errors=True)  # what stays goes with the sweep

    def _path(self, made_from: Iterable[str]) -> Path:
        found = hashlib.sha256()
        for part in made_from:
            found.update(b"%d:" % len(encoded := part.encode("utf-8", "surrogatepass")) + encoded)
        return self.folder / found.hexdigest()


class Begun:
    """Of all documents of a library. Safe from several threads as long as each has its own documents."""

    def __init__(self, library: Path) -> None:
        self._folder = library / FOLDER

    def __bool__(self) -> bool:
        """Is there anything?"""
        return self._folder.is_dir() and any(self._folder.iterdir())

    def of(self, doc_id: str) -> Unfinished:
        return Unfinished(self._folder / doc_id)

    def sweep(self, finished: Collection[str]) -> None:
        """Removes what is left of documents that are in the library, and what was not touched for a week."""
        for folder in self._folder.iterdir() if self._folder.is_dir() else ():
            with suppress(OSError):
                if folder.name in finished or time.time() - folder.stat().st_mtime > KEPT_SECONDS:
                    shutil.rmtree(folder)
