"""`rag-chat train`: the default cross-encoder and the default answerer, on pairs of questions and passages."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rag_chat.commands import terminal
from rag_chat.commands.session import Session
from rag_chat.errors import BadSetting

if TYPE_CHECKING:
    from rag_chat.config import Settings
    from rag_chat.protocols import Embedder
    from rag_chat.training.evidence import Gate
    from rag_chat.training.pairs import Pair
    from rag_chat.training.reranker import Outcome as RerankerOutcome
    from rag_chat.training.support import Outcome


def reranker(
    context: typer.Context,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where weights and checkpoints go.")],
    *,
    pairs: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="JSON lines with question, passage; repeatable.")
    ] = None,
    feedback: Annotated[
        bool, typer.Option("--feedback", help="Learn from the answers and passages rated in the library.")
    ] = False,
    tune: Annotated[list[Path] | None, typer.Option(metavar="FOLDER", help="A retrieval set; repeatable.")] = None,
    from_library: Annotated[
        bool, typer.Option("--from-library", help="Look for hard negatives in the library's passages too.")
    ] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start from stage one, not from the shipped weights.")] = False,
    steps: Annotated[
        int | None, typer.Option(help="Optimizer steps at most; 2,000, fewer for few pairs.", show_default=False)
    ] = None,
    seed: Annotated[int, typer.Option(help="Of everything random.")] = 0,
    restart: Annotated[bool, typer.Option("--restart", help="Begin anew where --out holds another run.")] = False,
) -> None:
    """Train the cross-encoder on your own pairs.

    An interrupted run goes on where it stopped. By a tenth of the pairs the best weights are chosen, another tenth is
    kept aside and tells whether they are better than the reranker in use. With --tune the weights of the final order
    are set on those sets.
    """
    from rag_chat import build
    from rag_chat.rerank.interaction import InteractionReranker
    from rag_chat.training import reranker as training
    from rag_chat.training.trainer import Recipe

    if steps is not None and steps < 1:
        raise BadSetting(f"--steps {steps} trains nothing; give 1 or more.")
    if not pairs and not feedback:
        raise BadSetting("There is nothing to train on; give --pairs FILE or --feedback.")
    settings = Session.of(context).settings()
    embedder = build.embedder(settings)
    rated, others = _of_library(settings, embedder, rated=feedback, everything=from_library)
    _, scorer = build.reranker(settings)
    current = scorer if isinstance(scorer, InteractionReranker) else None
    own = "shipped" if current is None or current.name == training.SHIPPED else "present"
    sources = training.Sources(pairs or (), rated, others, tune or ())
    recipe = Recipe(steps=steps or 0, seed=seed, fresh=fresh)
    with terminal.progress() as report:
        outcome = training.run(sources, out, embedder, recipe, current=current, restart=restart, progress=report)
    _say(outcome.notes)
    terminal.table(
        ("nDCG@10", "stage one", f"{own} reranker", "new reranker"),
        [
            (name, f"{first:.4f}", f"{outcome.before[name]:.4f}", f"{outcome.new[name]:.4f}")
            for name, first in outcome.stage1.items()
        ],
        numbers=3,
    )
    terminal.say(_verdict(outcome, own))


def _verdict(outcome: RerankerOutcome, own: str) -> str:
    if outcome.better:
        return f"Use it with: RAG_CHAT_RERANKER={outcome.out}"
    held = sum(path.stat().st_size for path in outcome.out.rglob("*") if path.is_file()) / 1e6
    return (
        f"On what was kept aside it is not better than the {own} reranker; give more pairs or steps."
        f" '{outcome.out.name}' ({held:.0f} MB) can be deleted."
    )


def _of_library(
    settings: Settings, embedder: Embedder, *, rated: bool, everything: bool
) -> tuple[list[Pair], list[str]]:
    """The pairs that people rated, and passages to look for hard negatives in: what was ranked beside the rated ones,
    and with `everything` the text of every chunk."""
    from rag_chat import build
    from rag_chat.library.conversations import Conversations
    from rag_chat.training.pairs import Pair

    if not rated and not everything:
        return [], []
    library = build.library(settings, embedder, exclusive=False)
    try:
        others = [chunk.text for chunk in library.catalog.all_chunks()] if everything else []
        if not rated:
            return [], others
        with closing(Conversations(library.catalog)) as conversations:
            rows = list(conversations.feedback())
    finally:
        library.close()
    pairs = [Pair(row.question, row.passage, "", "", "feedback") for row in rows]
    return pairs, [*others, *(text for row in rows for text in row.negatives)]


def answerer(
    context: typer.Context,
    pairs: Annotated[
        list[Path], typer.Option(metavar="FILE", help="JSON lines with question, passage, answer; repeatable.")
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the adapter and checkpoints go.")],
    *,
    steps: Annotated[int, typer.Option(help="Optimizer steps.")] = 520,
    seed: Annotated[int, typer.Option(help="Of everything random.")] = 0,
    restart: Annotated[bool, typer.Option("--restart", help="Begin anew where --out holds another run.")] = False,
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
        taught = training.run(
            pairs, out, build.embedder(settings), recipe, cache=settings.cache, restart=restart, progress=report
        )
    _say(taught.notes)
    terminal.say(
        f"{taught.lessons} lessons; loss on lessons kept aside {taught.before:.3f} before, {taught.after:.3f} after."
    )
    terminal.say(f"The adapter is in {taught.out}.")


def support(
    context: typer.Context,
    answerable: Annotated[
        Path, typer.Option(metavar="FILE", help="JSON lines with question, passage, answers, answerable.")
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where weights and checkpoints go.")],
    *,
    pairs: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="JSON lines with question, passage, answer; repeatable.")
    ] = None,
    calibrate_only: Annotated[
        bool, typer.Option("--calibrate-only", help="Keep the present reader, suit it to the present reranker.")
    ] = False,
    claims: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="JSON lines with claim, evidence, label; repeatable.")
    ] = None,
    exercises: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="JSON lines with title, passage, questions, claims; repeatable."),
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start from stage one, not from the shipped weights.")] = False,
    steps: Annotated[int, typer.Option(help="Optimizer steps.")] = 1000,
    seed: Annotated[int, typer.Option(help="Of everything random.")] = 0,
    restart: Annotated[bool, typer.Option("--restart", help="Begin anew where --out holds another run.")] = False,
) -> None:
    """Train the reader: it finds the answer in a passage, says when there is none, and checks sentences.

    Learns from pairs, from labelled claims, and from exercises: passages each with `questions`, [question, answer], and
    `claims`, [sentence, true or false], where an answer stands in the passage word for word or is "". The questions
    given with --answerable are not trained on: they set how quotes are ordered and when nothing counts as evidence. An
    interrupted run goes on where it stopped.

    After a change of the reranker, --calibrate-only sets the last two anew and trains nothing.
    """
    from rag_chat import build, weights
    from rag_chat.training import support as training
    from rag_chat.training.evidence import Stages
    from rag_chat.training.reading import Recipe

    if steps < 1:
        raise BadSetting(f"--steps {steps} trains nothing; give 1 or more.")
    if bool(pairs) is calibrate_only:
        raise BadSetting("Give either --pairs FILE to train on, or --calibrate-only, which trains nothing.")
    settings = Session.of(context).settings()
    sources = training.Sources(pairs or (), claims or (), answerable, exercises or ())
    with terminal.progress() as report:
        stages = Stages(build.embedder(settings), *build.reranker(settings))
        if calibrate_only:
            present = weights.find(settings.reader, on_hubs=False)
            gate = training.calibrate_only(sources, out, present, stages, report)
            terminal.table(("on these questions", "share"), _shares(gate), numbers=1)
            terminal.say(f"Use it with: RAG_CHAT_READER={out}")
            return
        recipe = Recipe(steps=steps, seed=seed, fresh=fresh)
        made = training.run(sources, out, recipe, stages, report, restart=restart)
    _say(made.notes)
    terminal.table(("on what was kept aside", "share"), [*_shares(made.gate), *_checks(made)], numbers=1)
    terminal.say(f"The reader is in {made.out}.")


def _checks(made: Outcome) -> list[tuple[str, str]]:
    swapped = ("sentences with swapped facts, balanced accuracy", f"{made.swapped:.1%}")
    claims = [(f"claims of {name}, balanced accuracy", f"{share:.1%}") for name, share in made.claims.items()]
    return [swapped, *claims]


def _shares(gate: Gate) -> list[tuple[str, str]]:
    return [
        ("questions refused though the answer is there", f"{gate.refused_wrongly:.1%}"),
        ("questions answered though it is not", f"{gate.answered_wrongly:.1%}"),
        ("first quote holds the answer", f"{gate.first_quote:.1%}"),
    ]


def mean(
    of: Annotated[list[Path], typer.Option(metavar="DIR", help="A trained reranker or reader; two or more.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the mean goes.")],
) -> None:
    """The mean of several runs' weights: often better than each of them.

    What the card says of thresholds and orders is the first one's; for a reader, set it anew with
    `train support --calibrate-only`.
    """
    from rag_chat.training import mean as training

    training.write(of, out)
    terminal.say(f"The mean of {len(of)} runs is in {out}.")


def _say(notes: Sequence[str]) -> None:
    for note in notes:
        terminal.note(note)
