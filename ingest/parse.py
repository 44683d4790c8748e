"""A file as pages, labels, title and outline, read in a worker process with limits.

Of a PDF `read` runs in the worker and yields as it goes; `parse` runs here and collects. Pages without text and pages
that break the reader are states; a document without any text is an error that says so. Pages that are images get their
text by recognition where that is installed. Files without pages are read by `pageless`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ingest import cells, forms, glyphs, headings, ocr, pageless, rows, structure
from ingest.garbled import is_garbled
from ingest.hidden import sight
from ingest.hyphens import settle
from ingest.parsed import PAGE_CHARACTERS, Limits, Parsed
from ingest.ruled import Rules
from ingest.sniff import kind_of
from ingest.structure import Structure
from ingest.tagged import Named, Tags
from ingest.unseen import hides_signs
from rag_chat.errors import DocumentError
from rag_chat.library.begun import Unfinished
from rag_chat.sandbox import Sandbox, StepTooSlow
from rag_chat.types import Outline, Page, PageState, WordBox

TEXT_CHARACTERS = 200_000_000  # of one document
ENDLESS = "No page of it has text, and what it draws repeats itself without end; leave it out."
OCR_MISSING = "install text recognition with: pip install rapidocr, then add it again"
OCR_INSTALLED = "text recognition found none either, so leave it out"
PAGE_SECONDS = 30.0
MOST_BREAKS = 3  # pages of one document that may break the reader


@dataclass(frozen=True, slots=True)
class Opened:
    pages: int
    rebuilt: bool  # its table of objects was broken, and made anew from what the file holds


@dataclass(frozen=True, slots=True)
class Reading:
    """What the worker made of one page."""

    text: str
    state: PageState
    hidden: bool = False
    sizes: tuple[float, ...] = ()  # of the letters of each line that is not blank
    headings: tuple[Named | None, ...] = ()  # of the same lines, where the file names any
    words: tuple[WordBox, ...] = ()


def _nobody(done: int, total: int) -> None:
    return


def parse(
    path: Path, limits: Limits, sandbox: Sandbox, *, name: str | None = None, password: str | None = None,
    progress: Callable[[int, int], None] = _nobody, recognizing: Callable[[int, int], None] = _nobody,
    recognition: AbstractContextManager[object] | None = None, begun: Unfinished | None = None,
) -> Parsed:  # fmt: skip
    """Raises DocumentError with one plain sentence; `name` is the file's own where the path has another. `progress`
    hears (pages done, pages in all), `recognizing` the same of the pages that are images. `recognition` is held
    meanwhile: it takes all cores for seconds a page, so that two at once are no faster. Each such page is kept in
    `begun`, and not recognised again where it is there."""
    kind = kind_of(path, name or path.name, limits.max_file_mb)
    if kind != "pdf":
        return sandbox.call(pageless.read, str(path.resolve()), kind, limits)
    readings: list[Reading] = []
    characters = 0
    pages = _Pages(path, limits, sandbox, password)
    for reading in pages:
        readings.append(reading)
        characters += len(reading.text)
        if characters > TEXT_CHARACTERS:
            raise DocumentError(
                f"It has more than {TEXT_CHARACTERS:,} characters of text; split it.", "E_TOO_MUCH_TEXT"
            )
        progress(len(readings), pages.total)
    if ocr.is_installed():
        _recognize(readings, path.resolve(), password, sandbox, recognizing, recognition or nullcontext(), begun)
    if not any(reading.text.strip() for reading in readings):
        raise pages.broken or _no_text(readings)
    try:
        found = sandbox.call(structure.read_structure, path.resolve(), password)
    except DocumentError:  # damaged structure is no reason to refuse text that can be read
        found = Structure()
    return _assembled(readings, found, pages.rebuilt or found.repeats)


def _recognize(
    readings: list[Reading], path: Path, password: str | None, sandbox: Sandbox, tell: Callable[[int, int], None],
    recognition: AbstractContextManager[object], begun: Unfinished | None,
) -> None:  # fmt: skip
    """Puts recognised text in the place of pages without any, or whose own is garbled; a page with nothing on it is
    blank."""
    unread = [index for index, reading in enumerate(readings) if reading.state in ("empty", "garbled")]
    if not unread:
        return
    with recognition:
        for index, found in ocr.recognised(path, password, unread, sandbox, tell, begun).items():
            readings[index] = _recognised(readings[index], found)


def _recognised(reading: Reading, found: ocr.Recognised | None) -> Reading:
    if found is not None and found.text.strip():
        if reading.state == "garbled" and is_garbled(found.text):  # it says what it shows, be that a list of codes
            return replace(reading, state="text")
        return Reading(found.text, "ocr", words=found.words)
    if reading.state == "garbled":
        return reading
    return Reading("", "failed" if found is None else "blank")


class _Pages:
    """Iterates over the readings of a file's pages. A page that breaks the reader is failed, and the next one tried;
    where several do, the whole file is refused."""

    def __init__(self, path: Path, limits: Limits, sandbox: Sandbox, password: str | None) -> None:
        self._path, self._limits, self._sandbox, self._password = str(path.resolve()), limits, sandbox, password
        self.total = 0
        self.rebuilt = False
        self.broken: DocumentError | None = None  # what the last such page did

    def __iter__(self) -> Iterator[Reading]:
        done, breaks = 0, 0
        while done < self.total or not done:
            try:
                for item in self._from(done):
                    if isinstance(item, Opened):
                        self.total, self.rebuilt = item.pages, item.rebuilt
                    else:
                        done += 1
                        yield item
            except DocumentError as error:
                breaks += 1
                if not self.total or not _is_one_pages(error) or breaks > MOST_BREAKS:
                    raise
                done += 1
                yield self._without_pdfium(done - 1, error)

    def _without_pdfium(self, index: int, error: DocumentError) -> Reading:
        """A page that broke PDFium: its text by pypdf, which leaves them out, where it was for forms without end."""
        if not self._sandbox.call(forms.never_end, Path(self._path), self._password, index):
            self.broken = error
            return Reading("", "failed")
        self.broken = self.broken or DocumentError(ENDLESS, "E_NO_TEXT")
        text = self._sandbox.call(structure.fallback_text, Path(self._path), self._password, index)
        return Reading(text, "text" if text.strip() else "blank")

    def _from(self, first: int) -> Iterator[Opened | Reading]:
        return self._sandbox.stream(read, self._path, self._limits, self._password, first, step=PAGE_SECONDS)


def _is_one_pages(error: DocumentError) -> bool:
    return isinstance(error, StepTooSlow) or error.code in ("E_MEMORY", "E_PARSER_CRASH", "E_PARSER_FAILED")


def read(path: str, limits: Limits, password: str | None, first: int) -> Iterator[Opened | Reading]:
    """In the worker: the number of pages, then each page from index `first` on."""
    try:
        document = glyphs.open_document(Path(path), password)
    except glyphs.Damaged:
        if (count := structure.counted_pages(Path(path), password)) is not None:  # intact, perhaps, but not for PDFium
            _require_pages(count, limits)
        raise
    with closing(document):
        count = len(document)
        _require_pages(count, limits)
        yield Opened(count, glyphs.was_rebuilt(document))
        for index in range(first, count):
            yield _reading(document, index, Path(path), password)


def _require_pages(count: int, limits: Limits) -> None:
    if count == 0:
        raise DocumentError("The PDF has no pages; export it again.", "E_NO_PAGES")
    if count > limits.max_pages:
        raise DocumentError(
            f"The PDF has {count:,} pages, more than the limit of {limits.max_pages:,};"
            " raise RAG_CHAT_MAX_PAGES or split it.",
            "E_TOO_MANY_PAGES",
        )


def _reading(document: Any, index: int, path: Path, password: str | None) -> Reading:
    try:
        with glyphs.opened_page(document, index) as (page, of_page):
            text = glyphs.page_text(of_page)
            if len(text) > PAGE_CHARACTERS:
                return Reading("", "failed")
            seen = sight(page, of_page, text)
            tags = Tags(page, of_page)
            text = _with_rows(page, of_page, tags, text)
            sizes, named = glyphs.line_sizes(of_page, text), tags.headings(text)
            text = tags.with_items(text)
    except glyphs.Unreadable:
        text = structure.fallback_text(path, password, index)
        return Reading(text, "text" if text.strip() else "failed")
    if _says_something(text):
        state: PageState = "garbled" if is_garbled(text) else "layer" if seen.layer else "text"
        return Reading(text, state, seen.hidden or hides_signs(text), sizes, named)
    return Reading("", "empty")


def _with_rows(page: Any, of_page: Any, tags: Tags, text: str) -> str:
    """Rows of tables as lines: where the file names cells or draws them these, else what the letters' places tell."""
    text = cells.parted(of_page, text)
    if tags.has_cells:
        return rows.parted(text, tags.cells, certain=True)
    rules = Rules(page, of_page)
    return rows.parted(text, rules.cells, certain=False) if rules else text


