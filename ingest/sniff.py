"""What a file really is, from its first bytes, so that a refusal can say so."""

from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import Path

from rag_chat.errors import DocumentError

HEAD = 1024 * 1024  # a PDF's header may stand behind other bytes; readers search the first part of the file
_HEADER_WITHIN = 1024

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"\x89PNG\r\n", "a PNG image"),
    (b"GIF8", "a GIF image"),
    (b"II*\x00", "a TIFF image"),
    (b"MM\x00*", "a TIFF image"),
    (b"\xd0\xcf\x11\xe0", "an old Office document (DOC, XLS or PPT)"),
    (b"{\\rtf", "an RTF document"),
    (b"%!PS", "a PostScript file"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
)
_OFFICE = (
    ("word/", "a DOCX document"),
    ("xl/", "an XLSX workbook"),
    ("ppt/", "a PPTX presentation"),
    ("mimetype", "an OpenDocument or EPUB file"),
)


def require_pdf(path: Path, max_file_mb: int) -> None:
    """Raises DocumentError unless the file is there, of a size allowed and begins as a PDF does."""
    size = path.stat().st_size
    if size == 0:
        raise DocumentError("The file is empty (0 bytes); download or export it again.", "E_EMPTY")
    if size > max_file_mb * 1024 * 1024:
        raise DocumentError(
            f"The file has {size / 1024 / 1024:.0f} MB, more than the limit of {max_file_mb} MB;"
            " raise RAG_CHAT_MAX_FILE_MB or split it.",
            "E_TOO_LARGE",
        )
    with path.open("rb") as file:
        head = file.read(_HEADER_WITHIN)
    if b"%PDF-" not in head or _is_html(head):
        raise DocumentError(f"The file is not a PDF but {kind(path)}; export it as PDF first.", "E_NOT_PDF")


def kind(path: Path) -> str:
    """In words: "a PNG image", "an HTML page"."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    if head.startswith(b"PK"):
        return _zip_kind(path)
    for magic, words in _MAGIC:
        if head.startswith(magic):
            return words
    if _is_html(head):
        return "an HTML page"
    if b"\0" not in head[:_HEADER_WITHIN]:
        return "a text file"
    return "a file of unknown kind"


def _is_html(head: bytes) -> bool:
    start = head[:_HEADER_WITHIN].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return start.startswith((b"<html", b"<!doctype html", b"<?xml", b"<script", b"<head", b"<!--"))


def _zip_kind(path: Path) -> str:
    try:
        with zipfile.ZipFile(BytesIO(path.read_bytes())) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return "a ZIP archive"
    return next((words for prefix, words in _OFFICE if any(n.startswith(prefix) for n in names)), "a ZIP archive")
