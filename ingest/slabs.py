"""Vectors of a document's texts, made some at a time: what is needed meanwhile does not grow with the document, and
what was made outlives the process.

A text that comes twice is read once, as in `BiEncoder.encode_passages`: equal texts must tie.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from rag_chat import token_codes
from rag_chat.library.begun import Unfinished
from rag_chat.protocols import Embedder, TokenEncoder
from rag_chat.token_codes import Codes
from rag_chat.types import Vectors

SLAB = 1024  # texts: some ten seconds of work on two cores, and enough of it that sorting them by length pays

Made = TypeVar("Made")


def vectors(embedder: Embedder, texts: Sequence[str], begun: Unfinished | None, tell: Callable[[int], None]) -> Vectors:
    """(n, dim) float32, rows of unit length, in the order given; `tell` hears how many are done."""
    place = {text: row for row, text in enumerate(dict.fromkeys(texts))}
    slabs = _made(
        list(place), begun, f"vectors {embedder.name} {embedder.dimension}", embedder.encode_passages,
        lambda made: save({"rows": made}), lambda kept: _loaded(kept)["rows"], tell,
    )  # fmt: skip
    tell(len(texts))
    rows: Vectors = np.concatenate(slabs) if slabs else np.zeros((0, embedder.dimension), dtype=np.float32)
    return rows if len(place) == len(texts) else rows[[place[text] for text in texts]]


def codes(
    encoder: TokenEncoder, texts: Sequence[str], begun: Unfinished | None, tell: Callable[[int], None]
) -> list[Codes]:
    """Packed token vectors of each text, in the order given."""
    slabs = _made(
        texts, begun, f"codes {token_codes.key(encoder)}", lambda some, told: token_codes.encoded(encoder, some, told),
        _packed, _unpacked, tell,
    )  # fmt: skip
    return [made for slab in slabs for made in slab]


def _made(
    texts: Sequence[str], begun: Unfinished | None, name: str,
    make: Callable[[Sequence[str], Callable[[int], None]], Made],
    pack: Callable[[Made], bytes], unpack: Callable[[bytes], Made], tell: Callable[[int], None],
) -> list[Made]:  # fmt: skip
    """Of each slab. Those of an earlier life come first, so that the time left is reckoned from what is done now."""
    slabs: list[Sequence[str]] = [texts[start : start + SLAB] for start in range(0, len(texts), SLAB)]
    keeper = begun if len(slabs) > 1 else None  # less is not worth keeping
    kept = [keeper.get([name, *slab], unpack) if keeper is not None else None for slab in slabs]
    found = {place: made for place, made in enumerate(kept) if made is not None}
    done = sum(len(slabs[place]) for place in found)
    tell(done)
    for place, slab in enumerate(slabs):
        if place not in found:
            found[place] = make(slab, partial(_told, tell, done))
            done += len(slab)
            if keeper is not None:
                keeper.keep([name, *slab], pack(found[place]))
    return [found[place] for place in range(len(slabs))]


def _told(tell: Callable[[int], None], before: int, done: int) -> None:
    tell(before + done)


def _loaded(kept: bytes) -> dict[str, Any]:
    """Raises ValueError where the disk has lost some of it."""
    try:
        read: dict[str, Any] = load(kept)
    except SafetensorError as error:
        raise ValueError(str(error)) from error
    return read


def _packed(made: list[Codes]) -> bytes:
    kept: bytes = save({"codes": np.concatenate(made), "lengths": np.array([len(one) for one in made])})
    return kept


def _unpacked(kept: bytes) -> list[Codes]:
    read = _loaded(kept)
    return np.split(read["codes"], np.cumsum(read["lengths"])[:-1])
