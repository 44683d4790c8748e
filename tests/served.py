"""The page as an application in this process."""

from __future__ import annotations

import asyncio
import time

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


def make_app(open_backend) -> FastAPI:
    """Inside a running event loop, because Gradio otherwise makes loops of its own and never closes them."""

    async def made() -> FastAPI:
        return server.create_app(open_backend, host="127.0.0.1", max_file_mb=1, samples=())

    return asyncio.run(made())
