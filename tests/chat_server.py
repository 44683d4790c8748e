"""A scripted language model server on this machine: server-sent events as OpenAI-compatible servers send them."""

from __future__ import annotations

import json
import threading
import time
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from json_server import serving


def event(text, reason=None):
    return f"data: {json.dumps({'choices': [{'delta': {'content': text}, 'finish_reason': reason}]})}\n\n".encode()


class Server(ThreadingHTTPServer):
    """Answers as `status`, `headers` and `parts` say; keeps what it was asked."""

    status, parts, promised, pause = 200, (), None, 0.0
    busy, wanted = (), None  # the statuses of the first answers, and the seconds of peace that all of them ask for

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests, self.dropped = [], threading.Event()
        self.url = f"http://127.0.0.1:{self.server_address[1]}/v1"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append((self.path, dict(self.headers), json.loads(body)))
        asked = len(self.server.requests)
        self.send_response(self.server.busy[asked - 1] if asked <= len(self.server.busy) else self.server.status)
        if self.server.wanted:
            self.send_header("Retry-After", self.server.wanted)
        if self.server.promised:
            self.send_header("Content-Length", str(self.server.promised))
        self.end_headers()
        try:
            for part in self.server.parts:
                self.wfile.write(part)
                self.wfile.flush()
                time.sleep(self.server.pause)
        except OSError:
            self.server.dropped.set()

    def log_message(self, *_):
        pass


def running() -> AbstractContextManager[Server]:
    return serving(Server())
