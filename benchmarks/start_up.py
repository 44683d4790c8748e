"""Seconds from starting the web app to the open page and to everything loaded, seen through HTTP."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

PATIENCE_SECONDS = 180.0


@dataclass(frozen=True, slots=True)
class StartUp:
    """Seconds until `GET /` and `GET /readyz` answered with 200; None where they never did."""

    page: float | None
    ready: float | None


def measure(app: Path, library: Path, cache: Path) -> StartUp:
    """Starts the app on a free port and stops it again. An empty `cache` makes it a cold start."""
    port = _free_port()
    environment = os.environ | {
        "RAG_CHAT_PORT": str(port),
        "RAG_CHAT_LIBRARY": str(library),
        "RAG_CHAT_CACHE": str(cache),
    }
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, str(app)], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        page = _answered(f"http://127.0.0.1:{port}/", process, start)
        ready = _answered(f"http://127.0.0.1:{port}/readyz", process, start) if page is not None else None
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    return StartUp(page, ready)


def _answered(url: str, process: subprocess.Popen[bytes], start: float) -> float | None:
    while process.poll() is None and time.perf_counter() - start < PATIENCE_SECONDS:
        try:
            with urllib.request.urlopen(url, timeout=5) as reply:
                if reply.status == 200:
                    return time.perf_counter() - start
        except urllib.error.HTTPError as error:
            if error.code == 404:  # the app has no such page and will not get it by waiting
                return None
        except OSError:
            pass
        time.sleep(0.05)
    return None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
