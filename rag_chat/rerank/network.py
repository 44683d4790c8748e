"""The network of the default cross-encoder: question and passage read apart first, then together.

The lower layers of the stage-one encoder read question and passage separately; from there two things are
computed. The encoder's own upper layers give token vectors, compared by MaxSim (late interaction, Khattab
and Zaharia 2020, arXiv:2004.12832). A copy of the same upper layers, the *joint* layers, reads both texts at once
with full attention, and a head on its first state gives a correction (deferred interaction as in
PreTTR, MacAvaney et al. 2020, arXiv:2004.14255). The head's last layer starts at zero, so training starts at the
ranking that cosine and MaxSim give without any training, and can only leave it where the data pay for that.

Knows nothing about text, files or devices; shapes are (texts, tokens) for ids and masks.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from transformers import BertModel

MASKED = -1e4  # added to attention logits and similarities of padding; finite, so that a row of padding stays a number


@dataclass(frozen=True, slots=True)
class Tokens:
    """A padded batch of token ids: `ids` and `mask` are (texts, tokens), int64; mask is 1 for a real token."""

    ids: Tensor
    mask: Tensor

    def bias(self, dtype: torch.dtype) -> Tensor:
        """Additive attention bias of shape (texts, 1, 1, tokens)."""
        return ((1 - self.mask) * MASKED).to(dtype)[:, None, None, :]


@dataclass(frozen=True, slots=True)
class PairScores:
    """What the network says of each pair: `maxsim` in [-1, 1] and the joint layers' `joint` logit, both (pairs,)."""

    maxsim: Tensor
    joint: Tensor


class InteractionNetwork(nn.Module):
    """Scores (question, passage) pairs: MaxSim of the separate token vectors, and a joint logit."""

    def __init__(self, encoder: BertModel, *, shared_layers: int = 4) -> None:
        super().__init__()
        layers = encoder.encoder.layer
        width = encoder.config.hidden_size
        self.embeddings = encoder.embeddings
        self.lower = layers[:shared_layers]
        self.upper = layers[shared_layers:]
        self.joint = copy.deepcopy(self.upper)
        self.segment = nn.Parameter(torch.zeros(2, width))
        self.dense = nn.Linear(2 * width, width)
        self.out = nn.Linear(width, 1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def read_apart(self, tokens: Tokens) -> Tensor:
        """States after the shared lower layers: (texts, tokens, width)."""
        states = self.embeddings(input_ids=tokens.ids)
        bias = tokens.bias(states.dtype)
        for layer in self.lower:
            states = layer(states, bias)
        return states

    def token_vectors(self, states: Tensor, tokens: Tokens) -> Tensor:
        """Unit token vectors of the separate path: (texts, tokens, width); padding is zero."""
        bias = tokens.bias(states.dtype)
        for layer in self.upper:
            states = layer(states, bias)
        return nn.functional.normalize(states, dim=-1) * tokens.mask[..., None].to(states.dtype)

    def joint_logit(self, question: Tensor, passage: Tensor, both: Tokens) -> Tensor:
        """Logit of pairs from lower states (pairs, question tokens, width) and (pairs, passage tokens, width)."""
        split = question.shape[1]
        states = torch.cat([question + self.segment[0], passage + self.segment[1]], dim=1)
        bias = both.bias(states.dtype)
        for layer in self.joint:
            states = layer(states, bias)
        pooled = torch.cat([states[:, 0], states[:, split]], dim=-1)  # the two [CLS] positions
        return self.out(torch.tanh(self.dense(pooled)))[:, 0].float()

    def forward(self, questions: Tokens, passages: Tokens, owner: Tensor) -> PairScores:
        """Scores passage i with question `owner[i]`; owner is (passages,) int64."""
        question, passage = self.read_apart(questions), self.read_apart(passages)
        question_vectors = self.token_vectors(question, questions)
        passage_vectors = self.token_vectors(passage, passages)
        both = Tokens(ids=passages.ids, mask=torch.cat([questions.mask[owner], passages.mask], dim=1))
        return PairScores(
            maxsim=maxsim(question_vectors[owner], questions.mask[owner], passage_vectors, passages.mask),
            joint=self.joint_logit(question[owner], passage, both),
        )


def maxsim(question: Tensor, question_mask: Tensor, passage: Tensor, passage_mask: Tensor) -> Tensor:
    """Mean over the question's tokens of the best cosine among the passage's tokens: (pairs,).

    Vectors are (pairs, tokens, width), of unit length; padding is excluded by a large negative bias, never by zeros.
    """
    similarity = torch.bmm(question, passage.transpose(1, 2)).float()  # (pairs, question tokens, passage tokens)
    best = (similarity + (1 - passage_mask[:, None, :]).float() * MASKED).amax(dim=-1)
    weight = question_mask.float()
    return (best * weight).sum(dim=-1) / weight.sum(dim=-1).clamp(min=1.0)
