"""The mean of the weights of several runs that went on from the same ones (model soup, Wortsman et al. 2022,
arXiv:2203.05482). The card is the first run's; what it says of thresholds has to be set anew.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag_chat.errors import BadDataset, BadSetting, NotFound
from rag_chat.library.files import no_space_is_disk_full
from rag_chat.reading import reader
from rag_chat.rerank import interaction
from rag_chat.training.run_folder import FULL, write_whole

if TYPE_CHECKING:
    from torch import Tensor

WEIGHTS_FILE, CARD_FILES = reader.WEIGHTS_FILE, (reader.CARD_FILE, interaction.CARD_FILE)


def write(runs: Sequence[Path], out: Path) -> None:
    """Raises NotFound for a folder that no run made, BadSetting for fewer than two, BadDataset for weights of another
    kind than the first one's."""
    if len(runs) < 2:
        raise BadSetting("The mean of one run is that run; give --of DIR twice or more.")
    import torch
    from safetensors.torch import save

    read = [_read(run) for run in runs]
    (card_file, card, first), *others = read
    for run, (name, other, found) in zip(runs[1:], others, strict=True):
        alike = {key: tensor.shape for key, tensor in found.items()} == {key: t.shape for key, t in first.items()}
        if name != card_file or other["base_sha256"] != card["base_sha256"] or not alike:
            raise BadDataset(f"'{run.name}' holds other weights than '{runs[0].name}'; give runs of the same kind.")
    means = {key: torch.stack([found[key].float() for _, _, found in read]).mean(0).half() for key in first}
    recipe = {"mean_of": [other.get("recipe") for _, other, _ in read]}
    with no_space_is_disk_full(FULL.format(name=out.name)):
        out.mkdir(parents=True, exist_ok=True)
    write_whole(out / WEIGHTS_FILE, save(means))
    write_whole(out / card_file, (json.dumps({**card, "recipe": recipe}, indent=2) + "\n").encode())


def _read(run: Path) -> tuple[str, dict[str, Any], dict[str, Tensor]]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    card_file = next((name for name in CARD_FILES if (run / name).exists()), None)
    if card_file is None or not (run / WEIGHTS_FILE).exists():
        raise NotFound(f"'{run.name}' holds no reranker or reader; give a folder that rag-chat train made.")
    try:
        card: dict[str, Any] = json.loads((run / card_file).read_text(encoding="utf-8"))
        return card_file, card, load_file(run / WEIGHTS_FILE)
    except (ValueError, SafetensorError) as error:
        raise BadDataset(
            f"The weights in '{run.name}' are damaged ({type(error).__name__}); make them anew."
        ) from error
