"""`rag-chat models`: which weights each role uses, where they came from, their hash and whether they are here."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rag_chat.commands import terminal
from rag_chat.commands.session import Session

if TYPE_CHECKING:
    from rag_chat.config import Settings

WITHOUT_WEIGHTS = {"quoting": "quotes only, no model", "none": "keeps stage one's order"}


@dataclass(frozen=True, slots=True)
class Model:
    """`source` is folder, package, project, hub, server or built-in; `missing` says what to do where not present."""

    role: str
    name: str
    source: str
    path: Path | None = None
    bytes: int = 0
    sha256: str | None = None
    present: bool = True
    missing: str = ""

    def wire(self) -> dict[str, Any]:
        return {
            "role": self.role,
            "name": self.name,
            "source": self.source,
            "path": None if self.path is None else str(self.path),
            "bytes": self.bytes,
            "sha256": self.sha256,
            "present": self.present,
        }


def models(
    context: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array.")] = False
) -> None:
    """Show which weights each role uses."""
    found = look_up(Session.of(context).settings())
    if as_json:
        terminal.say_json([model.wire() for model in found])
        return
    terminal.table(
        ("role", "name", "source", "here", "sha256", "MB"),
        [
            (m.role, m.name, m.source, "yes" if m.present else "no", (m.sha256 or "-")[:16], f"{m.bytes / 1e6:.1f}")
            for m in found
        ],
        numbers=1,
    )
    for model in found:
        if model.missing:
            terminal.say(f"{model.role}: {model.missing}")


def look_up(settings: Settings) -> list[Model]:
    """Reads the files for their hash; loads nothing."""
    from rag_chat.generation.adapter import ANSWERERS

    roles = [
        ("embedder", settings.embedder_name, settings.embedder_url),
        ("reranker", settings.reranker_name, settings.reranker_url),
        ("reader", settings.reader, None),
    ]
    found = [Model(role, name, "server") if url else _model(role, name, settings.offline) for role, name, url in roles]
    if settings.generator_url is not None:
        return [*found, Model("generator", settings.generator_name, "server")]
    found.append(_model("generator", settings.generator_name, settings.offline))
    answerer = ANSWERERS.get(settings.generator_name)
    return [*found, _model("answerer", answerer, settings.offline)] if answerer else found


def _model(role: str, name: str, offline: bool) -> Model:
    from rag_chat import weights
    from rag_chat.errors import WeightsMissing

    if name in WITHOUT_WEIGHTS:
        return Model(role, name, "built-in")
    try:
        found = weights.find(name, offline=offline)
    except WeightsMissing as error:
        source = "package" if name in weights.PACKAGED else "hub" if "/" in name else "folder"
        return Model(role, name, source, present=False, missing=str(error))
    files = found.files()
    size = sum(file.stat().st_size for file in files)
    missing = "" if found.present else "not downloaded yet; the first start with a network does that."
    return Model(role, name, found.source, found.path, size, _hash(files), found.present and bool(files), missing)


def _hash(files: list[Path]) -> str | None:
    """The file's own sha256; of several files, that of their hashes in order."""
    from rag_chat import weights

    hashes = [weights.sha256(file) for file in files]
    if len(hashes) < 2:
        return hashes[0] if hashes else None
    return hashlib.sha256("".join(hashes).encode()).hexdigest()
