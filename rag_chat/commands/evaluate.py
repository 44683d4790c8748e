"""`rag-chat eval`: every mode of searching on a retrieval set in BEIR's layout."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast, get_args

import typer

from rag_chat.commands import session, terminal
from rag_chat.commands.session import Session
from rag_chat.errors import BadSetting
from rag_chat.types import Mode

if TYPE_CHECKING:
    from rag_chat.chat.search import Search
    from rag_chat.config import Settings
    from rag_chat.evaluation.beir import Dataset
    from rag_chat.evaluation.modes import Row
    from rag_chat.evaluation.retrieval import Progress

MEASURES = ("ndcg@10", "recall@50", "mrr@10")
COMPARED: tuple[Mode, ...] = ("dense", "rerank", "hybrid", "late-interaction")


def evaluate(
    context: typer.Context,
    folder: Annotated[
        Path | None, typer.Argument(help="Holds corpus.jsonl[.gz], queries.jsonl[.gz] and qrels.tsv.")
    ] = None,
    *,
    own: Annotated[bool, typer.Option("--own", help="The library, by what was rated on the page, instead.")] = False,
    mode: Annotated[list[str] | None, typer.Option(help="Only this mode; repeatable. Else all that fit.")] = None,
    limit: Annotated[int | None, typer.Option(help="Only the first N queries.")] = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="PICTURE", help="Draw quality against time (.png, .svg).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Measure every way of searching on a retrieval set.

    Prints nDCG@10, Recall@50, MRR@10 and milliseconds per query, a row for each stage of each
    mode, and how likely chance alone would part it so far from dense stage one, or from the first
    mode given where that is not among them (paired randomisation). `auto` runs as users get it,
    with a second try where little was found, and a note says what it came down to.
    Answers are measured by another command: rag-chat eval answers FOLDER. With the setting
    `mode` at late-interaction that mode has token vectors of every text, else of what it looked at.
    """
    from rag_chat.evaluation import beir

    if limit is not None and limit < 1:
        raise BadSetting(f"--limit {limit} leaves no query to measure with; give 1 or more.")
    asked = _known(mode or [])
    if plot is not None:
        from rag_chat.evaluation.plot import check

        check(plot)
    settings = Session.of(context).settings()
    if own == (folder is not None):
        raise BadSetting("Give either a FOLDER that holds a retrieval set or --own.")
    if folder is not None:
        dataset = beir.read(folder).first(limit)
        rows = measured(settings, dataset, asked)
    else:
        dataset, rows = measured_own(settings, asked, limit)
    if plot is not None:
        from rag_chat.evaluation.plot import draw

        draw(rows, dataset.name, plot)
    if as_json:
        terminal.say_json(
            {"dataset": dataset.name, "queries": len(dataset.queries), "rows": [_row(row) for row in rows]}
        )
    else:
        _show(rows, dataset)


def _known(names: list[str]) -> list[Mode]:
    """typer takes no list of choices. Raises BadSetting for what is no mode."""
    for name in names:
        if name not in get_args(Mode):
            raise BadSetting(f"--mode '{name}' is not one of {', '.join(get_args(Mode))}.")
    return cast(list[Mode], names)


def measured(settings: Settings, dataset: Dataset, asked: list[Mode]) -> list[Row]:
    """The rows of the modes asked for, of all that fit the set where none is."""
    from rag_chat import build
    from rag_chat.evaluation import modes, retrieval

    shared = build.models(settings)
    with terminal.progress() as report:
        vectors = retrieval.corpus_vectors(dataset, shared.embedder, settings.cache, report)
        encoder = build.token_index(settings, shared.embedder, shared.scorer)
        tokens = None if encoder is None else retrieval.corpus_tokens(dataset, encoder, report)
        with modes.library(dataset, vectors, tokens) as library:
            searching = build.search(settings, shared, library.catalog, library.store)
            return _rows(searching, dataset, asked, settings, report)


def measured_own(settings: Settings, asked: list[Mode], limit: int | None) -> tuple[Dataset, list[Row]]:
    """The same over the library as it is, judged by what people rated in it."""
    from contextlib import closing

    from rag_chat.evaluation import own
    from rag_chat.library.conversations import Conversations

    with session.reading(settings) as app:
        with closing(Conversations(app.library.catalog)) as conversations:
            dataset = own.dataset(app.library.catalog.all_chunks(), conversations.feedback()).first(limit)
        with terminal.progress() as report:
            return dataset, _rows(app.engine.searching, dataset, asked, settings, report)


def _rows(searching: Search, dataset: Dataset, asked: list[Mode], settings: Settings, report: Progress) -> list[Row]:
    from rag_chat.evaluation import modes

    small = len(dataset.corpus) <= settings.exhaustive_chunks
    exhaustive: tuple[Mode, ...] = ("exhaustive",) if small else ()
    wanted = asked or [*COMPARED, *exhaustive]
    done: list[modes.Run] = []
    for one in dict.fromkeys(wanted):
        if one == "auto":
            done.append(modes.auto(dataset, searching, settings.candidates, report))
        else:
            done += modes.runs(dataset, searching.routes, [one], settings.candidates, report)
    return modes.rows(done, dataset)


def _show(rows: list[Row], dataset: Dataset) -> None:
    terminal.say(f"{dataset.name}: {len(dataset.queries)} queries, {len(dataset.corpus)} texts")
    terminal.table(
        ("mode", "stage", *MEASURES, "ms per query", "p"),
        [
            (
                row.mode,
                row.stage,
                *(f"{row.measures[m]:.4f}" for m in MEASURES),
                f"{row.ms_per_query:.1f}",
                f"{row.p:.4f}",
            )
            for row in rows
        ],
        numbers=5,
    )
    for row in rows:
        if row.note:
            terminal.say(f"{row.mode}: {row.note}")


def _row(row: Row) -> dict[str, Any]:
    return {
        "mode": row.mode,
        "stage": row.stage,
        **{measure: round(row.measures[measure], 5) for measure in MEASURES},
        "ms_per_query": round(row.ms_per_query, 2),
        "p": round(row.p, 5),
        "note": row.note,
    }
