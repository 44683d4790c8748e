"""`rag-chat chat`: the conversation in a terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from rag_chat.commands import session, terminal
from rag_chat.commands.session import Session
from rag_chat.errors import UserError

if TYPE_CHECKING:
    from rag_chat.protocols import Asking

HELP = "/new forgets the conversation, /documents lists what may answer, /quit leaves; Ctrl-C stops an answer."


def chat(
    context: typer.Context,
    document: Annotated[list[str] | None, typer.Option(metavar="DOC_ID", help="Ask only this; repeatable.")] = None,
) -> None:
    """Talk with the documents.

    Each question may refer to the ones before.
    """
    settings = Session.of(context).settings()
    known = session.some_documents(settings)
    doc_ids = session.chosen(known, document or [])
    terminal.note("Loading the models…")
    with session.answering(settings) as engine:
        terminal.note(f"{len(doc_ids or known)} documents. {HELP}")
        _converse(engine, [d.name for d in known if doc_ids is None or d.doc_id in doc_ids], doc_ids)


def _converse(engine: Asking, names: list[str], doc_ids: list[str] | None) -> None:
    from rag_chat.chat.history import turn_of
    from rag_chat.commands.answering import shown
    from rag_chat.types import Turn

    history: list[Turn] = []
    while (line := _read()) not in (None, "/quit", "/exit"):
        if not line:
            continue
        if line == "/new":
            history = []
            terminal.note("The conversation starts anew.")
        elif line == "/documents":
            for name in names:
                terminal.say(terminal.one_line(name))
        elif line.startswith("/"):
            terminal.note(HELP)
        else:
            try:
                answer = shown(engine.ask(line, history, doc_ids=doc_ids))
                history.append(turn_of(answer))
            except UserError as error:  # a question too long ends the question, not the conversation
                terminal.note(str(error))
            except KeyboardInterrupt:
                terminal.note("Stopped.")
        terminal.say()


def _read() -> str | None:
    """The next line, None at the end of the input; the prompt only where someone types."""
    if sys.stdin.isatty():
        try:
            return input("> ").strip()
        except EOFError:
            return None
    line = sys.stdin.readline()
    return line.strip() if line else None
