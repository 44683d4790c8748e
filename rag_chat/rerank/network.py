"""The network of the default cross-encoder: token vectors of question and passage, then both read together.

The stage-one encoder gives a vector for each token of question and passage. Every question token is compared
with every passage token; three readings of that grid make the score:

- MaxSim, the mean best cosine of the question's tokens (late interaction, Khattab and Zaharia 2020, arXiv:2004.12832),
  each token weighed by a learned importance;
- a cross-attending head: each question token takes what the passage says about it (soft alignment, Parikh et al.
  2016, arXiv:1606.01933), and two transformer layers read the compared tokens together and give a logit.

Importance starts uniform and the head's last layer at zero, so training starts at the ranking that MaxSim gives
without any training and leaves it only where the data pay for that. The joint layers run over the question's tokens
alone, so a pair costs hardly more than encoding its passage. Knows nothing about text, files or devices.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from transformers import BertModel

MASKED = -1e4  # added to attention logits and similarities of padding; finite, so that a row of padding stays a number
SHARPNESS = 16.0  # of the soft alignment at the start of training; cosines of unit vectors are flat without it
HEADS, JOINT_LAYERS = 6, 2


@dataclass(frozen=True, slots=True)
class Tokens:
    """A padded batch of token ids: `ids` and `mask` are (texts, tokens), int64; mask is 1 for a real token."""

    ids: Tensor
    mask: Tensor


@dataclass(frozen=True, slots=True)
class PairScores:
    """Every question against every passage: `maxsim` in [-1, 1] and the head's `joint` logit, (questions, passages)."""

    maxsim: Tensor
    joint: Tensor


class InteractionNetwork(nn.Module):
    """Scores all pairs of a few questions and a batch of passages."""

    def __init__(self, encoder: BertModel) -> None:
        super().__init__()
        width = encoder.config.hidden_size
        self.encoder = encoder
        self.importance = nn.Linear(width, 1, bias=False)
        self.sharpness = nn.Parameter(torch.tensor(SHARPNESS))
        self.compare = nn.Linear(3 * width + 1, width)
        self.joint = nn.ModuleList(
            nn.TransformerEncoderLayer(
                width, HEADS, 2 * width, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
            )
            for _ in range(JOINT_LAYERS)
        )
        self.norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, 1)
        nn.init.zeros_(self.importance.weight)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def token_vectors(self, tokens: Tokens) -> Tensor:
        """(texts, tokens, width), of unit length."""
        states: Tensor = self.encoder(input_ids=tokens.ids, attention_mask=tokens.mask).last_hidden_state
        return nn.functional.normalize(states, dim=-1)

    def forward(self, questions: Tokens, passages: Tokens) -> PairScores:
        return self.interact(self.token_vectors(questions), questions.mask, self.token_vectors(passages), passages.mask)

    def interact(self, question: Tensor, question_mask: Tensor, passage: Tensor, passage_mask: Tensor) -> PairScores:
        """Scores from token vectors, (questions, q, width) and (passages, p, width), and masks of the first two axes."""
        similarity = torch.einsum("aqd,bpd->abqp", question, passage)
        similarity = similarity + ((1 - passage_mask) * MASKED).to(similarity.dtype)[None, :, None, :]
        best = similarity.amax(dim=-1)  # (questions, passages, q)
        weight = self._importance(question, question_mask)  # (questions, q)
        maxsim = (best.float() * weight[:, None, :]).sum(dim=-1)
        alignment = torch.softmax(similarity * self.sharpness, dim=-1)
        aligned = torch.einsum("abqp,bpd->abqd", alignment, passage)
        return PairScores(maxsim, self._read_together(question, question_mask, aligned, best))

    def _importance(self, question: Tensor, mask: Tensor) -> Tensor:
        logits = self.importance(question * math.sqrt(question.shape[-1]))[..., 0].float()
        return torch.softmax(logits + (1 - mask).float() * MASKED, dim=-1)

    def _read_together(self, question: Tensor, mask: Tensor, aligned: Tensor, best: Tensor) -> Tensor:
        """Logits (questions, passages) from the compared tokens."""
        pairs, scale = best.shape[:2], math.sqrt(question.shape[-1])  # unit vectors have entries of 1/sqrt(width)
        own = question[:, None].expand_as(aligned)
        compared = torch.cat([own * scale, aligned * scale, own * aligned * scale * scale, best[..., None]], dim=-1)
        states = self.compare(compared).flatten(0, 1)  # (pairs, q, width)
        padding = (mask == 0)[:, None].expand(-1, pairs[1], -1).flatten(0, 1)
        bias = torch.zeros_like(padding, dtype=states.dtype).masked_fill(padding, MASKED)
        for layer in self.joint:
            states = layer(states, src_key_padding_mask=bias)
        logit: Tensor = self.out(self.norm(states[:, 0]))  # the question's [CLS]
        return logit.view(pairs).float()
