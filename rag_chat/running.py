"""The app that has a library open, as the commands beside it use it: the library itself is one process's.

The app leaves its address and a secret in the library's folder, readable by its own user only; who can read them may
do what the commands do. A file that an app left when it was killed is told by its lock, which ended with it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag_chat import orders
from rag_chat.errors import LibraryError, LibraryInUse
from rag_chat.library.lock import Lock
from rag_chat.progress import Listener, Progress
from rag_chat.types import Event, IngestReport, Mode, PageRange, SearchResult, Turn

if TYPE_CHECKING:
    from rag_chat.index.connect import Deletion

FILE = "app.json"
NOTE = "The library is open in a running app, which does this with its models and settings."
CONNECT_SECONDS = 5.0
HERE_SECONDS = 30.0  # for the first word of an app on a busy machine; a dead one refuses at once
ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # where to reach who listens on every address


@dataclass(frozen=True, slots=True)
class RunningApp:
    """Raises what the app met, and LibraryError where it ends in the middle."""

    pid: int
    address: str  # "http://127.0.0.1:7860"
    token: str = field(repr=False)

    def ask(
        self, question: str, history_: Sequence[Turn] = (), *, doc_ids: Sequence[str] | None = None,
        pages: PageRange | None = None,
    ) -> Iterator[Event]:  # fmt: skip
        """The engine's events; closing the iterator stops the model there."""
        order = orders.Ask(question, tuple(history_), _tuple(doc_ids), pages)
        yield from self._values("ask", order, Event)

    def search(
        self, query: str, *, mode: Mode | None = None, candidates: int | None = None, passages: int | None = None,
        doc_ids: Sequence[str] | None = None, pages: PageRange | None = None,
    ) -> SearchResult:  # fmt: skip
        order = orders.Search(query, mode, candidates, passages, _tuple(doc_ids), pages)
        found: SearchResult = self._last("search", order, SearchResult)
        return found

    def delete(self, doc_id: str) -> Deletion:
        from rag_chat.index.connect import Deletion

        proof: Deletion = self._last("delete", orders.Delete(doc_id), Deletion)
        return proof

    def add(
        self, path: Path, *, password: str | None = None, replace_same_name: bool = False,
        progress: Listener | None = None,
    ) -> IngestReport:  # fmt: skip
        """As `Ingestor.add`; the app reads the file where it is."""
        order = orders.Add(str(path.absolute()), path.name, password, replace_same_name)
        for value in self._values("add", order, Progress | IngestReport):
            if isinstance(value, IngestReport):
                return value
            if progress is not None:
                progress(value)
        raise self._ended()

    def answers(self) -> bool:
        """Is it the one that left this address and this secret?"""
        import httpx

        try:
            with self._client() as client:
                return bool(client.get(orders.ROUTE, timeout=HERE_SECONDS).status_code == httpx.codes.OK)
        except (httpx.HTTPError, httpx.InvalidURL):
            return False

    def _last(self, name: str, order: Any, form: Any) -> Any:
        found = None
        for found in self._values(name, order, form):  # noqa: B007
            pass
        if found is None:
            raise self._ended()
        return found

    def _values(self, name: str, order: Any, form: Any) -> Iterator[Any]:
        import httpx

        try:
            with self._client() as client, client.stream("POST", f"{orders.ROUTE}/{name}", json=asdict(order)) as got:
                if got.status_code != httpx.codes.OK:
                    raise LibraryError(f"The running app refused this ({got.status_code}); close it and try again.")
                with closing(orders.values(got.iter_lines(), form)) as values:  # type: ignore[type-var]
                    yield from values
        except (httpx.HTTPError, ValueError) as error:
            raise self._ended() from error

    def _client(self) -> Any:
        import httpx

        return httpx.Client(
            base_url=self.address,
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=httpx.Timeout(None, connect=CONNECT_SECONDS),  # an answer takes as long as it takes
            trust_env=False,  # no proxy stands between this machine and itself
        )

    def _ended(self) -> LibraryError:
        return LibraryError(f"The running app (process {self.pid}) ended before it had answered; run this again.")


def find(folder: Path) -> RunningApp | None:
    """The app that has the library open, None where nobody has; raises LibraryInUse where its owner does not answer."""
    try:
        Lock(folder, exclusive=False).close()
        return None
    except LibraryInUse:
        app = _left_in(folder)
        if app is not None and app.answers():
            return app
        raise


def require_none(folder: Path) -> None:
    """For what must have the library to itself: raises LibraryInUse, which says who has it and what to do."""
    app = find(folder)
    if app is not None:
        said = f"The library is open in a running app (process {app.pid}); end the app, then run this again."
        raise LibraryInUse(said)


def announce(folder: Path, host: str, port: int, token: str) -> None:
    """Leaves the address for the commands, once the library is open; there whole or not at all."""
    reached = ANYWHERE.get(host, host)
    address = f"http://[{reached}]:{port}" if ":" in reached else f"http://{reached}:{port}"
    part = folder / f"{FILE}.part"
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(asdict(RunningApp(os.getpid(), address, token)), file)
    part.rename(folder / FILE)


def withdraw(folder: Path) -> None:
    (folder / FILE).unlink(missing_ok=True)


def _left_in(folder: Path) -> RunningApp | None:
    with suppress(OSError, ValueError, KeyError, TypeError):
        left = json.loads((folder / FILE).read_text(encoding="utf-8"))
        return RunningApp(int(left["pid"]), str(left["address"]), str(left["token"]))
    return None


def _tuple(given: Sequence[str] | None) -> tuple[str, ...] | None:
    return None if given is None else tuple(given)
