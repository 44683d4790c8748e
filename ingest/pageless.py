"""Files that have no pages (DOCX, HTML, Markdown, plain text), read in the sandbox's worker.

Their text is kept as parts of about a page; places in it are named by heading and paragraph.
"""

from __future__ import annotations

from pathlib import Path

from ingest import markup, plain
from ingest.parsed import Limits, Parsed
from ingest.parts import Block, parts
from rag_chat.errors import DocumentError
from rag_chat.sentences import readable
from rag_chat.types import Kind

TITLE_CHARACTERS = 200
NO_TEXT = "It has no text; if it holds pictures of text, export it as PDF, whose scanned pages can be recognised."


def read(path: str, kind: Kind, limits: Limits) -> Parsed:
    """In the worker. Raises DocumentError with one plain sentence."""
    title, blocks = _blocks(Path(path), kind)
    pages, outline = parts(blocks, limits.max_pages)
    if not pages:
        raise DocumentError(NO_TEXT, "E_NO_TEXT")
    first = next((block.text for block in blocks if block.level), "")
    return Parsed(readable(title or first)[:TITLE_CHARACTERS], pages, outline, kind)


def _blocks(path: Path, kind: Kind) -> tuple[str, list[Block]]:
    if kind == "docx":
        return markup.docx_blocks(path)
    data = path.read_bytes()
    if kind == "html":
        return markup.html_blocks(plain.decoded(data, markup.declared_encoding(data)))
    text = plain.decoded(data)
    return markup.markdown_blocks(text) if kind == "markdown" else ("", list(plain.paragraphs(text)))
