"""A server in a process of its own, Chromium, and a page that is watched for what it should not do."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, sync_playwright
from recording_proxy import recording_proxy

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="session")
def serving(tmp_path_factory):
    """Runs `python ARGUMENTS... PORT` until the block ends; gives its address once it answers."""

    @contextmanager
    def run(*arguments: str, port: int = 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            port = probe.getsockname()[1]
        log = tmp_path_factory.mktemp("log") / "log"
        # The unpacked language model stays in data/cache, so that only the first run has to make it.
        environment = os.environ | {"RAG_CHAT_OFFLINE": "1", "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"}
        with log.open("w") as file:
            command = [sys.executable, *arguments, str(port)]
            process = subprocess.Popen(command, cwd=ROOT, stdout=file, stderr=subprocess.STDOUT, env=environment)
        address = f"http://127.0.0.1:{port}"
        try:
            yield _answering(address, process, log)
        finally:
            for one in WATCHED:  # a page that asks once more would meet an app that is gone
                if one.address == address:
                    one.page.context.close()
            process.terminate()
            process.wait(20)
        assert "Traceback" not in log.read_text(), log.read_text()

    return run


def _answering(address: str, process: subprocess.Popen, log: Path) -> str:
    for _ in range(600):
        assert process.poll() is None, log.read_text()
        try:
            urllib.request.urlopen(f"{address}/healthz", timeout=5).close()
            return address
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"no answer: {log.read_text()}")


@pytest.fixture(scope="session")
def scripted(serving, tmp_path_factory):
    """Opens the page over the scripted engine; the same folder given again is the same library after a restart."""
    return lambda folder=None, **where: serving(
        "tests/browser/scripted_app.py", str(folder or tmp_path_factory.mktemp("library")), **where
    )


@pytest.fixture(scope="session")
def address(scripted):
    """One page over the scripted engine for all tests that do not need one of their own."""
    with scripted() as opened:
        yield opened


@pytest.fixture(scope="session")
def proxy():
    with recording_proxy() as running:
        yield running


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        assert "CI" not in os.environ, "Chromium is not installed; a check that CI skips is none"
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=CHROMIUM,
            # Chromium asks its maker what kind of form a page has; here it has nobody to ask.
            args=["--no-sandbox", "--disable-gpu", "--autofill-server-url=data:,"],
        )
        yield opened
        opened.close()


class Watched:
    """A page, and what it should not have done."""

    def __init__(self, context, address: str) -> None:
        self.address = re.match(r"https?://[^/]+", address)[0]
        self.page: Page = context.new_page()
        self.faults: list[str] = []
        self.page.on("console", lambda said: said.type == "error" and self.faults.append(said.text))
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("request", self._request)
        self.page.on("dialog", self._dialog)
        self.page.goto(address)

    def _request(self, request) -> None:
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.faults.append(f"asked another host: {request.url}")

    def _dialog(self, dialog) -> None:
        self.faults.append(f"a script ran: {dialog.message}")
        dialog.dismiss()


WATCHED: list[Watched] = []


@pytest.fixture
def proxied(browser, proxy):
    """Opens windows that reach nothing but through the recording proxy, this machine included. The proxy is theirs, not
    the browser's, which asks its maker for updates."""
    through = {"server": proxy.address, "bypass": "<-loopback>"}
    proxy.asked.clear()
    return lambda **context: browser.new_context(
        **({"viewport": {"width": 1280, "height": 800}, "proxy": through} | context)
    )


@pytest.fixture
def watched(proxied, address, proxy):
    """Opens pages, of `address` where no other is given; none may have met an error, tried to ask another host, or let
    anything out that the proxy saw."""

    def open_page(at: str = address, **context) -> Page:
        WATCHED.append(Watched(proxied(**context), at))
        return WATCHED[-1].page

    yield open_page
    opened = WATCHED.copy()
    WATCHED.clear()
    for one in opened:
        one.page.context.close()
    assert [fault for one in opened for fault in one.faults] == []
    assert proxy.asked >= {urlsplit(one.address).netloc for one in opened}  # all of it came by the proxy
    assert proxy.strangers == set()
