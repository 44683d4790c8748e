"""The stretch of a passage that a cross-encoder reads: the one that says most of what is asked.

A passage of 250 tokens answers in two or three sentences. Read as a whole it costs twice the time, and MaxSim finds
every common word somewhere in it. So of a longer one only the best window goes to the network, each word of the
question weighed by how rare it is among the texts; the line in front, document and section, goes with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rag_chat import lexical, words

if TYPE_CHECKING:
    from tokenizers import Encoding
    from transformers import PreTrainedTokenizerBase

TOKENS = 128  # that are read, special ones and the line in front included: what the shipped network was trained on
LONGEST_LINE = 200  # characters of what can be a line in front (`front.line`)
STEPS = 8  # of a window's length, between two that are compared


def ids(
    tokenizer: PreTrainedTokenizerBase, question: str, texts: Sequence[str], limit: int = TOKENS
) -> list[list[int]]:
    """The ids of each text's best window with its special tokens, at most `limit`; short texts are whole."""
    if not texts:
        return []
    encoded: list[Encoding] = tokenizer(list(texts)).encodings
    read = [found.ids for found in encoded]
    long = [place for place, found in enumerate(read) if len(found) > limit]
    if long:
        asked = set(words.content(question))
        said = [_said(text, asked) for text in texts]
        weights = lexical.rarity(asked, [{stem for _, stem in places} for places in said])
        for place in long:
            read[place] = _window(texts[place], encoded[place], said[place], weights, limit)
    return read


def _window(
    text: str, encoded: Encoding, said: Sequence[tuple[int, str]], weights: Mapping[str, float], limit: int
) -> list[int]:
    first, last = _after_line(text, encoded), len(encoded) - 1  # `last` is the closing special token
    front = min(first, limit // 2)  # a line of figures may have a token for each of its characters
    room = limit - front - 1
    at = [(encoded.char_to_token(start), stem) for start, stem in said]
    latest = max(first, last - room)
    starts = [*range(first, latest, max(1, room // STEPS)), latest]
    worth = [sum(weights[stem] for stem in {stem for i, stem in at if a <= (i or 0) < a + room}) for a in starts]
    most = max(worth)
    best = [start for start, value in zip(starts, worth, strict=True) if value == most]
    start = best[len(best) // 2] if most else first  # in the middle, what is said has words around it
    end = min(start + room, last)
    whole = encoded.ids
    return [*whole[:front], *whole[start:end], whole[last]]


def _after_line(text: str, encoded: Encoding) -> int:
    """The first token after the line in front; after the opening special token where there is none."""
    end = text.find("\n", 0, LONGEST_LINE)
    return (encoded.char_to_token(end + 1) or 1) if end >= 0 else 1


def _said(text: str, asked: set[str]) -> list[tuple[int, str]]:
    """Where, in characters, which of the words that are asked for stands."""
    found = ((match.start(), stem) for match in words.WORD.finditer(text) for stem in _stems(match[0]))
    return [(start, stem) for start, stem in found if stem in asked]


def _stems(run: str) -> list[str]:
    """Of a run of letters; it is several words only where blanks are not written."""
    return [words.stem(run)] if run.isascii() else words.content(run)
