"""One SQLite file behind one connection: rows, transactions, and SQLite's errors worded as ours.

Safe to use from several threads, which wait for each other.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rag_chat.errors import DiskFailed, DiskFull, LibraryError
from rag_chat.library.files import FAILED, FULL, has_no_room

# secure_delete: deleted text must not stay readable in free pages of the file
_PRAGMAS = ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "secure_delete = ON")


class Database:
    """Opens or makes the file. Every method raises LibraryError: DiskFull where no space is left, DiskFailed where the
    disk fails otherwise."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._path = path
        try:
            self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=10)
            for pragma in _PRAGMAS:
                self._db.execute(f"PRAGMA {pragma}")
        except sqlite3.Error as error:
            raise _ours(error, path) from error

    @contextmanager
    def use(self) -> Iterator[sqlite3.Connection]:
        """The connection, for this thread alone; each statement is its own transaction."""
        with self._lock:
            try:
                yield self._db
            except sqlite3.Error as error:
                raise _ours(error, self._path) from error

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All of it or nothing."""
        with self.use() as db:
            try:
                db.execute("BEGIN IMMEDIATE")
                yield db
                db.execute("COMMIT")
            except BaseException:  # Ctrl-C too must not leave a transaction open
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with self.use() as db:
            return db.execute(sql, values).fetchall()

    def empty_log(self) -> None:
        """After a deletion: the write-ahead log holds the deleted text too."""
        with self.use() as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        with self._lock:
            self._db.close()


def _ours(error: sqlite3.Error, path: Path) -> LibraryError:
    kind = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
    # A quota or a limit on a file's size is an input/output error to SQLite, so that the disk itself is asked.
    if kind == sqlite3.SQLITE_FULL or (kind == sqlite3.SQLITE_IOERR and has_no_room(path)):
        return DiskFull(FULL)
    if kind == sqlite3.SQLITE_IOERR:
        return DiskFailed(FAILED.format(f"{error}, {error.sqlite_errorname}"))
    if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
        return LibraryError("The library is busy with another process's work; try again in a moment.")
    if isinstance(error, sqlite3.DatabaseError) and not isinstance(
        error, sqlite3.OperationalError | sqlite3.ProgrammingError
    ):
        return LibraryError(f"The library's catalog is damaged ({error}); put back a copy of it or add the files anew.")
    return LibraryError(f"The library's catalog cannot be used ({error}); check the folder and its permissions.")
