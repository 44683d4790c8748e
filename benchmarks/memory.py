"""Peak memory of ingesting one long document, above what the process held before.

    python -m benchmarks.memory --pdf FILE [--pdf FILE ...] [--pages 2000]

The document is made of the given files' pages, again and again until it is long enough. The reading process, which
has a limit of its own (RAG_CHAT_PARSE_MEMORY_MB), and Chroma's are counted with it.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pypdfium2 as pdfium

from benchmarks import door
from benchmarks.worker import Worker
from rag_chat.errors import NotFound


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pdf", type=Path, action="append", required=True, help="a file whose pages are used")
    parser.add_argument("--pages", type=int, nargs="+", default=[500, 2000], help="lengths that are tried")
    given = parser.parse_args()
    missing = [path for path in given.pdf if not path.is_file()]
    if missing:
        raise NotFound(f"No file '{missing[0]}' is there; check the path.")
    rows = []
    for pages in given.pages:
        with TemporaryDirectory() as folder:
            rows.append(_measured(Path(folder), given.pdf, pages))
    print(door.markdown(("pages", "chunks", "seconds", "pages a minute", "peak above idle, MB"), rows))


def _measured(folder: Path, sources: Sequence[Path], pages: int) -> tuple[str, ...]:
    document = _made(folder / "long.pdf", sources, pages)
    worker = Worker("benchmarks.our_stack:OurStack", folder)
    try:
        worker.call("machine")
        idle = worker.peak_mb
        seconds, read, chunks = worker.call("ingest", [document], folder / "library")
        peak = worker.peak_mb - idle
    finally:
        worker.close()
    return f"{read:,}", f"{chunks:,}", f"{seconds:.0f}", f"{60 * read / seconds:,.0f}", f"{peak:,.0f}"


def _made(path: Path, sources: Sequence[Path], pages: int) -> Path:
    made = pdfium.PdfDocument.new()
    for source in itertools.cycle(sources):
        left = pages - len(made)
        if left <= 0:
            break
        document = pdfium.PdfDocument(source)
        made.import_pages(document, list(range(min(left, len(document)))))
        document.close()
    made.save(path)
    made.close()
    return path


if __name__ == "__main__":
    door.run(main)
