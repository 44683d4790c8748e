"""The web app: the only place that knows both `rag_chat` and `ingest`. `python app.py --help` loads nothing heavy."""

from __future__ import annotations

import argparse
import json
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag_chat import config
from rag_chat.errors import RagChatError

if TYPE_CHECKING:
    from rag_chat.config import Settings
    from rag_chat.progress import Listener
    from rag_chat.types import IngestReport
    from rag_chat.web.backend import Backend

SAMPLES = Path(__file__).parent / "data" / "samples"
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def main(arguments: list[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    try:
        settings = config.load(given.config, library=given.library, host=given.host, port=given.port)
        _serve(settings)
    except RagChatError as error:
        if given.debug:
            raise
        print(error, file=sys.stderr)  # noqa: T201 this is a command
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="app.py", description="Chat with your documents in the browser, on this machine."
    )
    parser.add_argument("--library", type=Path, metavar="DIR", help="the folder of your documents (data/library)")
    parser.add_argument("--port", type=int, help="the port of the page (7860)")
    parser.add_argument("--host", help="the address to listen on (127.0.0.1: this machine only)")
    parser.add_argument("--config", type=Path, metavar="FILE", help="a TOML file of settings (data/rag.toml)")
    parser.add_argument("--debug", action="store_true", help="show where an error comes from")
    return parser


def _serve(settings: Settings) -> None:
    from rag_chat.web import server

    opened = server.listen(settings.host, settings.port)  # before anything slow, so that a taken port is said at once
    try:
        if settings.host not in LOOPBACK:
            said = f"Anyone who can reach {settings.host} can read and delete every document here; there is no login."
            print(said, file=sys.stderr)  # noqa: T201
        token = secrets.token_urlsafe(32)
        app = server.create_app(
            lambda: _open_backend(settings, token),
            host=settings.host,
            max_file_mb=settings.max_file_mb,
            samples=_samples(SAMPLES),
            library=settings.library,
            token=token,
        )
        print(f"Ask your documents at http://{settings.host}:{settings.port}", flush=True)  # noqa: T201
        server.serve(app, opened)
    finally:
        opened.close()


def _open_backend(settings: Settings, token: str) -> Backend:
    from ingest.pipeline import Ingestor
    from rag_chat import running
    from rag_chat.build import open_app
    from rag_chat.library.conversations import Conversations
    from rag_chat.web.backend import Backend

    opened = open_app(settings, exclusive=True)
    ingestor = Ingestor(opened.library, opened.embedder, opened.settings, opened.tokens)
    catalog = opened.library.catalog
    conversations = Conversations(catalog)
    conversations.sweep()
    running.announce(settings.library, settings.host, settings.port, token)

    def add_document(path: Path, name: str, progress: Listener, **options: Any) -> IngestReport:
        return ingestor.add(path, name=name, progress=progress, **options)

    def close() -> None:
        running.withdraw(settings.library)
        ingestor.close()
        conversations.close()
        opened.close()

    return Backend(
        engine=opened.engine,
        images=opened.pages,
        conversations=conversations,
        documents=catalog.documents,
        document=catalog.document,
        file=catalog.file,
        add_document=add_document,
        read_ahead=lambda path, name: ingestor.read_ahead(path, name=name),
        drop_ahead=ingestor.drop_ahead,
        delete_document=opened.library.delete,
        close=close,
    )


def _samples(folder: Path) -> list[tuple[Path, list[str]]]:
    """Each sample document with a question that it answers; none where the samples are not installed."""
    try:
        lines = (folder / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    questions: dict[str, list[str]] = {}
    for entry in map(json.loads, filter(None, lines)):
        if entry.get("document") and not entry.get("history"):
            questions.setdefault(entry["document"], []).append(entry["question"])
    return [(folder / name, asked[:1]) for name, asked in questions.items() if (folder / name).is_file()]


if __name__ == "__main__":
    sys.exit(main())
