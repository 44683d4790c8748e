"""`rag-ingest`: files and folders into the library; a door, so it may build what it needs and may print.

Nothing heavy is imported before there is work to do.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rag_chat.config import Settings, load
from rag_chat.errors import PASSWORD_CODES, BadSetting, RagChatError
from rag_chat.types import IngestReport

if TYPE_CHECKING:
    from ingest.pipeline import Ingestor
    from rag_chat.progress import Listener

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def ingest(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Files (PDF, DOCX, HTML, Markdown, text), or folders with such in them.")
    ] = None,
    library: Annotated[Path | None, typer.Option(help="Folder that holds everything you have put in.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line for each file.")] = False,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Make every vector anew from what the library holds.")
    ] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="A file takes the place of the documents of its name.")
    ] = False,
    password: Annotated[str | None, typer.Option(help="Opens encrypted files; a terminal asks for it.")] = None,
    config: Annotated[Path | None, typer.Option(help="A TOML file with settings.")] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Puts documents into the library, so that they can be searched and asked."""
    try:
        settings = load(config, library=library)
        failures = _run(settings, paths or [], rebuild=rebuild, replace=replace, password=password, as_json=as_json)
    except KeyboardInterrupt:
        _complain("Stopped; what was finished is in the library, run the same line again for the rest.")
        raise typer.Exit(130) from None
    except RagChatError as error:
        if debug:
            raise
        _complain(str(error))
        raise typer.Exit(error.exit_code) from None
    except OSError as error:
        if debug:
            raise
        _complain(f"The operating system refused: {error.strerror or type(error).__name__}.")
        raise typer.Exit(1) from None
    raise typer.Exit(1 if failures else 0)


def main() -> None:
    app()


def open_ingest(settings: Settings, *, any_built: bool, stack: ExitStack) -> Ingestor:
    """The library, its lock held, and the embedder it is built with; both end with the stack."""
    from ingest.pipeline import Ingestor
    from rag_chat import build
    from rag_chat.index.connect import open_library
    from rag_chat.library import remembered
    from rag_chat.library.lock import Lock

    Lock(settings.library, exclusive=True).close()  # refused before the model's seconds, not after
    settings = remembered.settings_of(settings)
    embedder = build.embedder(settings)
    library = open_library(
        settings.library, embedder.name, embedder.dimension,
        chunk_tokens=min(settings.chunk_tokens, embedder.longest), overlap=settings.chunk_overlap_tokens,
        exclusive=True, any_built=any_built,
    )  # fmt: skip
    stack.callback(library.close)
    return stack.enter_context(Ingestor(library, embedder, settings, build.token_index(settings, embedder)))


def _run(
    settings: Settings, paths: list[Path], *, rebuild: bool, replace: bool, password: str | None, as_json: bool
) -> int:
    """How many files failed."""
    from ingest.beside import Beside
    from ingest.pipeline import Ingestor, find_files
    from rag_chat import running

    if not paths and not rebuild:
        raise BadSetting("No file or folder is named; say which to put in, or --rebuild.")
    files = find_files(paths)
    if paths and not files:
        raise BadSetting(
            f"No PDF, DOCX, HTML, Markdown or text file is in '{paths[0]}'; name a folder that holds some."
        )
    failures = 0
    with ExitStack() as stack:
        if rebuild:
            running.require_none(settings.library)
        app = running.find(settings.library)
        ingestor = Beside(app) if app is not None else open_ingest(settings, any_built=rebuild, stack=stack)
        if app is not None:
            _complain(running.NOTE)
        show, listener = _display(stack, as_json, len(files))
        rebuilt = ingestor.rebuild(listener) if rebuild and isinstance(ingestor, Ingestor) else ()
        add = partial(ingestor.add_all, replace_same_name=replace, progress=listener)
        asking = sys.stdin.isatty() and not as_json
        added = zip(files, add(files, password=password), strict=True)
        opened = (_opened(path, report, add, listener) if asking else report for path, report in added)
        for report in itertools.chain(rebuilt, opened):
            failures += report.status == "failed"
            show(_with_remedy(report))
    return failures


def _opened(
    path: Path, report: IngestReport, add: Callable[..., Iterator[IngestReport]], bar: Listener | None
) -> IngestReport:
    """Asks for the password until it opens the file, or none is given."""
    from ingest import terminal

    while report.code in PASSWORD_CODES and (given := terminal.password(report, bar)):
        report = next(add([path], password=given))
    return report


def _with_remedy(report: IngestReport) -> IngestReport:
    if report.code != "E_ENCRYPTED" or report.error is None:
        return report
    return dataclasses.replace(report, error=f"{report.error.rstrip('.')}; give it with --password.")


def _display(stack: ExitStack, as_json: bool, files: int) -> tuple[Callable[[IngestReport], None], Listener | None]:
    """How reports are shown, and who hears the progress: a bar on a terminal, nobody in a pipe."""
    if as_json:
        return _json_line, None
    if not sys.stdout.isatty():
        return _line, None
    from ingest.terminal import Bar

    bar = stack.enter_context(Bar(files))
    return bar.finished, bar


def _json_line(report: IngestReport) -> None:
    from rag_chat import wire

    typer.echo(json.dumps(wire.ingest_report(report), ensure_ascii=False))


def _line(report: IngestReport) -> None:
    typer.echo(line_of(report), err=report.status == "failed")


def line_of(report: IngestReport) -> str:
    from rag_chat import coverage
    from rag_chat.sentences import readable

    name = readable(report.document)
    if report.status == "failed":
        return f"{name}: failed ({report.code}): {report.error}"
    taken = ", in place of the version before" if report.replaced else ""
    read = coverage.sentence(report)
    chunks = f"{report.chunks:,} {'chunk' if report.chunks == 1 else 'chunks'}"
    notice = f"\n{name}: {report.notice}" if report.notice else ""
    return f"{name}: {report.status}{taken}, {read}, {chunks}, {report.seconds:.1f} s{notice}"


def _complain(message: str) -> None:
    typer.echo(message, err=True)


if __name__ == "__main__":
    main()
