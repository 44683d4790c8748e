"""A real HTTP server on this machine that answers POSTs as a test scripts it, and keeps what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeVar

S = TypeVar("S", bound=ThreadingHTTPServer)
Answer = tuple[int, object]  # status, and JSON or the bytes themselves


class JsonServer(ThreadingHTTPServer):
    """`respond(path, body)` gives the answer to each request, `first` answers go before it, one a request."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.respond: Callable[[str, dict], Answer] = lambda path, body: (404, {})
        self.first: list[Answer] = []
        self.headers: dict[str, str] = {}
        self.asked: list[tuple[str, dict, str]] = []  # path, body, Authorization
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, body, self.headers.get("Authorization", "")))
        status, said = self.server.first.pop(0) if self.server.first else self.server.respond(self.path, body)
        raw = said if isinstance(said, bytes) else json.dumps(said).encode()
        self.send_response(status)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_):
        pass


@contextmanager
def serving(server: S) -> Iterator[S]:
    """Answers in a thread until the block ends."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def running() -> AbstractContextManager[JsonServer]:
    return serving(JsonServer())
