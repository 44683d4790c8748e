"""Text of PDF pages as PDFium reads it; runs in the sandbox's worker only.

The text index is PDFium's character index: whatever is replaced is replaced by as many characters, so that a place
in the text gives the boxes of its letters. Not thread-safe, not safe against bombs: that is the sandbox's part.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_raw

from rag_chat import turned
from rag_chat.errors import DocumentError

LINE_END_HYPHEN = "\ufffe"  # PDFium writes it for a hyphen whose line break it dropped; see hyphens.py
UNREADABLE = "\ufffd"  # a sign that is drawn, but of which the file does not say what it means
_REPLACED = {
    code: UNREADABLE for code in (*range(9), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F, 0xFFFF, *range(0xFDD0, 0xFDF0))
}
_REPLACED[0x02] = LINE_END_HYPHEN
_PASSWORD_WANTED, _UNKNOWN_ENCRYPTION = 4, 5  # PDFium's error codes


Unreadable = pdfium.PdfiumError  # what PDFium says of a page that it cannot read


class Damaged(DocumentError):
    """PDFium finds no document in the file."""


def open_document(path: Path, password: str | None) -> pdfium.PdfDocument:
    try:
        document = pdfium.PdfDocument(path, password=password)
    except pdfium.PdfiumError as error:
        raise _why_not(error, password) from error
    logging.getLogger("pypdfium2").setLevel(logging.ERROR)  # it warns of forms of which it knows a part only
    with suppress(pdfium.PdfiumError):  # a damaged form is no reason to refuse the text
        document.init_forms()
    return document


def was_rebuilt(document: pdfium.PdfDocument) -> bool:
    """Was the cross-reference table broken, so that PDFium made it anew from the objects that it found?"""
    return not pdfium_raw.FPDF_DocumentHasValidCrossReferenceTable(document)


def save_unlocked(path: str, password: str, target: str) -> bool:
    """Writes the file without its encryption; False where it opens without a password, so that nothing need change."""
    try:
        pdfium.PdfDocument(path).close()
        return False
    except pdfium.PdfiumError:
        document = open_document(Path(path), password)
    try:
        document.save(target, flags=pdfium_raw.FPDF_REMOVE_SECURITY)
    except (pdfium.PdfiumError, OSError) as error:
        raise DocumentError(
            "The file cannot be kept without its encryption; save it without a password first.", "E_CANNOT_DECRYPT"
        ) from error
    finally:
        document.close()
    return True


@contextmanager
def opened_page(document: pdfium.PdfDocument, index: int) -> Iterator[tuple[pdfium.PdfPage, pdfium.PdfTextPage]]:
    """A page and its glyphs; raises PdfiumError where PDFium cannot read it.

    What was filled into a form becomes text after the page's own, as it does in `rag_chat/highlight.py`.
    """
    if document.formenv:
        with closing(document[index]) as page, suppress(pdfium.PdfiumError):
            page.flatten()
    with closing(document[index]) as page, turned.letters(page) as glyphs:
        yield page, glyphs


def page_text(glyphs: pdfium.PdfTextPage) -> str:
    count = glyphs.count_chars()
    text: str = glyphs.get_text_range() if count else ""
    if len(text) != count or any("\ud800" <= c <= "\udfff" for c in text):
        text = _one_by_one(glyphs, count)
    return text.replace("\r\n", " \n").replace("\r", "\n").translate(_REPLACED)


def line_sizes(glyphs: pdfium.PdfTextPage, text: str) -> tuple[float, ...]:
    """The height in points of the first letter of each line that is not blank."""
    sizes: list[float] = []
    rectangle, start = pdfium_raw.FS_RECTF(), 0
    aside = turned.quarter_turns(glyphs) % 2
    for line in text.split("\n"):
        if line.strip():
            first = start + len(line) - len(line.lstrip())
            known = pdfium_raw.FPDFText_GetLooseCharBox(glyphs, first, rectangle)
            height = rectangle.right - rectangle.left if aside else rectangle.top - rectangle.bottom
            sizes.append(round(float(height), 1) if known else 0.0)
        start += len(line) + 1
    return tuple(sizes)


def _one_by_one(glyphs: pdfium.PdfTextPage, count: int) -> str:
    """Slow but exact where the text has characters that PDFium's own string leaves out or writes as two."""
    codes = [int(pdfium_raw.FPDFText_GetUnicode(glyphs, i)) for i in range(count)]
    out: list[str] = []
    for i, code in enumerate(codes):
        following = codes[i + 1] if i + 1 < count else 0
        if 0xD800 <= code < 0xDC00 and 0xDC00 <= following < 0xE000:
            out.append(chr(0x10000 + ((code - 0xD800) << 10) + (following - 0xDC00)))
        elif 0xDC00 <= code < 0xE000 and i and 0xD800 <= codes[i - 1] < 0xDC00:
            out.append("\u200b")  # the second half of the character before; keeps the index
        else:
            out.append(chr(code) if code <= 0x10FFFF and not 0xD800 <= code < 0xE000 else " ")
    return "".join(out)


def _why_not(error: pdfium.PdfiumError, password: str | None) -> DocumentError:
    code = getattr(error, "err_code", None)
    if code == _PASSWORD_WANTED and password is None:
        said = "The file is encrypted and needs a password."  # where to give it is the door's to say
        return DocumentError(said, "E_ENCRYPTED")
    if code == _PASSWORD_WANTED:
        said = "The file is encrypted and the password given does not open it; give the right one."
        return DocumentError(said, "E_BAD_PASSWORD")
    if code == _UNKNOWN_ENCRYPTION:
        said = "The file is encrypted in a way unknown here; save it without encryption first."
        return DocumentError(said, "E_CANNOT_DECRYPT")
    return Damaged("The file is damaged: no PDF reader can find its pages; download or export it again.")
