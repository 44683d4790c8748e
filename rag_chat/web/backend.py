"""What the page is given: everything behind it, as callables and one-method protocols. It never imports ingest."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from rag_chat.errors import LibraryInUse, ModelFailed, RagChatError
from rag_chat.highlight import PageImage
from rag_chat.index.connect import Deletion
from rag_chat.library.conversations import Conversations
from rag_chat.progress import Listener
from rag_chat.protocols import Asking
from rag_chat.types import Document, IngestReport


class AddDocument(Protocol):
    def __call__(
        self, path: Path, name: str, progress: Listener, *, password: str | None = None,
        replace_same_name: bool = False,
    ) -> IngestReport: ...  # fmt: skip


class PageImages(Protocol):
    def image(self, path: Path, page: int, spans: Sequence[tuple[int, int]], *, width: int) -> PageImage: ...


@dataclass(frozen=True, slots=True)
class Backend:
    """An open library with loaded models, as the page uses it."""

    engine: Asking
    images: PageImages
    conversations: Conversations
    documents: Callable[[], list[Document]]
    document: Callable[[str], Document | None]
    file: Callable[[str], Path]
    add_document: AddDocument
    read_ahead: Callable[[Path, str], None]  # the file, and its name, that is to be added next
    drop_ahead: Callable[[Path], None]  # it will not be
    delete_document: Callable[[str], Deletion]
    close: Callable[[], None]


class Loading:
    """Opens the backend in a thread, so that the page is there before the models are."""

    def __init__(self, open_backend: Callable[[], Backend]) -> None:
        self._open = open_backend
        self._done = threading.Event()
        self._backend: Backend | None = None
        self._started = time.monotonic()
        self.error: str | None = None  # fit for showing
        self.refused = False  # the library is another app's

    def start(self) -> None:
        threading.Thread(target=self._run, name="loading", daemon=True).start()

    @property
    def ready(self) -> bool:
        return self._backend is not None

    @property
    def settled(self) -> bool:
        return self._done.is_set()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started

    def wait(self, timeout: float | None = None) -> Backend | None:
        """The backend once it is there, None when the time is over; raises ModelFailed when it will never be."""
        self._done.wait(timeout)
        if self.error is not None:
            raise ModelFailed(self.error)
        return self._backend

    def close(self) -> None:
        if self._backend is not None:
            self._backend.close()

    def _run(self) -> None:
        try:
            self._backend = self._open()
        except RagChatError as error:
            self.refused = isinstance(error, LibraryInUse)
            self.error = str(error)
        except Exception as error:  # an outer edge: the page must say it rather than wait for ever
            self.error = f"The models cannot be loaded ({type(error).__name__}); run 'rag-chat doctor'."
        finally:
            self._done.set()
