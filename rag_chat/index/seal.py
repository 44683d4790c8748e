"""Says whether the vector index's files are still what the last finished write left.

Chroma saves its graph in place: a kill during a save tears files whose counts still look healthy. So the seal is
removed before a write and made after it, over the checksums of the graph's files. Chroma's own SQLite file changes
whenever it is opened and is transactional; it gets SQLite's own check instead.
"""

from __future__ import annotations

import json
import sqlite3
import zlib
from contextlib import closing
from pathlib import Path

from rag_chat.library.files import folder_errors_are_ours

SQLITE_FILE = "chroma.sqlite3"
MOST_MB = 256  # read of a file: a torn graph can leave a sparse one of hundreds of GB behind
REWRITTEN = "length.bin"  # Chroma writes it anew whenever it opens the index; a reader must not break the seal


class Seal:
    """`path` is the seal's own file, `folder` what it guards."""

    def __init__(self, path: Path, folder: Path) -> None:
        self._path = path
        self._folder = folder

    def remove(self) -> None:
        with folder_errors_are_ours():
            self._path.unlink(missing_ok=True)

    def make(self) -> None:
        with folder_errors_are_ours():
            part = self._path.with_suffix(".part")
            part.write_text(json.dumps(self._sums()), encoding="utf-8")
            part.rename(self._path)

    def made(self) -> bool:
        """Whether the last write got to its end, without a look at the files."""
        return self._path.exists()

    def holds(self) -> bool:
        try:
            sealed = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return False
        return bool(sealed == self._sums() and self._sqlite_is_whole())

    def _sums(self) -> dict[str, int]:
        files = sorted(p for p in self._folder.rglob("*") if p.is_file() and _is_graph(p))
        return {str(p.relative_to(self._folder)): _sum(p) for p in files}

    def _sqlite_is_whole(self) -> bool:
        path = self._folder / SQLITE_FILE
        if not path.is_file():
            return False
        try:
            with closing(sqlite3.connect(f"file:{path.resolve()}?mode=ro", uri=True)) as db:
                return bool(db.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok")
        except sqlite3.Error:
            return False


def _is_graph(path: Path) -> bool:
    return path.name != REWRITTEN and not path.name.startswith(SQLITE_FILE)


def _sum(path: Path) -> int:
    value = path.stat().st_size
    with path.open("rb") as file:
        for _ in range(MOST_MB):
            if not (block := file.read(1024 * 1024)):
                break
            value = zlib.crc32(block, value)
    return value
