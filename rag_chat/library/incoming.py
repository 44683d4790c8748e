"""Files on their way into a library, kept in its folder so that a restart loses none of them.

Beside each file stands a note with its name and how often work on it was begun: a file whose work ended the process
again and again is not begun for ever. Knows nothing of what is done with the files.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rag_chat.library.files import no_space_is_disk_full

FOLDER = "incoming"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A file that has not been dealt with; `attempts` counts those that never came to an end."""

    number: int
    name: str
    attempts: int
    path: Path


class Incoming:
    """Safe from several threads as long as each has its own numbers."""

    def __init__(self, library: Path) -> None:
        self._folder = library / FOLDER

    def keep(self, number: int, source: Path, name: str) -> Waiting:
        """Moves the file in; it is there for the next start once this returns."""
        with no_space_is_disk_full():
            self._folder.mkdir(parents=True, exist_ok=True)
            waiting = Waiting(number, name, 0, self._path(number))
            shutil.move(source, waiting.path)
            self._write(waiting)
        return waiting

    def begin(self, waiting: Waiting) -> Waiting:
        """Counted before the work, so that work which takes the process down is counted too."""
        begun = Waiting(waiting.number, waiting.name, waiting.attempts + 1, waiting.path)
        self._write(begun)
        return begun

    def pause(self, waiting: Waiting) -> None:
        """The process ends in good order: what it was at is not to blame."""
        self._write(Waiting(waiting.number, waiting.name, 0, waiting.path))

    def drop(self, number: int) -> None:
        self._note(number).unlink(missing_ok=True)
        self._path(number).unlink(missing_ok=True)

    def last(self) -> int:
        """The highest number in use, 0 without any; changes nothing."""
        return max((int(note.stem) for note in self._folder.glob("*.json") if note.stem.isdecimal()), default=0)

    def all(self) -> list[Waiting]:
        """What earlier lives left, in the order it came; files without a note never were taken, and are removed."""
        found = sorted(self._read(), key=lambda waiting: waiting.number) if self._folder.is_dir() else []
        known = {path for waiting in found for path in (waiting.path, self._note(waiting.number))}
        for path in set(self._folder.iterdir()) - known if self._folder.is_dir() else ():
            path.unlink(missing_ok=True)
        return found

    def _read(self) -> Iterator[Waiting]:
        for note in self._folder.glob("*.json"):
            try:
                number, values = int(note.stem), json.loads(note.read_text(encoding="utf-8"))
                waiting = Waiting(number, str(values["name"]), int(values["attempts"]), self._path(number))
            except (ValueError, KeyError, TypeError, OSError):
                continue
            if waiting.path.is_file():
                yield waiting

    def _write(self, waiting: Waiting) -> None:
        part = self._note(waiting.number).with_suffix(".part")
        with no_space_is_disk_full(), part.open("w", encoding="utf-8") as file:
            json.dump({"name": waiting.name, "attempts": waiting.attempts}, file)
            file.flush()
            os.fsync(file.fileno())
        part.rename(self._note(waiting.number))

    def _path(self, number: int) -> Path:
        return self._folder / f"{number}.upload"

    def _note(self, number: int) -> Path:
        return self._folder / f"{number}.json"
