"""Where a search looks, as people write it: pages, and the days on which documents were added."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from rag_chat.errors import BadSetting, NotFound
from rag_chat.types import Document, PageRange


def page_range(given: str, what: str) -> PageRange:
    """'7' or '10-20', the physical pages. Raises BadSetting, with `what` they were given as, for anything else."""
    found = re.fullmatch(r"\s*(\d{1,9})\s*(?:[-–]\s*(\d{1,9})\s*)?", given)
    first, last = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
    if not 1 <= first <= last:
        raise BadSetting(f"{what} '{given[:40]}' is no range of pages; write 7 or 10-20.")
    return first, last


def day(given: str, what: str) -> str:
    """'2024-01-31'. Raises BadSetting for what is no date."""
    try:
        return date.fromisoformat(given).isoformat()
    except ValueError as error:
        raise BadSetting(f"'{given[:40]}' as `{what}` is no date; write it as 2024-01-31.") from error


def added(documents: Sequence[Document], since: str, until: str) -> list[Document]:
    """Those added from `since` to `until`, both included, '' for any day. Raises NotFound where none is left."""
    left = [d for d in documents if (not since or d.added[:10] >= since) and (not until or d.added[:10] <= until)]
    if not left:
        raise NotFound("No document was added in that time; see when they were with: rag-chat documents --json.")
    return left
