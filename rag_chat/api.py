"""What a Python program does with a library: the same search and answers as the page and the command line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from rag_chat.commands import session
from rag_chat.errors import BadQuestion, LibraryError, NotFound
from rag_chat.search_copy import searchable
from rag_chat.types import (
    Answer,
    Candidate,
    Chunk,
    Document,
    Event,
    Finished,
    Mode,
    PageRange,
    SearchResult,
    Signals,
    Span,
    Turn,
)

if TYPE_CHECKING:
    from rag_chat.build import App


class OpenLibrary:
    """Close it when done, or use it in a `with` block. Threads may share it.

    `documents` of `search` and `ask` are file names (their ending may be left out, in any case) or ids, one or several;
    None searches everything. `pages` are the first and the last that may answer, `since` and `until` the days on which
    a document was added ("2024-01-31"). Every method raises RagChatError, whose message is one sentence that says what
    to do.
    """

    def __init__(self, app: App) -> None:
        self._opened: App | None = app

    @property
    def _app(self) -> App:
        if self._opened is None:
            raise LibraryError("The library was closed; open it again with rag_chat.open_library.")
        return self._opened

    def documents(self) -> list[Document]:
        return self._app.library.catalog.documents()

    def search(
        self,
        query: str,
        *,
        mode: Mode | None = None,
        candidates: int | None = None,
        passages: int | None = None,
        documents: str | Sequence[str] | None = None,
        pages: PageRange | None = None,
        since: str | None = None,
        until: str | None = None,
    ) -> SearchResult:
        """Both stages, no answer."""
        doc_ids = self._chosen(documents, since, until)
        return self._app.engine.search(
            query, mode=mode, candidates=candidates, passages=passages, doc_ids=doc_ids, pages=pages
        )

    def ask(
        self,
        question: str,
        history: Sequence[Turn] = (),
        *,
        documents: str | Sequence[str] | None = None,
        pages: PageRange | None = None,
        since: str | None = None,
        until: str | None = None,
    ) -> Answer:
        """The checked answer, every sentence cited."""
        for event in self.stream(question, history, documents=documents, pages=pages, since=since, until=until):
            if isinstance(event, Finished):
                return event.answer
        raise AssertionError("the engine ends with Finished")

    def stream(
        self,
        question: str,
        history: Sequence[Turn] = (),
        *,
        documents: str | Sequence[str] | None = None,
        pages: PageRange | None = None,
        since: str | None = None,
        until: str | None = None,
    ) -> Iterator[Event]:
        """Retrieved, then Tokens, then Finished; closing the iterator stops the model."""
        doc_ids = self._chosen(documents, since, until)
        return self._app.engine.ask(question, history, doc_ids=doc_ids, pages=pages)

    def rank(self, query: str, texts: Sequence[str]) -> list[float]:
        """How probable it is that each text, of whatever source, is relevant: the second stage alone, 0..1."""
        if isinstance(texts, str):
            raise BadQuestion("The texts to rank are one text; give a list of them.")
        if not texts:
            return []
        asked, read = searchable(query), [searchable(text) for text in texts]
        cosines = self._app.embedder.encode_passages(read) @ self._app.embedder.encode_query(asked)
        given = [
            _candidate(place, text, float(cosine))
            for place, (text, cosine) in enumerate(zip(texts, cosines, strict=True))
        ]
        scores = {c.chunk.ordinal: c.score for c in self._app.reranker.rerank(asked, given)}
        return [scores[place] for place in range(len(texts))]

    def close(self) -> None:
        if self._opened is not None:
            opened, self._opened = self._opened, None
            opened.close()

    def __enter__(self) -> OpenLibrary:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _chosen(self, documents: str | Sequence[str] | None, since: str | None, until: str | None) -> list[str] | None:
        if isinstance(documents, str):
            documents = [documents]
        if documents is not None and not documents:
            return []
        return session.chosen(self.documents(), list(documents or ()), since=since, until=until)


def open_library(path: Path, **settings: Any) -> OpenLibrary:
    """Raises NotFound where no library is, and BadSetting for a setting that does not exist."""
    from rag_chat import build, config

    if not (path / session.CATALOG).is_file():
        raise NotFound(f"No library is in '{path.name}'; make one with: rag-ingest PATH --library DIR.")
    return OpenLibrary(build.open_app(config.load(library=path, **settings)))


def _candidate(place: int, text: str, cosine: float) -> Candidate:
    chunk = Chunk(str(place), "", place, (Span(1, 0, len(text)),), "", text)
    return Candidate(chunk, "", "1", place + 1, cosine, place + 1, cosine, Signals(cosine=cosine))
