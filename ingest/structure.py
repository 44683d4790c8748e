"""What pypdf knows of a PDF beyond its letters: title, page labels, outline, and text where PDFium has none.

Runs in the sandbox's worker only. Damaged structure is no reason to refuse a document whose text can be read: every
part that cannot be read is simply absent.
"""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from pypdf import PdfReader
from pypdf.errors import PyPdfError

from ingest.parsed import PAGE_CHARACTERS
from rag_chat.sentences import readable
from rag_chat.types import PARAGRAPH

SECONDS = 30.0  # structure is worth no more than this
OUTLINE_ENTRIES = 20_000
TITLE_CHARACTERS = 200
LABEL_CHARACTERS = 40
_CONTROLS = {code: " " for code in range(0x20) if chr(code) not in "\t\n"}

# pypdf lets the errors of its own parsing through where a file is odd in a way it does not foresee.
ODD_FILE = (
    PyPdfError, ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError, ArithmeticError,
    NotImplementedError, OSError, MemoryError, ImportError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Structure:
    title: str = ""
    labels: tuple[str, ...] = ()
    outline: tuple[tuple[int, tuple[str, ...]], ...] = ()  # (page from 1, titles from the top level down)
    repeats: bool = False  # the page tree names a page twice


def read_structure(path: Path, password: str | None) -> Structure:
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    title, labels, outline = "", (), ()  # type: str, tuple[str, ...], tuple[tuple[int, tuple[str, ...]], ...]
    repeats = False
    with suppress(*ODD_FILE), deadline(SECONDS):
        opened = reader(path, password)
        with suppress(*ODD_FILE):
            title = _title(opened)
        with suppress(*ODD_FILE):
            labels = tuple(_clean(label, LABEL_CHARACTERS).replace(PARAGRAPH, "") for label in opened.page_labels)
        with suppress(*ODD_FILE):
            outline = tuple(_entries(opened, opened.outline, ()))
        with suppress(*ODD_FILE):
            named = [page.indirect_reference for page in opened.pages]
            repeats = len({reference.idnum for reference in named if reference}) < len(list(filter(None, named)))
    return Structure(title, labels, outline, repeats)


def counted_pages(path: Path, password: str | None) -> int | None:
    """What the top of the page tree says, without a walk through it: a few objects can have thousands of millions of
    leaves. None where nothing says it."""
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    with suppress(*ODD_FILE), deadline(SECONDS):
        pages: Any = reader(path, password).root_object["/Pages"]
        return int(pages["/Count"])
    return None


def fallback_text(path: Path, password: str | None, index: int) -> str:
    """The page's text by pypdf, "" where it cannot read it either, or reads more than a page for people holds."""
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    with suppress(*ODD_FILE), deadline(SECONDS):
        text = str(reader(path, password).pages[index].extract_text())
        return (
            text.encode("utf-8", "replace").decode("utf-8").translate(_CONTROLS) if len(text) <= PAGE_CHARACTERS else ""
        )
    return ""


def reader(path: Path, password: str | None) -> PdfReader:
    return PdfReader(path, strict=False, password=password)


def _title(opened: PdfReader) -> str:
    return _clean((opened.metadata and opened.metadata.title) or "", TITLE_CHARACTERS)


def _clean(text: object, most: int) -> str:
    """Fit to be stored and shown: no control characters, no halves of characters, not endless."""
    return readable(str(text)[: 10 * most].encode("utf-8", "replace").decode("utf-8"))[:most]


def _entries(opened: PdfReader, items: list[Any], above: tuple[str, ...]) -> Iterator[tuple[int, tuple[str, ...]]]:
    path, seen = above, 0
    for item in items:
        if isinstance(item, list):
            yield from _entries(opened, item, path)
            continue
        title = _clean(item.title or "", TITLE_CHARACTERS)
        path = (*above, title)
        number = opened.get_destination_page_number(item)
        seen += 1
        if title and number is not None and number >= 0 and seen <= OUTLINE_ENTRIES:
            yield number + 1, path


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Ends Python code that computes too long, however busy the machine is; only in a worker's main thread, as signals
    go there."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"signal {number}")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
