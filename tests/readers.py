"""The reading processes of the tests' own; threads and processes may end while they are looked at."""

from contextlib import suppress
from pathlib import Path


def readers() -> list[int]:
    found = []
    for task in Path("/proc/self/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):
            found += [int(pid) for pid in (task / "children").read_text().split() if _reads(pid)]
    return found


def _reads(pid: str) -> bool:
    with suppress(FileNotFoundError, ProcessLookupError):
        return b"rag_chat.sandbox" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False
