"""Puts first_paint.html into the head of the page on its way to the browser.

Gradio's page is empty until half a megabyte of scripts has run, and Gradio adds what it is given for the head later
still; so a reader would look at nothing for a second. Knows nothing of what the page holds.
"""

from __future__ import annotations

from pathlib import Path

from rag_chat.web.guard import AsgiApp, Message, Receive, Scope, Send

HTML = (Path(__file__).parent / "first_paint.html").read_bytes()
HEAD = b"<head>"


class FirstPaint:
    """ASGI middleware. Streams everything but the page itself."""

    def __init__(self, app: AsgiApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != "/" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        start: Message = {}
        body = bytearray()

        async def gather(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            elif message["type"] != "http.response.body":
                await send(message)
            else:
                body.extend(message.get("body", b""))
                if message.get("more_body"):
                    return
                page = bytes(body).replace(HEAD, HEAD + HTML, 1)
                headers = [(name, value) for name, value in start["headers"] if name != b"content-length"]
                await send({**start, "headers": [*headers, (b"content-length", str(len(page)).encode())]})
                await send({"type": "http.response.body", "body": page})

        plain = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
        await self._app({**scope, "headers": plain}, receive, gather)
