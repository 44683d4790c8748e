"""`rag-chat eval`: measures both stages on a retrieval set in BEIR's layout."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rag_chat.commands import terminal
from rag_chat.commands.session import Session
from rag_chat.errors import BadSetting
from rag_chat.types import Mode

if TYPE_CHECKING:
    from rag_chat.evaluation.retrieval import Row

MEASURES = ("ndcg@10", "recall@50", "mrr@10")


def evaluate(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Holds corpus.jsonl[.gz], queries.jsonl[.gz] and qrels.tsv.")],
    *,
    mode: Annotated[Mode, typer.Option(help="dense measures stage one alone; auto is rerank here.")] = "auto",
    limit: Annotated[int | None, typer.Option(help="Only the first N queries.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Measure the ranking on a retrieval set.

    Prints nDCG@10, Recall@50, MRR@10 and milliseconds per query, a row for each stage. Answers
    are measured by another command: rag-chat eval answers FOLDER.
    """
    from rag_chat import build
    from rag_chat.evaluation import beir, retrieval

    if limit is not None and limit < 1:
        raise BadSetting(f"--limit {limit} leaves no query to measure with; give 1 or more.")
    settings = Session.of(context).settings(mode=mode)
    dataset = beir.read(folder).first(limit)
    ran: Mode = "rerank" if mode == "auto" else mode
    embedder = build.embedder(settings)
    reranker = None if ran == "dense" else build.reranker(settings)[0]
    with terminal.progress() as report:
        corpus = retrieval.embed_corpus(dataset, embedder, settings.cache, report)
        depth = len(corpus) if ran == "exhaustive" else settings.candidates
        ranked = retrieval.rank_all(dataset, corpus, embedder, reranker, candidates=depth)
        done = retrieval.counted(ranked, len(dataset.queries), report)
    rows = retrieval.rows(done, dataset, ran)
    if as_json:
        terminal.say_json(
            {"dataset": dataset.name, "queries": len(dataset.queries), "rows": [_row(row) for row in rows]}
        )
        return
    terminal.say(f"{dataset.name}: {len(dataset.queries)} queries, {len(corpus)} texts")
    terminal.table(
        ("mode", "stage", *MEASURES, "ms per query"),
        [
            (row.mode, row.stage, *(f"{row.measures[m]:.4f}" for m in MEASURES), f"{row.ms_per_query:.1f}")
            for row in rows
        ],
        numbers=4,
    )


def _row(row: Row) -> dict[str, Any]:
    return {
        "mode": row.mode,
        "stage": row.stage,
        **{measure: round(row.measures[measure], 5) for measure in MEASURES},
        "ms_per_query": round(row.ms_per_query, 2),
    }
