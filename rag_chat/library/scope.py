"""The part of a library that a search looks at, as a condition on its chunks `c`."""

from __future__ import annotations

from collections.abc import Sequence

from rag_chat.types import PageRange

EVERYWHERE = "TRUE"
FIRST_PAGE = "json_extract(c.spans, iif(json_extract(c.spans, '$[0][3]'), '$[1][0]', '$[0][0]'))"


def condition(doc_ids: Sequence[str] | None, pages: PageRange | None = None) -> tuple[str, tuple[object, ...]]:
    """SQL and its values; None asks for all documents and all pages, an empty list for no document.

    A chunk is on a page when any of its text is, but for the header of a table that it begins in.
    """
    parts, values = [], list[object]()
    if doc_ids is not None:
        parts.append(f"c.doc_id IN ({', '.join('?' * len(doc_ids))})")
        values += doc_ids
    if pages is not None:
        parts.append(f"{FIRST_PAGE} <= ? AND json_extract(c.spans, '$[#-1][0]') >= ?")
        values += (pages[1], pages[0])
    return " AND ".join(parts) or EVERYWHERE, tuple(values)
