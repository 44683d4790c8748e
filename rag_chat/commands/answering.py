"""The engine's events on a terminal: the words as they come, then the checked answer with its sources."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from rich.console import Console
from rich.live import Live
from rich.text import Text

from rag_chat.commands import terminal
from rag_chat.render import answer_text, seconds_text, visible
from rag_chat.types import Answer, Event, Finished, Retrieved, Token


def answered(events: Iterator[Event]) -> Answer:
    """The answer alone."""
    for event in events:
        if isinstance(event, Finished):
            return event.answer
    raise AssertionError("the engine ends with Finished")


def shown(events: Iterator[Event]) -> Answer:
    """Streams where someone watches, then prints the cited answer, its sources and the time of each stage."""
    console = Console()
    # Closed whatever happens: Ctrl-C must stop the model, not leave it writing.
    with closing(events):  # type: ignore[type-var]  # the engine's iterators are generators
        answer = _streamed(events, console) if console.is_terminal else answered(events)
    for notice in answer.notices:
        terminal.note(notice)
    terminal.say(answer_text(answer))
    terminal.say(f"\n{seconds_text(answer.seconds)}")
    return answer


def _streamed(events: Iterator[Event], console: Console) -> Answer:
    """The words live; they go when the checked answer takes their place."""
    text = ""
    with Live(Text("Searching…", style="dim"), console=console, transient=True) as live:
        for event in events:
            if isinstance(event, Retrieved):
                live.update(Text(f"Reading {len(event.passages)} passages…", style="dim"))
            elif isinstance(event, Token):
                text += event.text
                live.update(Text(visible(text)))
            else:
                return event.answer
    raise AssertionError("the engine ends with Finished")
