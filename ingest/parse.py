"""A PDF file as pages, labels, title and outline, read in a worker process with limits.

`read` runs in the worker and yields as it goes; `parse` runs here and collects. Pages without text are a state, a
document without any is an error that says so. Limit: no text recognition, so scanned pages stay empty.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ingest import glyphs, structure
from ingest.hyphens import settle
from ingest.sniff import require_pdf
from ingest.structure import Structure
from rag_chat.errors import DocumentError
from rag_chat.sandbox import Sandbox
from rag_chat.types import Outline, Page

NO_PAGES = "The PDF has no pages; export it again."
TEXT_CHARACTERS = 200_000_000  # of one document


@dataclass(frozen=True, slots=True)
class Limits:
    max_file_mb: int
    max_pages: int


@dataclass(frozen=True, slots=True)
class Opened:
    pages: int


@dataclass(frozen=True, slots=True)
class Parsed:
    title: str
    pages: tuple[Page, ...]
    outline: tuple[Outline, ...]

    @property
    def pages_without_text(self) -> tuple[int, ...]:
        return tuple(page.number for page in self.pages if not page.text.strip())


def parse(
    path: Path, limits: Limits, sandbox: Sandbox, *, password: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Parsed:  # fmt: skip
    """Raises DocumentError with one plain sentence; `progress` hears (pages done, pages in all)."""
    require_pdf(path, limits.max_file_mb)
    total, texts, found, characters = 0, [], Structure(), 0
    for item in sandbox.stream(read, str(path.resolve()), limits, password):
        if isinstance(item, Opened):
            total = item.pages
        elif isinstance(item, Structure):
            found = item
        else:
            texts.append(item)
            characters += len(item)
            if characters > TEXT_CHARACTERS:
                raise DocumentError(f"It has more than {TEXT_CHARACTERS:,} characters of text; split it.")
            if progress is not None:
                progress(len(texts), total)
    return _checked(_assembled(texts, found))


def read(path: str, limits: Limits, password: str | None) -> Iterator[Opened | str | Structure]:
    """In the worker: first the number of pages, then each page's text, last the structure."""
    try:
        document = glyphs.open_document(Path(path), password)
    except glyphs.Damaged:
        if structure.has_no_pages(Path(path), password):  # intact, but PDFium does not open such a file
            raise DocumentError(NO_PAGES) from None
        raise
    try:
        count = len(document)
        if count == 0:
            raise DocumentError(NO_PAGES)
        if count > limits.max_pages:
            raise DocumentError(
                f"The PDF has {count:,} pages, more than the limit of {limits.max_pages:,};"
                " raise RAG_CHAT_MAX_PAGES or split it."
            )
        yield Opened(count)
        for index in range(count):
            text = glyphs.page_text(document, index)
            yield structure.fallback_text(Path(path), password, index) if text is None else text
    finally:
        document.close()
    yield structure.read_structure(Path(path), password)


def _assembled(texts: list[str], found: Structure) -> Parsed:
    labels = found.labels if len(found.labels) == len(texts) else ()
    pages = settle([Page(i, labels[i - 1] if labels else str(i), text) for i, text in enumerate(texts, start=1)])
    entries = [Outline(n, _place(pages[n - 1].text, path[-1]), path) for n, path in found.outline if n <= len(pages)]
    return Parsed(found.title, pages, tuple(sorted(entries, key=lambda entry: (entry.page, entry.start))))


def _place(text: str, title: str) -> int:
    """Where the heading stands on its page; the page's beginning where its words are not found."""
    words = [re.escape(word) for word in title.split()]
    match = re.search(r"\W+".join(words), text, re.IGNORECASE) if words else None
    return match.start() if match else 0


def _checked(parsed: Parsed) -> Parsed:
    without = len(parsed.pages_without_text)
    if without == len(parsed.pages):
        scanned = "1 scanned page" if without == 1 else f"{without:,} scanned pages"
        raise DocumentError(
            f"No page of it has text ({scanned}); make its text readable with OCR software first, then add it again."
        )
    return parsed
