"""Writing to the terminal: JSON, tables and progress. What is asked for goes to stdout, all else to stderr.

Text of documents may hold control characters and markup; it passes `render.visible` and is never read as markup.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rag_chat.evaluation.retrieval import Progress


def say(text: str = "") -> None:
    """A plain line on stdout."""
    typer.echo(text.encode("utf-8", "replace"))


def say_json(value: Any) -> None:
    """One JSON document on one line; bytes, so that no locale can refuse a character."""
    typer.echo(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))


def note(text: str) -> None:
    """A line for people on stderr."""
    typer.echo(text, err=True)


def agreed(question: str) -> bool:
    """Whether someone at the terminal says yes; a script is not asked, and has said so by its call."""
    if not sys.stdin.isatty():
        return True
    typer.echo(f"{question} [y/N] ", nl=False, err=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: int = 0) -> None:
    """Columns aligned by blanks, the last `numbers` of them to the right; plain text, so that a pipe can cut it."""
    from rich.cells import cell_len

    lines = [list(heads), *([one_line(cell) for cell in row] for row in rows)]
    widths = [max(cell_len(line[column]) for line in lines) for column in range(len(heads))]
    for line in lines:
        cells = []
        for column, (cell, width) in enumerate(zip(line, widths, strict=True)):
            gap = " " * (width - cell_len(cell))
            cells.append(gap + cell if column >= len(heads) - numbers else cell + gap)
        say("  ".join(cells).rstrip())


def one_line(text: str, most: int = 100) -> str:
    """Foreign text fit for one line of a terminal."""
    from rag_chat.render import visible

    joined = " ".join(visible(text).split())
    return joined if len(joined) <= most else f"{joined[: most - 1]}…"


@contextmanager
def progress() -> Iterator[Progress]:
    """A reporter: a bar on a terminal, in a pipe a line for each tenth."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _tenths
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        tasks: dict[str, Any] = {}

        def report(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done)

        yield report


def _tenths(what: str, done: int, total: int) -> None:
    if done == total or (done * 10) // total > ((done - 1) * 10) // total:
        note(f"{what}: {done} of {total}")
