"""What a file really is, from its first bytes, so that it is read as that, and a refusal can say so.

Its name decides only what bytes leave open: which of the kinds of text it is. A file that is named a PDF must be one,
as what a failed download saved under that name is nobody's document.
"""

from __future__ import annotations

from pathlib import Path

from ingest.plain import is_text
from rag_chat.errors import DocumentError
from rag_chat.types import Kind

SUFFIXES: dict[str, Kind] = {
    ".pdf": "pdf",
    ".docx": "docx",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".md": "markdown",
    ".markdown": "markdown",
    ".txt": "text",
}  # of files that are looked for in folders
READ = "PDF, DOCX, HTML, Markdown and plain text are"
END = 1024 * 1024  # of a ZIP archive, where the names of its files stand
_HEADER_WITHIN = 1024  # a PDF's header may stand behind other bytes; readers search the first part of the file

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"\x89PNG\r\n", "a PNG image"),
    (b"GIF8", "a GIF image"),
    (b"II*\x00", "a TIFF image"),
    (b"MM\x00*", "a TIFF image"),
    (b"\xd0\xcf\x11\xe0", "an old or encrypted Office document (DOC, XLS or PPT)"),
    (b"{\\rtf", "an RTF document"),
    (b"%!PS", "a PostScript file"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
)
DOCX = "a DOCX document"
_OFFICE = (
    (b"word/", DOCX),
    (b"xl/", "an XLSX workbook"),
    (b"ppt/", "a PPTX presentation"),
    (b"mimetype", "an OpenDocument or EPUB file"),
)


def kind_of(path: Path, name: str, max_file_mb: int) -> Kind:
    """Raises DocumentError unless the file is there, of a size allowed and of a kind that is read."""
    size = path.stat().st_size
    if size == 0:
        raise DocumentError("The file is empty (0 bytes); download or export it again.", "E_EMPTY")
    if size > max_file_mb * 1024 * 1024:
        raise DocumentError(
            f"The file has {size / 1024 / 1024:.0f} MB, more than the limit of {max_file_mb} MB;"
            " raise RAG_CHAT_MAX_FILE_MB or split it.",
            "E_TOO_LARGE",
        )
    head = _head(path)
    named, found = SUFFIXES.get(Path(name).suffix.lower()), kind(path)
    if found != "an HTML page" and b"%PDF-" in (head if named in ("pdf", None) else head.lstrip()[:5]):
        return "pdf"
    if named == "pdf":
        raise DocumentError(f"The file is not a PDF but {found}; export it as PDF first.", "E_NOT_PDF")
    if found == DOCX or (named == "docx" and found == "a ZIP archive"):
        return "docx"
    if found == "an HTML page":
        return "markdown" if named == "markdown" else "html"
    if found == "a text file":
        return named if named in ("html", "markdown") else "text"
    raise DocumentError(f"The file is {found}, which is not read; {READ}: export it as one of these.", "E_UNKNOWN_KIND")


def kind(path: Path) -> str:
    """In words: "a PNG image", "an HTML page"."""
    head = _head(path)
    if head.startswith(b"PK"):
        return _zip_kind(path)
    for magic, words in _MAGIC:
        if head.startswith(magic):
            return words
    if _is_html(head):
        return "an HTML page"
    return "a text file" if is_text(head) else "a file of unknown kind"


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEADER_WITHIN)


def _is_html(head: bytes) -> bool:
    start = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").lower()
    return start.startswith((b"<html", b"<!doctype html", b"<?xml", b"<script", b"<head", b"<!--"))


def _zip_kind(path: Path) -> str:
    """By the names at both ends of the archive; nothing is unpacked."""
    with path.open("rb") as file:
        names = file.read(END)
        file.seek(max(0, path.stat().st_size - END))
        names += file.read(END)
    return next((words for prefix, words in _OFFICE if prefix in names), "a ZIP archive")
