"""What reading a file of any kind comes to, and the limits it keeps to."""

from __future__ import annotations

from dataclasses import dataclass

from rag_chat.types import Kind, Outline, Page

PAGE_CHARACTERS = 2_000_000  # more is no page for people


@dataclass(frozen=True, slots=True)
class Limits:
    max_file_mb: int
    max_pages: int  # of paper, or parts of about a page


@dataclass(frozen=True, slots=True)
class Parsed:
    title: str
    pages: tuple[Page, ...]
    outline: tuple[Outline, ...]
    kind: Kind = "pdf"
    repaired: bool = False  # the file is damaged, and was read all the same