def _says_something(text: str) -> bool:
    """Are at least half of its signs readable? Else it is for recognition, or for nobody."""
    return len("".join(text.split())) > 2 * text.count(glyphs.UNREADABLE)


def _assembled(readings: list[Reading], found: Structure, repaired: bool) -> Parsed:
    labels = found.labels if len(found.labels) == len(readings) else ()
    pages = settle(
        [
            Page(number, labels[number - 1] if labels else str(number), r.text, r.state, r.hidden, r.words)
            for number, r in enumerate(readings, start=1)
        ]
    )
    entries = [Outline(n, _place(pages[n - 1].text, path[-1]), path) for n, path in found.outline if n <= len(pages)]
    if not entries:
        entries = headings.outline([line for page, r in zip(pages, readings, strict=True) for line in _lines(page, r)])
    outline = tuple(sorted(entries, key=lambda entry: (entry.page, entry.start)))
    return Parsed(found.title, pages, outline, repaired=repaired)


def _lines(page: Page, reading: Reading) -> Iterator[headings.Line]:
    sizes, named, start = iter(reading.sizes), iter(reading.headings), 0
    for line in page.text.split("\n") if reading.sizes else ():
        if line.strip():
            yield headings.Line(page.number, start, line, next(sizes), next(named, None))
        start += len(line) + 1


def _place(text: str, title: str) -> int:
    """Where the heading stands on its page; the page's beginning where its words are not found."""
    words = [re.escape(word) for word in title.split()]
    match = re.search(r"\W+".join(words), text, re.IGNORECASE) if words else None
    return match.start() if match else 0


def _no_text(readings: Sequence[Reading]) -> DocumentError:
    if any(reading.state == "failed" for reading in readings):
        return DocumentError("None of its pages can be read; the file is damaged, download or export it again.")
    scanned = "1 scanned page" if len(readings) == 1 else f"{len(readings):,} scanned pages"
    return DocumentError(
        f"No page of it has text ({scanned}); {OCR_INSTALLED if ocr.is_installed() else OCR_MISSING}.",
        "E_NO_TEXT",
    )
