import os
import subprocess
import sys

import pytest

from rag_chat.errors import LibraryError, LibraryInUse
from rag_chat.library.lock import Lock

HOLD = """
import sys, time
from pathlib import Path
from rag_chat.library.lock import Lock
lock = Lock(Path(sys.argv[1]), exclusive=sys.argv[2] == "exclusive")
print("held", flush=True)
time.sleep(60)
"""
RACE = """
import sys
from pathlib import Path
from rag_chat.errors import LibraryInUse
from rag_chat.library.lock import Lock
print("ready", flush=True)
sys.stdin.readline()
try:
    lock = Lock(Path(sys.argv[1]), exclusive=True)
    print("held", flush=True)
except LibraryInUse as error:
    print(error, flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def hold(tmp_path):
    """Starts another process that holds the library."""
    started = []

    def start(how):
        process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path), how], stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout.readline() == "held\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.parametrize(("theirs", "ours"), [("exclusive", True), ("exclusive", False), ("shared", True)])
def test_other_process_is_named(tmp_path, hold, theirs, ours):
    other = hold(theirs)
    with pytest.raises(LibraryInUse) as caught:
        Lock(tmp_path, exclusive=ours)
    assert str(caught.value) == (
        f"The library is in use by process {other.pid}; close it or use another --library."
    )  # fmt: skip


def test_of_several_that_start_at_once_one_has_it(tmp_path):
    line = [sys.executable, "-c", RACE, str(tmp_path)]
    racing = [subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(6)]
    try:
        assert [process.stdout.readline() for process in racing] == ["ready\n"] * 6
        for process in racing:
            process.stdin.write("go\n")
            process.stdin.flush()
        said = [process.stdout.readline().strip() for process in racing]
        assert said.count("held") == 1
        owner = racing[said.index("held")].pid
        others = [words for words in said if words != "held"]
        assert set(others) <= {
            f"The library is in use by process {owner}; close it or use another --library.",
            "The library is in use by another process; close it or use another --library.",  # it has not signed yet
        }
    finally:
        for process in racing:
            process.communicate("end\n")


def test_readers_share(tmp_path, hold):
    hold("shared")
    Lock(tmp_path, exclusive=False).close()


def test_killed_owner_holds_nothing(tmp_path, hold):
    other = hold("exclusive")
    other.kill()
    other.wait()
    Lock(tmp_path, exclusive=True).close()


def test_folder_that_cannot_be_made_is_said_so(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(LibraryError, match="cannot be written"):
        Lock(tmp_path / "file" / "library", exclusive=True)
    assert os.path.isfile(tmp_path / "file")
