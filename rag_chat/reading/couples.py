"""Two texts as one row of ids, with the place in the second text that each token stands for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag_chat import bert
from rag_chat.reading.network import Couples
from rag_chat.search_copy import aligned, searchable

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerBase

MOST_FIRST, MOST_TOKENS = 64, 320  # of the question or sentence, and of both together; the second text is cut


@dataclass(frozen=True, slots=True)
class Coupled:
    """`offsets` are (start, end) in the second text, and (-1, -1) for every token that is not of it."""

    ids: list[int]
    types: list[int]
    offsets: list[tuple[int, int]]


def coupled(tokenizer: PreTrainedTokenizerBase, firsts: Sequence[str], seconds: Sequence[str]) -> list[Coupled]:
    """Of the texts' searchable copies, cut to the limits; the tokenizer must be a fast one, and in no other thread's
    hands."""
    copies = [aligned(second) for second in seconds]
    shown = tokenizer.batch_decode(
        tokenizer(list(map(searchable, firsts)), add_special_tokens=False, truncation=True, max_length=MOST_FIRST)[
            "input_ids"
        ]
    )
    encoded = tokenizer(
        shown,
        [copy.text for copy in copies],
        truncation="only_second",
        max_length=MOST_TOKENS,
        return_offsets_mapping=True,
        return_token_type_ids=True,
    )
    return [
        Coupled(
            encoded["input_ids"][row],
            encoded["token_type_ids"][row],
            [
                copies[row].original(*offset) if sequence == 1 else (-1, -1)
                for offset, sequence in zip(encoded["offset_mapping"][row], encoded.sequence_ids(row), strict=True)
            ],
        )
        for row in range(len(shown))
    ]


def padded(rows: Sequence[Coupled], device: str | torch.device, multiple: int = 1) -> Couples:
    """As wide as the longest row, and a `multiple` of tokens."""
    ids, mask = bert.padded([row.ids for row in rows], device, multiple)
    types, _ = bert.padded([row.types for row in rows], device, multiple)
    return Couples(ids, types, mask)
