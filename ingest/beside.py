"""Adds documents through the app that has the library open, one after the other, as an `Ingestor` would."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from ingest.digest import digest
from ingest.pipeline import display_name
from rag_chat.errors import DocumentError
from rag_chat.progress import Listener
from rag_chat.running import RunningApp
from rag_chat.types import IngestReport


class Beside:
    def __init__(self, app: RunningApp) -> None:
        self._app = app

    def add_all(
        self, paths: Iterable[Path], *, password: str | None = None, replace_same_name: bool = False,
        progress: Listener | None = None,
    ) -> Iterator[IngestReport]:  # fmt: skip
        for path in paths:
            try:
                digest(path)  # what cannot be read is said of the path as it was given here
            except DocumentError as error:
                yield IngestReport(display_name(path.name), None, "failed", error=str(error), code=error.code)
            else:
                yield self._app.add(path, password=password, replace_same_name=replace_same_name, progress=progress)
