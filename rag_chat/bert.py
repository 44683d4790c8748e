"""The stage-one encoder and its tokenizer, as the networks that are trained on it need them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag_chat.errors import ModelFailed
from rag_chat.weights import Weights, hash_of

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn
    from transformers import BertModel, PreTrainedTokenizerBase


def load_encoder(weights: Weights, *, for_training: bool = False) -> BertModel:
    """In float32 on the CPU, without its pooler.

    For training with eager attention, whose backward pass on a CPU is three times as fast as that of the fused kernel
    (measured), and without dropout: a run sees hardly anything twice, and random numbers took a third of a step.
    """
    import torch
    from transformers import BertModel

    changed: dict[str, Any] = (
        {"attn_implementation": "eager", "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
        if for_training
        else {}
    )
    model: BertModel = BertModel.from_pretrained(
        weights.location,
        add_pooling_layer=False,
        dtype=torch.float32,
        local_files_only=True,
        use_safetensors=True,
        **changed,
    )
    return model


def load_tokenizer(weights: Weights) -> PreTrainedTokenizerBase:
    from transformers import AutoTokenizer

    tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(weights.location, local_files_only=True)
    return tokenizer


def require_base(name: str, wanted: str, encoder: Weights) -> None:
    """Raises ModelFailed where the weights `name` were trained on another encoder than this one."""
    if (own := hash_of(encoder)) != wanted:
        raise ModelFailed(
            f"'{name}' was trained on an encoder with sha256 {wanted}, but '{encoder.name}' has {own};"
            " install the encoder it names or train it anew."
        )


def load_trained(network: nn.Module, path: Path) -> None:
    """Puts what training changed over the encoder's own weights. Raises ValueError for a weight it does not know."""
    from safetensors.torch import load_file

    changed = {name: value.float() for name, value in load_file(path).items()}
    unknown = network.load_state_dict(changed, strict=False).unexpected_keys
    if unknown:
        raise ValueError(f"the file holds '{unknown[0]}', which this version does not know")


def padded(rows: Sequence[Sequence[int]], device: str | torch.device, multiple: int = 1) -> tuple[Tensor, Tensor]:
    """(texts, tokens) int64: the rows with zeros behind the shorter ones, and the mask, 1 for a real token; `tokens`
    is a multiple of `multiple`."""
    import torch
    from torch.nn.functional import pad
    from torch.nn.utils.rnn import pad_sequence

    tensors = [torch.tensor(row) for row in rows]
    mask = pad_sequence([torch.ones_like(tensor) for tensor in tensors], batch_first=True)
    ids = pad_sequence(tensors, batch_first=True)
    wider = (0, -ids.shape[1] % multiple)
    return pad(ids, wider).to(device), pad(mask, wider).to(device)
