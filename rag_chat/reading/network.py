"""The reader's network: one encoder over two texts at once, and two small heads.

The stage-one encoder, trained further on `[CLS] question [SEP] passage [SEP]`, with the span head of BERT (Devlin et
al. 2019, arXiv:1810.04805): a logit for every token to begin the answer and one to end it, where the place of [CLS]
means that the passage does not answer (Rajpurkar et al. 2018, arXiv:1806.03822). The same encoder reads
`[CLS] sentence [SEP] quote [SEP]`, and a head on [CLS] says whether the quote carries the sentence. Knows nothing about
text, files or devices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import Tensor, nn

if TYPE_CHECKING:
    from transformers import BertModel

MASKED = -1e4  # instead of a logit where no answer can be; finite, so that a row without any stays a number


@dataclass(frozen=True, slots=True)
class Couples:
    """A padded batch of two texts each: `ids`, `types` (0 first, 1 second text) and `mask` are (couples, tokens)."""

    ids: Tensor
    types: Tensor
    mask: Tensor


@dataclass(frozen=True, slots=True)
class Readings:
    """Float32 logits: `starts` and `ends` (couples, tokens), -1e4 outside [CLS] and the second text; `carried`
    (couples,)."""

    starts: Tensor
    ends: Tensor
    carried: Tensor


class ReaderNetwork(nn.Module):
    """`encoder` without its pooler."""

    def __init__(self, encoder: BertModel) -> None:
        super().__init__()
        self.encoder = encoder
        self.span = nn.Linear(encoder.config.hidden_size, 2)
        self.carry = nn.Linear(encoder.config.hidden_size, 1)
        for head in (self.span, self.carry):
            nn.init.normal_(head.weight, std=encoder.config.initializer_range)
            nn.init.zeros_(head.bias)

    def forward(self, couples: Couples) -> Readings:
        states = self.encoder(
            input_ids=couples.ids, token_type_ids=couples.types, attention_mask=couples.mask
        ).last_hidden_state
        logits = self.span(states).float()
        possible = couples.types.bool() & couples.mask.bool()
        possible[:, 0] = True
        logits = logits.masked_fill(~possible[..., None], MASKED)
        return Readings(logits[..., 0], logits[..., 1], self.carry(states[:, 0]).float()[..., 0])
