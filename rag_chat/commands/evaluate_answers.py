"""`rag-chat eval answers`: measures answers, citations and refusals on questions with gold answers, per generator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rag_chat.commands import terminal
from rag_chat.commands.session import Session
from rag_chat.errors import BadSetting

if TYPE_CHECKING:
    from rag_chat.build import Models
    from rag_chat.config import Settings
    from rag_chat.evaluation.answer_set import AnswerSet
    from rag_chat.evaluation.answers import Row
    from rag_chat.evaluation.retrieval import Progress

SERVER = ("@http://", "@https://")  # between a model's name and the address of the server that has it


def answers(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Holds corpus.jsonl[.gz] and questions.jsonl[.gz].")],
    *,
    generator: Annotated[
        list[str] | None,
        typer.Option(metavar="G", help="A folder, hub id, 'quoting', or MODEL@URL of a server; repeatable."),
    ] = None,
    given: Annotated[bool, typer.Option("--given", help="Answer from each question's `contexts`, no search.")] = False,
    limit: Annotated[int | None, typer.Option(help="Only the first N questions.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Measure the answers on questions with gold answers.

    Prints a row for each generator: is the gold answer in the answer and in the quotes it cites, and does it refuse
    where nothing answers, and only there? Each line of questions.jsonl has `_id`, `text` and `answers`; none, or
    `"answerable": false`, where the corpus has no answer. `passages` and `contexts` name texts of the corpus.
    """
    from rag_chat import build
    from rag_chat.evaluation import answer_set

    if limit is not None and limit < 1:
        raise BadSetting(f"--limit {limit} leaves no question to measure with; give 1 or more.")
    settings = Session.of(context).settings()
    asked = answer_set.read(folder).first(limit)
    with terminal.progress() as report:
        variants = [with_generator(settings, name) for name in generator] if generator else [settings]
        rows = measured(asked, build.models(settings), variants, given=given, report=report)
    if as_json:
        terminal.say_json({"dataset": asked.name, "questions": len(asked.questions), "rows": [_json(r) for r in rows]})
        return
    answerable = sum(one.answerable for one in asked.questions)
    terminal.say(
        f"{asked.name}: {len(asked.questions)} questions, {answerable} of them answerable, {len(asked.corpus)} texts"
    )
    names = [field.name for field in fields(rows[0])]
    cells = [[_cell(value) for value in asdict(row).values()] for row in rows]
    terminal.table([name.replace("_", " ") for name in names], cells, numbers=len(names) - 1)


def with_generator(settings: Settings, name: str) -> Settings:
    """The settings with this generator; the configured server is asked only for the model it is configured for.

    The key belongs to the configured server, and goes to another only where none is configured.
    """
    if name == settings.generator:
        return settings
    for mark in SERVER:
        model, found, rest = name.partition(mark)
        if found:
            url = f"{mark[1:]}{rest}"
            key = settings.generator_key if settings.generator_url in (None, url) else None
            return settings.model_copy(update={"generator": model, "generator_url": url, "generator_key": key})
    return settings.model_copy(update={"generator": name, "generator_url": None})


def measured(
    asked: AnswerSet,
    shared: Models,
    variants: Sequence[Settings],
    *,
    given: bool,
    report: Progress | None = None,
) -> list[Row]:
    """A row for each of the settings, which differ in the generator only. Raises BadDataset before any is asked."""
    from rag_chat import build
    from rag_chat.evaluation import text_library
    from rag_chat.evaluation.answers import ask_all, check, row

    first = variants[0]
    check(asked.questions, given=given, most_characters=first.question_characters)
    vectors = text_library.embedded(asked.name, asked.corpus, shared.embedder, first.cache, report)
    rows = []
    with text_library.opened(asked.corpus, vectors) as library:
        for settings in variants:
            writer = build.generator(settings)
            engine = build.engine(
                settings,
                shared,
                writer,
                catalog=library.catalog,
                store=library.store,
                place_quote=library.place_quote,
            )
            rows.append(row(writer.name, ask_all(engine, asked.questions, given=given, progress=report)))
    return rows


def _json(row: Row) -> dict[str, Any]:
    return {key: round(value, 4) if isinstance(value, float) else value for key, value in asdict(row).items()}


def _cell(value: str | float | None) -> str:
    if value is None:
        return "-"
    return value if isinstance(value, str) else f"{value:.3f}"
