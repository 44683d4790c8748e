"""A LoRA adapter merged into the base it was trained on: W += alpha / r * B @ A, then the base runs at its own speed.

Reads peft's file layout without peft, safetensors only. Knows no prompt. Limit: plain LoRA on linear layers.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag_chat.errors import ModelFailed
from rag_chat.weights import Weights, sha256

if TYPE_CHECKING:
    import torch

ADAPTER_FILE, CONFIG_FILE = "adapter_model.safetensors", "adapter_config.json"
BASE_HASH = "base_sha256"
PREFIX, DOWN, UP = "base_model.model.", ".lora_A.weight", ".lora_B.weight"


def merge(model: torch.nn.Module, adapter: Path, base: Weights) -> None:
    """Changes the model's weights in place. Raises ModelFailed where the adapter belongs to other weights."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        settings: dict[str, Any] = json.loads((adapter / CONFIG_FILE).read_text(encoding="utf-8"))
        scale, wanted = settings["lora_alpha"] / settings["r"], str(settings[BASE_HASH])
        found = load_file(adapter / ADAPTER_FILE)
    except (OSError, ValueError, KeyError, TypeError, ZeroDivisionError, SafetensorError) as error:
        raise ModelFailed(
            f"The adapter '{adapter.name}' cannot be loaded ({type(error).__name__}): it needs {CONFIG_FILE} and"
            f" {ADAPTER_FILE}; make it anew with: rag-chat train answerer."
        ) from error
    if (own := hash_of(base)) != wanted:
        raise ModelFailed(
            f"The adapter '{adapter.name}' was trained on weights with sha256 {wanted}, but '{base.name}' has {own};"
            " install the weights it names or train it anew with: rag-chat train answerer."
        )
    try:
        _add(model, found, scale)
    except (KeyError, AttributeError, RuntimeError) as error:
        raise ModelFailed(
            f"The adapter '{adapter.name}' does not fit the layers of '{base.name}' ({error}); train it anew with:"
            " rag-chat train answerer."
        ) from error


def _add(model: torch.nn.Module, found: dict[str, torch.Tensor], scale: float) -> None:
    import torch

    layers: dict[str, Any] = dict(model.named_modules())
    with torch.no_grad():
        for name in sorted(n.removesuffix(DOWN) for n in found if n.endswith(DOWN)):
            weight: torch.Tensor = layers[name.removeprefix(PREFIX)].weight
            change = scale * (found[name + UP].float() @ found[name + DOWN].float())
            weight.copy_((weight.float() + change.to(weight.device)).to(weight.dtype))


def hash_of(base: Weights) -> str:
    """The sha256 of the first file that holds parameters."""
    return sha256(base.files()[0])
