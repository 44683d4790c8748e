"""`rag-chat train`: the default cross-encoder and the default answerer, on pairs of questions and passages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rag_chat.commands import terminal
from rag_chat.commands.session import Session
from rag_chat.errors import BadSetting


def reranker(
    context: typer.Context,
    pairs: Annotated[list[Path], typer.Option(metavar="FILE", help="JSON lines with question, passage; repeatable.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where weights and checkpoints go.")],
    *,
    tune: Annotated[list[Path] | None, typer.Option(metavar="FOLDER", help="A retrieval set; repeatable.")] = None,
    answerable: Annotated[
        Path | None, typer.Option(metavar="FILE", help="JSON lines with question, passage, answerable.")
    ] = None,
    steps: Annotated[int, typer.Option(help="Optimizer steps.")] = 2000,
    seed: Annotated[int, typer.Option(help="Of everything random.")] = 0,
) -> None:
    """Train the cross-encoder on your own pairs.

    An interrupted run goes on where it stopped. The weights of the final order are set on the retrieval sets given
    with --tune, else on a tenth of the pairs that is kept aside; the score under
    which the app says that the documents do not say it is set on the questions given with --answerable.
    """
    from rag_chat import build
    from rag_chat.training import reranker as training
    from rag_chat.training.trainer import Recipe

    if steps < 1:
        raise BadSetting(f"--steps {steps} trains nothing; give 1 or more.")
    embedder = build.embedder(Session.of(context).settings())
    recipe = Recipe(steps=steps, seed=seed)
    with terminal.progress() as report:
        outcome = training.run(pairs, out, embedder, recipe, tune=tune or (), answerable=answerable, progress=report)
    terminal.table(
        ("nDCG@10", "stage one", "final order"),
        [(name, f"{before:.4f}", f"{outcome.after[name]:.4f}") for name, before in outcome.before.items()],
        numbers=2,
    )
    if outcome.gate is not None:
        terminal.say(
            f"Under {outcome.gate.threshold} nothing counts as evidence: {outcome.gate.refused_wrongly:.1%} of the"
            f" answerable questions are refused, {outcome.gate.answered_wrongly:.1%} of the others are not."
        )
    terminal.say(f"Use it with: RAG_CHAT_RERANKER={outcome.out}")


def answerer(
    context: typer.Context,
    pairs: Annotated[
        list[Path], typer.Option(metavar="FILE", help="JSON lines with question, passage, answer; repeatable.")
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the adapter and checkpoints go.")],
    *,
    steps: Annotated[int, typer.Option(help="Optimizer steps.")] = 900,
    seed: Annotated[int, typer.Option(help="Of everything random.")] = 0,
) -> None:
    """Train the small language model to answer in one sentence that stays with the text.

    Learns from pairs whose answer stands in the passage word for word. An interrupted run goes on where it stopped.
    """
    from rag_chat import build
    from rag_chat.training import answerer as training
    from rag_chat.training.adapter_trainer import AdapterRecipe

    if steps < 1:
        raise BadSetting(f"--steps {steps} trains nothing; give 1 or more.")
    settings = Session.of(context).settings()
    recipe = AdapterRecipe(steps=steps, seed=seed)
    with terminal.progress() as report:
        taught = training.run(pairs, out, build.embedder(settings), recipe, cache=settings.cache, progress=report)
    if taught.parts > 1:
        terminal.say(f"The accelerator's memory is small: each step was run in {taught.parts} parts.")
    terminal.say(
        f"{taught.lessons} lessons; loss on lessons kept aside {taught.before:.3f} before, {taught.after:.3f} after."
    )
    terminal.say(f"The adapter is in {taught.out}.")
