"""What the tests of the queue of uploads share."""

import time

from rag_chat.types import IngestReport


def until(condition, seconds=5.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def incoming(folder):
    return sorted(path.name for path in (folder / "library" / "incoming").iterdir())


def file(folder, name):
    (folder / name).mkdir()
    path = folder / name / "upload.pdf"
    path.write_bytes(b"%PDF-1.4")
    return path, name


def fails(code="E_DAMAGED", said="Damaged."):
    return lambda path, name, progress, **options: IngestReport(name, None, "failed", error=said, code=code)
