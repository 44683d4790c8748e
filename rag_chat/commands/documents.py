"""`rag-chat documents` and `rag-chat delete`: neither loads a model."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rag_chat.commands import session, terminal
from rag_chat.commands.session import Session
from rag_chat.errors import LibraryError

if TYPE_CHECKING:
    from rag_chat.library.incoming import Waiting

MOST_NAMED = 5  # documents in the question before they are deleted


def documents(
    context: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array.")] = False
) -> None:
    """List the documents of the library.

    After them the page's uploads that wait for their turn, or that failed and why.
    """
    from rag_chat import wire
    from rag_chat.library.incoming import Incoming

    settings = Session.of(context).settings()
    session.check_named(settings)
    found, coming = session.documents(settings), Incoming(settings.library).all()
    if as_json:
        terminal.say_json([*map(wire.document, found), *map(_coming, coming)])
        return
    if not found:
        terminal.say(session.NO_DOCUMENTS)
    else:
        terminal.table(
            ("document", "id", "added", "pages", "chunks", "kB"),
            [
                (d.name, d.doc_id[:12], d.added[:19], str(d.pages), str(d.chunks), str(max(1, d.size // 1000)))
                for d in found
            ],
            numbers=3,
        )
    for one in coming:
        why = "queued" if one.error is None else f"failed ({one.code}): {one.error}"
        terminal.say(f"{terminal.one_line(one.name)}: {terminal.one_line(why, most=400)}")


def _coming(waiting: Waiting) -> dict[str, Any]:
    """With the keys of a document, as far as they are known, and why it is none."""
    return {
        "document": waiting.name,
        "doc_id": None,
        "status": "queued" if waiting.error is None else "failed",
        "pages": 0,
        "chunks": 0,
        "bytes": waiting.size,
        "added": None,
        "kind": None,
        "code": waiting.code,
        "error": waiting.error,
    }


def delete(
    context: typer.Context,
    doc_ids: Annotated[list[str], typer.Argument(metavar="DOC_ID...", help="An id, its beginning, or a file name.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask first, as is done on a terminal.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array.")] = False,
) -> None:
    """Delete documents and prove it.

    Counts afterwards what is left of each in the catalog, the index and the files.
    """
    settings = Session.of(context).settings()
    known = session.some_documents(settings)
    wanted = session.chosen(known, doc_ids) or []
    names = [terminal.one_line(document.name) for document in known if document.doc_id in wanted]
    what = ", ".join(names) if len(names) <= MOST_NAMED else f"{len(names)} documents"
    if not yes and not terminal.agreed(f"Delete {what} with all that was made of it?"):
        terminal.note("Nothing was deleted.")
        return
    with session.deleting(settings) as library:
        proofs = [library.delete(doc_id) for doc_id in wanted]
    remain = len(session.documents(settings))
    if as_json:
        terminal.say_json([asdict(proof) for proof in proofs])
    else:
        for proof in proofs:
            terminal.say(
                f"Deleted {terminal.one_line(proof.document)} ({proof.chunks} chunks). Left of it: {proof.rows_left}"
                f" rows, {proof.vectors_left} vectors, {proof.files_left} files."
            )
        terminal.say(f"Documents in the library: {remain}")
    for proof in proofs:
        if proof.rows_left or proof.vectors_left or proof.files_left:
            raise LibraryError(f"Parts of '{proof.document}' are still there; run: rag-chat doctor.")
