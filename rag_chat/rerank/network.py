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
JOINT_LAYERS = 2


@dataclass(frozen=True, slots=True)
class Tokens:
    """A padded batch of token ids: `ids` and `mask` are (texts, tokens), int64; mask is 1 for a real token."""

    ids: Tensor
    mask: Tensor


@dataclass(frozen=True, slots=True)
class PairScores:
    """Each question against its own passages: `maxsim` in [-1, 1] and the head's `joint` logit, (questions, own)."""

    maxsim: Tensor
    joint: Tensor


class InteractionNetwork(nn.Module):
    """Scores the passages of each question; token vectors and masks go in, so that one encoding serves many pairs."""

    def __init__(self, encoder: BertModel) -> None:
        super().__init__()
        from transformers.models.bert.modeling_bert import BertLayer

        width = encoder.config.hidden_size
        self.encoder = encoder
        self.importance = nn.Linear(width, 1, bias=False)
        self.sharpness = nn.Parameter(torch.tensor(SHARPNESS))
        self.compare = nn.Linear(3 * width + 1, width)
        self.joint = nn.ModuleList(BertLayer(encoder.config) for _ in range(JOINT_LAYERS))
        self.out = nn.Linear(width, 1)
        for module in self.joint.modules():
            if isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, std=encoder.config.initializer_range)
                nn.init.zeros_(module.bias)
        for zero in (self.importance.weight, self.out.weight, self.out.bias):
            nn.init.zeros_(zero)

    def token_vectors(self, tokens: Tokens) -> Tensor:
        """(texts, tokens, width), of unit length."""
        states: Tensor = self.encoder(input_ids=tokens.ids, attention_mask=tokens.mask).last_hidden_state
        return nn.functional.normalize(states, dim=-1)

    def forward(self, question: Tensor, question_mask: Tensor, passage: Tensor, passage_mask: Tensor) -> PairScores:
        """From vectors (questions, q, width) and (questions, own, p, width); masks are the same without the width."""
        similarity = (
            torch.einsum("aqd,aspd->asqp", question, passage) + _bias(passage_mask, question.dtype)[:, :, None, :]
        )
        best = similarity.amax(dim=-1)  # (questions, own, q)
        alignment = torch.softmax(similarity * self.sharpness, dim=-1)
        aligned = torch.einsum("asqp,aspd->asqd", alignment, passage)
        maxsim = (best.float() * self.importance_of(question, question_mask)[:, None]).sum(dim=-1)
        return PairScores(maxsim, self._read_together(question, question_mask, aligned, best))

    def maxsim_of_all(self, question: Tensor, question_mask: Tensor, passage: Tensor, passage_mask: Tensor) -> Tensor:
        """MaxSim alone of every question with every passage, (questions, passages); passage is (passages, p, width)."""
        similarity = (
            torch.einsum("aqd,bpd->abqp", question, passage) + _bias(passage_mask, question.dtype)[None, :, None, :]
        )
        weight = self.importance_of(question, question_mask)
        return (similarity.amax(dim=-1).float() * weight[:, None]).sum(dim=-1)

    def importance_of(self, question: Tensor, mask: Tensor) -> Tensor:
        """Weights of a question's tokens, (questions, q), summing to one."""
        logits = self.importance(question * math.sqrt(question.shape[-1]))[..., 0].float()
        return torch.softmax(logits + _bias(mask, torch.float32), dim=-1)

    def _read_together(self, question: Tensor, mask: Tensor, aligned: Tensor, best: Tensor) -> Tensor:
        """Logits (questions, own) from the compared tokens."""
        scale = math.sqrt(question.shape[-1])  # unit vectors have entries of about 1 / sqrt(width)
        own, said = question[:, None].expand_as(aligned) * scale, aligned * scale
        states = self.compare(torch.cat([own, said, own * said, best[..., None]], dim=-1)).flatten(0, 1)
        bias = _bias(mask, states.dtype).repeat_interleave(aligned.shape[1], dim=0)[:, None, None, :]
        for layer in self.joint:
            states = layer(states, bias)
        logit: Tensor = self.out(states[:, 0])  # the question's [CLS]
        return logit.view(best.shape[:2]).float()


def _bias(mask: Tensor, dtype: torch.dtype) -> Tensor:
    """0 for a real token, a large negative number for padding; shaped as the mask."""
    return ((1 - mask) * MASKED).to(dtype)
