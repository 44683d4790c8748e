"""Chat with your PDFs on your own machine; `open_library(path)` is the whole of it for Python programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rag_chat.api import OpenLibrary

__version__ = "0.1.0"


def open_library(path: str | Path, **settings: Any) -> OpenLibrary:
    """A library that `rag-ingest` made, open for `search` and `ask`; `settings` are those of `rag_chat/config.py`.

    >>> with open_library("data/library", generator="quoting") as library:  # doctest: +SKIP
    ...     print(library.ask("When does the lease end?").text)
    """
    from rag_chat.api import open_library as opened  # loads nothing before it is asked for

    return opened(Path(path), **settings)
