"""Does a page draw itself, or so often one drawing inside the other that no reader comes to its end?

Looked at only where PDFium has not come to its end, as every form of the page is decoded for it. Runs in the sandbox's
worker only.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

from ingest.structure import ODD_FILE, deadline, reader

SECONDS = 10.0
MOST_DRAWN = 1_000_000  # forms, for one page
_DRAWN = re.compile(rb"/([^\s/\[\]<>(){}%]+)\s+Do\b")


def never_end(path: Path, password: str | None, index: int) -> bool:
    with suppress(*ODD_FILE), deadline(SECONDS):
        page = reader(path, password).pages[index]
        contents = page.get_contents()
        return contents is not None and _drawn(page, contents.get_data(), {}) > MOST_DRAWN
    return False


def _drawn(holder: Any, content: bytes, known: dict[int, float]) -> float:
    """How many forms are drawn in all; `known` has those of each form, infinitely many while it is looked at."""
    forms, total = _part(_part(holder, "/Resources"), "/XObject"), 0.0
    for name, times in Counter(_DRAWN.findall(content)).items():
        form = _part(forms, f"/{name.decode('latin-1')}")
        if form.get("/Subtype") != "/Form":
            continue
        if id(form) not in known:
            known[id(form)] = math.inf
            known[id(form)] = 1 + _drawn(form, form.get_data(), known)
        total += times * known[id(form)]
    return total


def _part(holder: Any, key: str) -> Any:
    """What stands there, itself or by reference; empty where nothing does."""
    part = holder.get(key)
    return {} if part is None else part.get_object()
