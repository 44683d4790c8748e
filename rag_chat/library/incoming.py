"""Files on their way into a library, kept in its folder so that a restart loses none of them.

Beside each file stands a note with its name, why it failed if it did, and how often work on it was begun: a file whose
work ended the process again and again is not begun for ever. Knows nothing of what is done with the files.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast, get_args

from rag_chat.errors import FailureCode, LibraryError
from rag_chat.library.begun import Begun
from rag_chat.library.files import digest, folder_errors_are_ours

FOLDER = "incoming"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A file that is not in the library yet; `attempts` counts those that never came to an end."""

    number: int
    name: str
    attempts: int
    path: Path
    code: FailureCode | None = None
    error: str | None = None  # why it failed; None while its turn is to come

    @property
    def size(self) -> int:
        """Bytes; 0 where it has gone meanwhile."""
        with suppress(OSError):
            return self.path.stat().st_size
        return 0


class Incoming:
    """Safe from several threads as long as each has its own numbers. Where the folder cannot be used, every method that
    changes something raises LibraryError, or DiskFull."""

    def __init__(self, library: Path) -> None:
        self._folder = library / FOLDER
        self._begun = Begun(library)

    def keep(self, number: int, source: Path, name: str) -> Waiting:
        """Moves the file in; it is there for the next start once this returns."""
        waiting = Waiting(number, name, 0, self._path(number))
        with folder_errors_are_ours():
            self._folder.mkdir(parents=True, exist_ok=True)
            try:
                shutil.move(source, waiting.path)
                self._write(waiting)
            except (OSError, LibraryError):
                with suppress(OSError):
                    waiting.path.unlink(missing_ok=True)  # half of it, or without a note
                raise
        return waiting

    def holds(self, path: Path) -> bool:
        return path.parent == self._folder

    def begin(self, waiting: Waiting) -> None:
        """Counted before the work, so that work which takes the process down is counted too."""
        self._write(replace(waiting, attempts=waiting.attempts + 1, code=None, error=None))

    def pause(self, waiting: Waiting) -> None:
        """Its turn is to come, and nothing is to blame: the process ends in good order, or it is tried again."""
        self._write(replace(waiting, attempts=0, code=None, error=None))

    def fail(self, waiting: Waiting, code: FailureCode, error: str) -> None:
        """It stays, so that it can be tried again, until it is dropped."""
        self._write(replace(waiting, attempts=0, code=code, error=error))

    def drop(self, number: int) -> None:
        """With what was made of it."""
        if self._begun:
            with suppress(LibraryError):  # a file that cannot be read goes all the same
                self._begun.of(digest(self._path(number))).drop()
        with folder_errors_are_ours():
            self._note(number).unlink(missing_ok=True)
            self._path(number).unlink(missing_ok=True)

    def last(self) -> int:
        """The highest number in use, 0 without any; changes nothing."""
        return max((int(note.stem) for note in self._folder.glob("*.json") if note.stem.isdecimal()), default=0)

    def all(self) -> list[Waiting]:
        """In the order in which they came; changes nothing, so that it may be asked beside a running app."""
        with folder_errors_are_ours():
            return sorted(self._read(), key=lambda waiting: waiting.number)

    def sweep(self) -> None:
        """Removes files without a note, which never were taken."""
        with folder_errors_are_ours():
            known = {path for waiting in self._read() for path in (waiting.path, self._note(waiting.number))}
            for path in set(self._folder.iterdir()) - known if self._folder.is_dir() else ():
                path.unlink(missing_ok=True)

    def _read(self) -> Iterator[Waiting]:
        for note in self._folder.glob("*.json"):
            try:
                number, values = int(note.stem), json.loads(note.read_text(encoding="utf-8"))
                waiting = Waiting(
                    number, str(values["name"]), int(values["attempts"]), self._path(number), *_failure(values)
                )
            except (ValueError, KeyError, TypeError, OSError):
                continue
            if waiting.path.is_file():
                yield waiting

    def _write(self, waiting: Waiting) -> None:
        part = self._note(waiting.number).with_suffix(".part")
        values = {
            "name": waiting.name, "attempts": waiting.attempts, "code": waiting.code, "error": waiting.error,
        }  # fmt: skip
        with folder_errors_are_ours():
            with part.open("w", encoding="utf-8") as file:
                json.dump(values, file)
                file.flush()
                os.fsync(file.fileno())
            part.rename(self._note(waiting.number))

    def _path(self, number: int) -> Path:
        return self._folder / f"{number}.upload"

    def _note(self, number: int) -> Path:
        return self._folder / f"{number}.json"


def _failure(values: dict[str, Any]) -> tuple[FailureCode, str] | tuple[None, None]:
    code, error = values.get("code"), values.get("error")  # a note of an earlier version has none
    if not error:
        return None, None
    return cast(FailureCode, code) if code in get_args(FailureCode) else "E_INTERNAL", str(error)
