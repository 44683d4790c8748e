"""The page as an application in this process, or in one of its own."""

from __future__ import annotations

import asyncio
import time
import urllib.request

from fastapi import FastAPI
from starlette.testclient import TestClient

from rag_chat.web import server

BASE = "http://127.0.0.1:7860"


def ready(client: TestClient) -> None:
    for _ in range(500):
        if client.get("/readyz").status_code == 200:
            return
        time.sleep(0.02)
    raise AssertionError("not ready")


def is_ready(port: int) -> bool:
    """Of an app in another process."""
    try:
        return bool(urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5).status == 200)
    except OSError:
        return False


def make_app(open_backend) -> FastAPI:
    """Inside a running event loop, because Gradio otherwise makes loops of its own and never closes them."""

    async def made() -> FastAPI:
        return server.create_app(open_backend, host="127.0.0.1", max_file_mb=1, samples=())

    return asyncio.run(made())
