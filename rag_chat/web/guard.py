"""The HTTP edge around the page: which hosts, origins and routes are answered, and the headers of every answer.

Gradio serves far more routes than this page needs (one of them fetches any address for the caller), so only those
that the page uses are let through. Limit: inline scripts must be allowed because Gradio has them; the first line
against injection is the escaping in `render`, the policy here is the second.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any
from urllib.parse import urlsplit

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-frame-options": "DENY",
}
# Of Gradio's own routes under /gradio_api/ the page uses these.
GRADIO_ROUTES = re.compile(
    r"/gradio_api/(startup-events|app_id|upload|upload_progress|queue/join|queue/data|heartbeat/\w+|reset|cancel|info"
    r"|theme\.css)/?"
)
REFUSED = re.compile(
    r"/(gradio_api/|monitoring|proxy=|file=|file/|config/|login|logout|custom_component|pwa_icon|svelte)"
)
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Guard:
    """ASGI middleware."""

    def __init__(self, app: AsgiApp, *, host: str) -> None:
        self._app = app
        # On another address than loopback the names that people use for it are not known here.
        self._hosts = LOOPBACK | {host} if host in LOOPBACK else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is not None:
            await _answer(send, *refusal)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name for name, _ in message["headers"]}
                extra = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
                message["headers"] = [*message["headers"], *(pair for pair in extra if pair[0] not in given)]
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        if self._hosts is not None and _name(f"//{headers.get('host', '')}") not in self._hosts:
            return 403, "This address is not served here."  # a foreign name that was made to point at this machine
        if scope["method"] not in ("GET", "HEAD") and not _same_origin(headers):
            return 403, "A page of another origin asked for this."
        path = scope["path"]
        if REFUSED.match(path) and not GRADIO_ROUTES.fullmatch(path):
            return 404, "Nothing is served here."
        return None


def _same_origin(headers: Mapping[str, str]) -> bool:
    """Programs send no Origin; browsers always do with what can change something."""
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc.lower() == headers.get("host", "").lower()


def _name(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


async def _answer(send: Send, status: int, said: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    headers += [(name.encode(), value.encode()) for name, value in HEADERS.items()]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": said.encode()})
