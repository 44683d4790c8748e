"""A disk that is full and a disk that fails are told apart, each in its own sentence."""

import os
from contextlib import closing

import pytest

from rag_chat.errors import DiskFailed, DiskFull
from rag_chat.library.database import Database


@pytest.fixture
def database(tmp_path):
    with closing(Database(tmp_path / "some.sqlite")) as made:
        with made.transaction() as db:
            db.execute("CREATE TABLE t (text TEXT)")
            db.execute("CREATE VIRTUAL TABLE words USING fts5(text)")
        yield made


def put_in_place_of(path, device, flags):
    """Whatever this process has the file open as is that device from now on."""
    for name in os.listdir("/proc/self/fd"):
        try:
            if os.readlink(f"/proc/self/fd/{name}") == str(path):
                with open(os.open(device, flags)) as other:
                    os.dup2(other.fileno(), int(name))
        except FileNotFoundError:  # what listed the folder
            pass


@pytest.mark.parametrize("table", ["t", "words"])
@pytest.mark.parametrize(
    ("device", "flags", "error", "said"),
    [
        ("/dev/full", os.O_RDWR, DiskFull, "^No space is left for the library"),
        (
            "/dev/null",
            os.O_RDONLY,
            DiskFailed,
            r"^The library's disk could not be read or written \(disk I/O error, SQ",
        ),
    ],
    ids=["full", "failing"],
)
def test_full_disk_and_failing_disk_are_two_things(database, tmp_path, table, device, flags, error, said):
    put_in_place_of(tmp_path / "some.sqlite-wal", device, flags)
    with pytest.raises(error, match=said), database.transaction() as db:
        db.execute(f"INSERT INTO {table} VALUES (?)", ("grain " * 100_000,))
