"""`rag-chat search`: both stages without an answer, for one query or a file of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rag_chat import question
from rag_chat.commands import batch, filters, session, terminal
from rag_chat.commands.session import Session
from rag_chat.errors import BadQuestion
from rag_chat.types import Mode

if TYPE_CHECKING:
    from rag_chat.config import Settings
    from rag_chat.protocols import Asking
    from rag_chat.types import PageRange, SearchResult


def search(
    context: typer.Context,
    query: Annotated[str | None, typer.Argument(help="What to look for.")] = None,
    *,
    queries: Annotated[Path | None, typer.Option(metavar="FILE.jsonl", help=batch.FORM)] = None,
    mode: Annotated[Mode | None, typer.Option(help="How to search.")] = None,
    candidates: Annotated[int | None, typer.Option(help="Chunks that stage one finds, to 1000.")] = None,
    passages: Annotated[int | None, typer.Option(help="Of them kept for an answer, to 50.")] = None,
    document: filters.Documents = None,
    pages: filters.Pages = None,
    since: filters.Since = None,
    until: filters.Until = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON; one line a query with --queries.")] = False,
) -> None:
    """Find passages, without an answer.

    Shows each candidate with the ranks and scores of both stages.
    """
    settings = Session.of(context).settings(mode=mode, candidates=candidates, passages=passages)
    settings = settings.model_copy(update={"generator": "quoting", "generator_url": None})  # nothing is written
    one_or_file(query, queries, "a query", "--queries")
    if query is not None:
        question.check(query, settings.question_characters)
    known = session.some_documents(settings)
    scope = filters.scope(known, document, pages, since, until)
    if queries is not None:
        _many(settings, batch.read(queries, known, settings.question_characters), scope, as_json)
        return
    assert query is not None
    with session.answering(settings) as engine:
        found = _found(engine, settings, query, scope.doc_ids, scope.pages)
    _show(found, as_json)


def one_or_file(text: str | None, file: Path | None, what: str, option: str) -> None:
    """Exactly one of both must be given."""
    if (text is None) == (file is None):
        given = "both were" if text is not None else "neither was"
        raise BadQuestion(f"Give either {what} or {option} FILE.jsonl; {given} given.")


def _many(settings: Settings, lines: list[batch.Line], scope: filters.Scope, as_json: bool) -> None:
    from rag_chat import wire

    with session.answering(settings) as engine:
        for line in lines:
            found = _found(engine, settings, line.text, line.doc_ids or scope.doc_ids, scope.pages)
            if as_json:
                terminal.say_json(wire.search_line(line.id, found))
            else:
                terminal.say(f"{line.id}: {terminal.one_line(line.text)}")
                _show(found, as_json=False)


def _found(
    engine: Asking, settings: Settings, query: str, doc_ids: list[str] | None, pages: PageRange | None
) -> SearchResult:
    """What the settings here say goes for an engine elsewhere too."""
    return engine.search(
        query,
        mode=settings.mode,
        candidates=settings.candidates,
        passages=settings.passages,
        doc_ids=doc_ids,
        pages=pages,
    )


def _show(found: SearchResult, as_json: bool) -> None:
    from rag_chat import wire
    from rag_chat.render import seconds_text

    if as_json:
        terminal.say_json(wire.search_result(found))
        return
    for notice in found.notices:
        terminal.note(notice)
    kept = {passage.chunk.id for passage in found.passages}
    terminal.table(
        ("", "document", "page", "text", "rank", "score", "stage-1 rank", "stage-1 score"),
        [
            (
                "*" if c.chunk.id in kept else "",
                terminal.one_line(c.document, 32),
                c.page_label,
                terminal.one_line(c.chunk.text, 60),
                str(c.rank),
                f"{c.score:.3f}",
                "-" if c.stage1_rank is None else str(c.stage1_rank),
                "-" if c.stage1_score is None else f"{c.stage1_score:.3f}",
            )
            for c in found.candidates
        ],
        numbers=4,
    )
    if found.retry is not None:
        outcome = "better, shown" if found.retry.kept else "no better"
        terminal.say(f"weak, so once more: “{terminal.one_line(found.retry.query)}” by {found.retry.mode}, {outcome}")
    terminal.say(f"mode {found.mode}; * = a passage for the answer; {seconds_text(found.seconds)}")
