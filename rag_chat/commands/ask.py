"""`rag-chat ask`: one cited answer, or a file of questions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rag_chat import question as questions_rule
from rag_chat.commands import batch, filters, session, terminal
from rag_chat.commands.answering import answered, shown
from rag_chat.commands.search import one_or_file
from rag_chat.commands.session import Session

if TYPE_CHECKING:
    from rag_chat.config import Settings


def ask(
    context: typer.Context,
    question: Annotated[str | None, typer.Argument(help="What you want to know.")] = None,
    *,
    questions: Annotated[Path | None, typer.Option(metavar="FILE.jsonl", help=batch.FORM)] = None,
    document: filters.Documents = None,
    pages: filters.Pages = None,
    since: filters.Since = None,
    until: filters.Until = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON; one line a question with --questions.")] = False,
) -> None:
    """Get one answer, every sentence cited."""
    settings = Session.of(context).settings()
    one_or_file(question, questions, "a question", "--questions")
    if question is not None:
        questions_rule.check(question, settings.question_characters)
    known = session.some_documents(settings)
    scope = filters.scope(known, document, pages, since, until)
    if questions is not None:
        _many(settings, batch.read(questions, known, settings.question_characters), scope, as_json)
        return
    assert question is not None
    with session.answering(settings) as engine:
        events = engine.ask(question, doc_ids=scope.doc_ids, pages=scope.pages)
        if as_json:
            from rag_chat import wire

            terminal.say_json(wire.answer(answered(events)))
        else:
            shown(events)


def _many(settings: Settings, lines: list[batch.Line], scope: filters.Scope, as_json: bool) -> None:
    from rag_chat import wire

    with session.answering(settings) as engine:
        for line in lines:
            events = engine.ask(line.text, doc_ids=line.doc_ids or scope.doc_ids, pages=scope.pages)
            if as_json:
                terminal.say_json(wire.answer_line(line.id, answered(events)))
            else:
                terminal.say(f"{line.id}: {terminal.one_line(line.text)}\n")
                shown(events)
                terminal.say()
