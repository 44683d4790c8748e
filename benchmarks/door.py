"""How a benchmark starts and ends: its errors are one sentence, as everywhere. Knows nothing of what is measured."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from rag_chat.errors import RagChatError


def run(main: Callable[[], None]) -> None:
    """Ends the process with the error's exit code and its sentence on stderr."""
    try:
        main()
    except RagChatError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)


def note(text: str) -> None:
    """A line for whoever waits; the table alone goes to stdout."""
    print(text, file=sys.stderr, flush=True)


def markdown(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table as the README has it."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
