"""An ingest on a terminal: one bar with the file, the stage and the time left, and the question for a password."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from getpass import getpass

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from rag_chat.progress import Progress as Heard
from rag_chat.sentences import readable
from rag_chat.types import IngestReport


class Bar:
    """Called with each `rag_chat.progress.Progress`; `finished` prints a file's line above the bar."""

    def __init__(self, files: int) -> None:
        self._console = Console()
        self._bars = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
            console=self._console, transient=True,
            redirect_stderr=sys.stderr.isatty(),  # a file that hears the errors still gets them
        )  # fmt: skip
        self._files: TaskID = self._bars.add_task("files", total=files or None)
        self._stage: TaskID = self._bars.add_task("", total=None)
        self._now = ("", "")

    def __enter__(self) -> Bar:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """While something else is shown; what it writes over stays readable."""
        self._bars.stop()
        try:
            yield
        finally:
            self._bars.start()

    def __call__(self, progress: Heard) -> None:
        now = (progress.document, progress.stage)
        if now != self._now:  # the time left is that of the stage
            self._now = now
            self._bars.reset(self._stage, description=f"{progress.stage} {escape(progress.document[:50])}")
        self._bars.update(self._stage, completed=progress.done, total=progress.total or None)

    def finished(self, report: IngestReport) -> None:
        from ingest.cli import line_of

        failed = report.status == "failed"
        typer.secho(line_of(report), err=failed, fg="red" if failed else None)
        self._bars.advance(self._files)


def password(report: IngestReport, bar: object) -> str | None:
    """What the person at the terminal types, unseen, for a file that needs it; None where they leave it out."""
    name = readable(report.document)
    with bar.hidden() if isinstance(bar, Bar) else nullcontext():
        typer.echo(f"{name}: {report.error}", err=True)
        try:
            return getpass("Password (Enter leaves the file out): ") or None
        except EOFError:
            return None
