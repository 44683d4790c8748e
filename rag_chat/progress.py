"""How far the work on a document is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

Stage: TypeAlias = Literal["reading", "recognizing", "embedding", "storing"]
WITHOUT_READER: tuple[Stage, ...] = ("embedding", "storing")  # the next document can be read meanwhile


@dataclass(frozen=True, slots=True)
class Progress:
    """Pages while reading and recognizing, else chunks."""

    document: str
    stage: Stage
    done: int
    total: int


Listener: TypeAlias = Callable[[Progress], None]
