"""A proxy that a browser must go through: it notes every host that is asked for and lets only this machine through.

What a page's policy or a script does inside the browser, this sees from outside: whatever left it. Limit: UDP does not
come by here.
"""

from __future__ import annotations

import select
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

LOOPBACK = "127.0.0.1"
REFUSAL = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class RecordingProxy(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__((LOOPBACK, 0), _Relay)
        self.asked: set[str] = set()  # host:port

    @property
    def strangers(self) -> set[str]:
        """What was asked for beyond this machine."""
        return {host for host in self.asked if urlsplit(f"//{host}").hostname != LOOPBACK}

    @property
    def address(self) -> str:
        return f"http://{LOOPBACK}:{self.server_address[1]}"


class _Relay(socketserver.BaseRequestHandler):
    """One request; the connection is closed after its answer, so that the next one is seen too."""

    request: socket.socket
    server: RecordingProxy

    def handle(self) -> None:
        head, _, body = _head(self.request).partition(b"\r\n\r\n")
        if not head:
            return  # opened ahead of need, and closed again
        first, *fields = head.split(b"\r\n")
        method, target, version = first.split(b" ")
        url = urlsplit(target.decode() if b"://" in target else f"//{target.decode()}")
        self.server.asked.add(url.netloc)
        if url.hostname != LOOPBACK:
            self.request.sendall(REFUSAL)
            return
        with socket.create_connection((LOOPBACK, url.port or 80)) as app:
            if method == b"CONNECT":
                self.request.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                return _both_ways(self.request, app)
            path = url.path + (f"?{url.query}" if url.query else "")
            kept = [field for field in fields if not field.lower().startswith((b"connection:", b"proxy-connection:"))]
            app.sendall(
                b"\r\n".join([b" ".join([method, path.encode(), version]), *kept, b"Connection: close", b"", body])
            )
            _both_ways(self.request, app)


def _head(browser: socket.socket) -> bytes:
    """What was sent up to the end of the headers, and what of the body came with it."""
    got = b""
    while b"\r\n\r\n" not in got:
        more = browser.recv(65536)
        if not more:
            return b""
        got += more
    return got


def _both_ways(browser: socket.socket, app: socket.socket) -> None:
    """Until either side closes: a stream that the browser leaves must end in the app too."""
    other = {browser: app, app: browser}
    while True:
        for one in select.select([browser, app], [], [])[0]:
            try:
                data = one.recv(65536)
                if not data:
                    return
                other[one].sendall(data)
            except OSError:
                return


@contextmanager
def recording_proxy() -> Iterator[RecordingProxy]:
    with RecordingProxy() as proxy:
        thread = threading.Thread(target=proxy.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield proxy
        proxy.shutdown()
        thread.join()
