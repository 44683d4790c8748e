"""What of a document was read, page by page, in one sentence: "42 of 44 pages read, 2 without text: 3, 17".

What has no pages is counted in parts of about a page."""

from __future__ import annotations

from collections.abc import Sequence

from rag_chat.types import Document, IngestReport

REPAIRED = "its file is damaged and was repaired: check that nothing is missing"
NAMED = 12  # pages that are listed one by one


def sentence(read: Document | IngestReport) -> str:
    """Names every page that is not simply read; "7 pages" where all are."""
    empty = [page for page in read.pages_without_text if page not in read.pages_failed]
    notes = (
        _note(len(empty), "without text", empty),
        _note(len(read.pages_failed), "failed", read.pages_failed),
        _note(len(read.pages_ocr), "by text recognition", read.pages_ocr),
        _note(len(read.pages_hidden), "with hidden text", read.pages_hidden),
        _note(len(read.pages_garbled), "with letters that its fonts get wrong", read.pages_garbled),
        _note(len(read.pages_layer), "with a text layer over a picture, whose letters may be wrong", read.pages_layer),
        REPAIRED if read.repaired else "",
    )
    lost = len(read.pages_without_text)
    counted = length(read)
    return ", ".join([f"{read.pages - lost:,} of {counted} read" if lost else counted, *filter(None, notes)])


def length(read: Document | IngestReport) -> str:
    """ "7 pages"; "3 parts"."""
    return f"{read.pages:,} {'page' if read.kind == 'pdf' else 'part'}{'' if read.pages == 1 else 's'}"


def _note(count: int, what: str, pages: Sequence[int]) -> str:
    named = ", ".join(str(page) for page in pages[:NAMED]) + (" …" if len(pages) > NAMED else "")
    return f"{count:,} {what}: {named}" if count else ""
