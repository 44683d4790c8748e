"""`rag-chat backup` and `rag-chat restore`: the library as one file, and back. Neither loads a model."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from rag_chat.commands import session, terminal
from rag_chat.commands.session import Session
from rag_chat.errors import NotFound, UserError


def backup(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The tar file to write.")],
) -> None:
    """Write the library to one file, also while an app has it open."""
    from rag_chat.library import backup

    settings = Session.of(context).settings()
    count = len(session.some_documents(settings))
    if not file.absolute().parent.is_dir():
        raise NotFound(f"No folder '{file.absolute().parent}' is there; make it or choose another path.")
    backup.write(settings.library, file)
    terminal.say(f"Documents in the backup: {count}; it has {file.stat().st_size / 1e6:.1f} MB.")


def restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that `rag-chat backup` wrote.")],
) -> None:
    """Put a backup back, where no library is yet."""
    from rag_chat import running
    from rag_chat.library import backup
    from rag_chat.library.lock import Lock

    settings = Session.of(context).settings()
    if not file.is_file():
        raise NotFound(f"No file '{file}' is there; check the path.")
    was_there = settings.library.exists()
    running.require_none(settings.library)
    lock = Lock(settings.library, exclusive=True)
    try:
        if (settings.library / session.CATALOG).exists():
            raise UserError(f"'{settings.library}' holds a library already; name another folder with --library.")
        backup.read(file, settings.library)
    except BaseException:
        if not was_there:
            shutil.rmtree(settings.library)
        raise
    finally:
        lock.close()
    with session.library(settings, exclusive=True) as library:  # makes the vector index anew
        count, chunks = len(library.catalog.documents()), library.store.count()
    terminal.say(f"Documents restored: {count}, with {chunks} chunks, ready to be asked.")
