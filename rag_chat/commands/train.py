"""`rag-chat train reranker`: fine-tunes the default cross-encoder on pairs of questions and passages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rag_chat.commands import terminal
from rag_chat.commands.session import Session


def reranker(
    context: typer.Context,
    pairs: Annotated[
        list[Path], typer.Option(metavar="FILE", help="JSON lines with question and passage; repeatable.")
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the weights and checkpoints go.")],
    steps: Annotated[int, typer.Option(min=1, help="Optimizer steps.")] = 4000,
    seed: Annotated[int, typer.Option(help="Of everything random.")] = 0,
) -> None:
    """Train the cross-encoder on your own pairs.

    An interrupted run goes on where it stopped.
    """
    from rag_chat.training import reranker as training

    settings = Session.of(context).settings()
    with terminal.progress() as report:
        training.run(settings, pairs, out, steps=steps, seed=seed, progress=report)
