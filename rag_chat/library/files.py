"""The original bytes of each document, stored under the hash of their content; names of users never become paths.

The ending says of what kind the file is.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile

from rag_chat.errors import DiskFailed, DiskFull, DocumentError, LibraryError
from rag_chat.types import Kind

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
RESERVE = 16_000_000  # bytes
TRIAL = 1_000_000  # bytes
LACKING = (
    "The document needs about {needed} MB on the library's disk, where {free} MB are free; free some space and add it"
    " again."
)
FAILED = "The library's disk could not be read or written ({}); check the disk, and try again."
FULL = "No space is left for the library; nothing of this was kept: free some space and try again."
ENDINGS: dict[Kind, str] = {"pdf": ".pdf", "docx": ".docx", "html": ".html", "markdown": ".md", "text": ".txt"}


class Files:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with folder_errors_are_ours():
            folder.mkdir(parents=True, exist_ok=True)

    def path(self, doc_id: str) -> Path:
        """Where it is; where a PDF would be if it is not there."""
        found = (path for kind in ENDINGS if (path := self._path(doc_id, kind)).exists())
        return next(found, self._path(doc_id, "pdf"))

    def keep(self, doc_id: str, source: Path, kind: Kind = "pdf", *, sha256: str | None = None) -> str:
        """Copies the file in so that it is there whole or not at all, whatever happens; the hash of what is kept.

        Raises DocumentError where its bytes are not those of `sha256`: somebody writes to it at this moment.
        """
        target = self._path(doc_id, kind)
        if target.exists() and (there := digest(target)) == (sha256 or there):
            return there
        part = target.with_suffix(".part")
        with source.open("rb") as original, folder_errors_are_ours():
            try:
                with part.open("wb") as copy:
                    found = hashlib.sha256()
                    while block := original.read(1024 * 1024):
                        found.update(block)
                        copy.write(block)
                    copy.flush()
                    os.fsync(copy.fileno())
                if sha256 not in (None, found.hexdigest()):
                    raise DocumentError("It changed while it was read; add it again once it is written.", "E_CHANGED")
                part.rename(target)
                _sync_folder(self._folder)
            except (OSError, DocumentError):
                part.unlink(missing_ok=True)
                raise
        return found.hexdigest()

    def remove(self, doc_id: str) -> None:
        with folder_errors_are_ours():
            for kind in ENDINGS:
                self._path(doc_id, kind).unlink(missing_ok=True)

    def sweep(self, known: Collection[str]) -> None:
        """Removes what interrupted work left behind."""
        with folder_errors_are_ours():
            for path in self._folder.iterdir():
                if path.suffix == ".part" or (path.suffix in ENDINGS.values() and path.stem not in known):
                    path.unlink(missing_ok=True)

    def _path(self, doc_id: str, kind: Kind) -> Path:
        return self._folder / f"{doc_id}{ENDINGS[kind]}"


def digest(path: Path) -> str:
    with folder_errors_are_ours(), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def no_space_is_disk_full(said: str = FULL) -> Iterator[None]:
    """Words the operating system's "no space" as ours; a file-size limit of the process is the same to the user."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_SPACE:
            raise DiskFull(said) from error
        raise


@contextmanager
def folder_errors_are_ours() -> Iterator[None]:
    """A disk that fails or became read-only, a folder that is not ours any more: one sentence, as for a full disk."""
    try:
        with no_space_is_disk_full():
            yield
    except OSError as error:
        if error.errno == errno.EIO:
            raise DiskFailed(FAILED.format(error.strerror)) from error
        raise LibraryError(
            f"The library's folder cannot be written ({error.strerror}); check its disk and its permissions."
        ) from error


def require_room(folder: Path, needed: int, said: str = LACKING) -> None:
    """Raises DiskFull where fewer bytes than needed, and a reserve for everything else, are free."""
    free = shutil.disk_usage(folder).free
    if free < needed + RESERVE:
        raise DiskFull(said.format(needed=-(-(needed + RESERVE) // 1_000_000), free=free // 1_000_000))


def has_no_room(path: Path) -> bool:
    """Can this file, or one beside it that is named after it, not grow any more for want of space? Tried by writing."""
    largest = max((file.stat().st_size for file in path.parent.glob(f"{path.name}*")), default=0)
    try:
        with TemporaryFile(dir=path.parent) as trial:
            trial.seek(largest)
            trial.write(bytes(TRIAL))
            trial.flush()
            os.fsync(trial.fileno())
    except OSError as error:
        return error.errno in _NO_SPACE
    return False


def _sync_folder(folder: Path) -> None:
    with contextlib.suppress(OSError):  # some file systems cannot sync a folder
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
