"""Quality against time as a picture: one point for each mode."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rag_chat.errors import BadSetting
from rag_chat.evaluation.modes import Row

ENDINGS = (".png", ".svg", ".pdf")


def check(path: Path) -> None:
    """Raises BadSetting before anything is measured where no such picture can be drawn."""
    if path.suffix.lower() not in ENDINGS:
        raise BadSetting(f"--plot '{path.name}' is no picture; end it in {', '.join(ENDINGS)}.")
    if not path.absolute().parent.is_dir():
        raise BadSetting(f"No folder is there for --plot '{path}'; make it, or name another place.")
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise BadSetting(
            "--plot needs matplotlib, which is not installed; run: pip install 'rag-chat[plot]'."
        ) from error


def draw(rows: Sequence[Row], name: str, path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.add_subplot()
    for row in rows:
        if row.stage == "final" or row.mode == "dense":  # the first stages alone are in the table
            axes.scatter(max(row.ms_per_query, 0.01), row.measures["ndcg@10"], s=70, label=row.mode)
    axes.set(xscale="log", xlabel="ms per query (log scale)", ylabel="nDCG@10", title=f"{name}: quality against time")
    axes.grid(alpha=0.3)
    axes.margins(x=0.15, y=0.15)
    figure.legend(loc="outside right upper")
    figure.savefig(path, dpi=150)
