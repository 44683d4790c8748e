"""Token vectors in two bits a number, and MaxSim with them: a sixteenth of float32, and no training.

A vector of unit length is turned by a fixed random rotation, after which its numbers are spread as a normal
distribution's whatever the encoder, so the four levels that lose least of one (Max 1960, Lloyd 1982) fit them all. A
question's vectors are turned the same way and stay exact, which leaves every cosine where it was, give or take 0.02 of
384 numbers; MaxSim is a mean over tokens and moves less. Four numbers share a byte: 17 kB for a passage of 180 tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from rag_chat.protocols import TokenEncoder
from rag_chat.types import Vectors

Codes: TypeAlias = NDArray[np.uint8]  # (tokens, bytes): four numbers each, the first in the lowest bits

NAME = "rotated-2bit"  # another way of packing, another name: what is kept says how it was made
SEED = 20_260_101
INNER, OUTER = 0.4528, 1.5104  # the levels of a normal distribution's two halves, and where they part
BORDER = 0.9816
SHARE = 0.9395  # of a vector's length that lies along what is kept of it: cosines come out by so much too small
UNPACKED_AT_ONCE = 200  # passages: 55 MB
ENCODED_AT_ONCE = 128  # passages: 35 MB
_LEVELS = np.array([-OUTER, -INNER, INNER, OUTER], dtype=np.float32)
_NUMBERS = _LEVELS[(np.arange(256)[:, None] >> np.array([0, 2, 4, 6])) & 3]  # (256, 4): what a byte stands for


@cache
def rotation(dim: int) -> Vectors:
    """(dim, dim) orthonormal; the same on every machine and for ever, as kept codes depend on it."""
    made, upper = np.linalg.qr(np.random.default_rng(SEED).normal(size=(dim, dim)))
    turned: Vectors = (made * np.sign(np.diagonal(upper))).astype(np.float32)
    return turned


def pack(vectors: Vectors) -> Codes:
    """(tokens, dim / 4, rounded up) from rows of unit length; what is filled up with stands for the lowest level."""
    count, dim = vectors.shape
    spread = vectors @ rotation(dim) * np.sqrt(dim)
    width = -(-dim // 4)
    levels = np.zeros((count, width * 4), dtype=np.uint8)
    levels[:, :dim] = np.searchsorted([-BORDER, 0.0, BORDER], spread)
    four = levels.reshape(count, width, 4)
    packed: Codes = four[..., 0] | four[..., 1] << 2 | four[..., 2] << 4 | four[..., 3] << 6
    return packed


def encoded(encoder: TokenEncoder, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> list[Codes]:
    """What the encoder makes of each text, packed; `progress` hears how many are done."""
    made: list[Codes] = []
    for start in range(0, len(texts), ENCODED_AT_ONCE):
        made += map(pack, encoder.encode_passages(texts[start : start + ENCODED_AT_ONCE]))
        if progress is not None:
            progress(len(made))
    return made


def key(encoder: TokenEncoder) -> str:
    """Whose codes these are, and how they are packed."""
    return f"{encoder.name}/{NAME}"


def maxsim(question: Vectors, weights: NDArray[np.float32], passages: Sequence[Codes]) -> list[float]:
    """Weighted mean over the question's tokens, (q, dim) of unit length, of the best cosine in each passage.

    `weights`, (q,), sum to one. A passage without tokens has 0.
    """
    turned = question @ rotation(question.shape[1])
    found: list[float] = []
    for start in range(0, len(passages), UNPACKED_AT_ONCE):
        found += _of_some(turned, weights, passages[start : start + UNPACKED_AT_ONCE])
    return found


def _of_some(turned: Vectors, weights: NDArray[np.float32], passages: Sequence[Codes]) -> list[float]:
    filled = [passage for passage in passages if len(passage)]
    if not filled:
        return [0.0] * len(passages)
    dim = turned.shape[1]
    tokens = np.take(_NUMBERS, np.concatenate(filled), axis=0).reshape(-1, filled[0].shape[1] * 4)[
        :, :dim
    ]  # (all tokens, dim)
    norms = np.sqrt(np.einsum("td,td->t", tokens, tokens))
    cosines = (turned @ tokens.T) / (SHARE * norms)  # (q, all tokens)
    starts = np.cumsum([0, *(len(passage) for passage in filled[:-1])])
    best = iter((weights @ np.maximum.reduceat(cosines, starts, axis=1)).tolist())
    return [next(best) if len(passage) else 0.0 for passage in passages]
