"""Quality against time as a picture: one point for each stage of each mode."""

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
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise BadSetting(
            "--plot needs matplotlib, which is not installed; run: pip install 'rag-chat[plot]'."
        ) from error


def draw(rows: Sequence[Row], name: str, path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.add_subplot()
    for row in rows:
        label = row.mode if row.stage == "final" or row.mode == "dense" else f"{row.mode}, stage one"
        x, y = max(row.ms_per_query, 0.01), row.measures["ndcg@10"]
        axes.scatter(x, y, marker="o" if row.stage == "final" else "x", color="tab:blue")
        axes.annotate(label, (x, y), xytext=(6, 4), textcoords="offset points", fontsize=9)
    axes.set(xscale="log", xlabel="ms per query (log scale)", ylabel="nDCG@10", title=f"{name}: quality against time")
    axes.grid(alpha=0.3)
    axes.margins(x=0.25, y=0.15)
    figure.savefig(path, dpi=150)
