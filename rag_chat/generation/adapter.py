"""A LoRA adapter merged into the base it was trained on: W += alpha / r * B @ A, then the base runs at its own speed.

Reads peft's file layout without peft, safetensors only. Knows no prompt. Limit: plain LoRA on linear layers.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag_chat.errors import ModelFailed
from rag_chat.weights import SHIPPED, Weights, find, hash_of

if TYPE_CHECKING:
    import torch

ADAPTER_FILE, CONFIG_FILE = "adapter_model.safetensors", "adapter_config.json"
BASE_HASH, BASE_NAME = "base_sha256", "base_model_name_or_path"
ANSWERERS = {"SmolLM2-135M-Instruct": "smollm2-answerer"}  # adapters this project trained, by the installed base
PREFIX, DOWN, UP = "base_model.model.", ".lora_A.weight", ".lora_B.weight"


def based(weights: Weights) -> tuple[Weights, Path | None]:
    """The base to load and the adapter for it: of a folder that holds one, or the project's own for the default."""
    if weights.path is not None and (weights.path / CONFIG_FILE).is_file():
        try:
            settings = json.loads((weights.path / CONFIG_FILE).read_text(encoding="utf-8"))
            return find(str(settings[BASE_NAME])), weights.path
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise _unreadable(weights.path, error) from error
    own = SHIPPED / ANSWERERS.get(weights.name, "none")
    return weights, own if weights.source == "package" and own.is_dir() else None


def merge(model: torch.nn.Module, adapter: Path, base: Weights) -> None:
    """Changes the model's weights in place. Raises ModelFailed where the adapter belongs to other weights."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        settings: dict[str, Any] = json.loads((adapter / CONFIG_FILE).read_text(encoding="utf-8"))
        scale, wanted = settings["lora_alpha"] / settings["r"], str(settings[BASE_HASH])
        found = load_file(adapter / ADAPTER_FILE)
    except (OSError, ValueError, KeyError, TypeError, ZeroDivisionError, SafetensorError) as error:
        raise _unreadable(adapter, error) from error
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


def _unreadable(adapter: Path, error: Exception) -> ModelFailed:
    return ModelFailed(
        f"The adapter '{adapter.name}' cannot be loaded ({type(error).__name__}): it needs {ADAPTER_FILE} and"
        f" {CONFIG_FILE} with {BASE_NAME} and {BASE_HASH}; make it anew with: rag-chat train answerer."
    )


def _add(model: torch.nn.Module, found: dict[str, torch.Tensor], scale: float) -> None:
    import torch

    layers: dict[str, Any] = dict(model.named_modules())
    with torch.no_grad():
        for name in sorted(n.removesuffix(DOWN) for n in found if n.endswith(DOWN)):
            weight: torch.Tensor = layers[name.removeprefix(PREFIX)].weight
            change = scale * (found[name + UP].float() @ found[name + DOWN].float())
            weight.copy_((weight.float() + change.to(weight.device)).to(weight.dtype))
