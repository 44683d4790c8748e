"""How fast the page is for the person in front of it, in Chromium, over the samples.

    python -m benchmarks.page [--library DIR] [--rounds 5]

Starts the app itself (quotes only, no language model), asks a question, and measures the page's first paint, the image
of a page that was never shown, a click on an [n] until its boxed page is there, and the opening of a conversation of
200 turns. Needs the development tools (Playwright) and a Chromium on the machine.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks import door
from rag_chat.errors import NotFound
from rag_chat.library.catalog import Catalog
from rag_chat.library.conversations import Conversations

ROOT = Path(__file__).parents[1]
QUESTION = "Who retires from the board after nine years?"
TURNS = 200
WAIT = 180_000  # milliseconds
FIRST_PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
NEW_IMAGE = """async (number) => {
    const doc = document.querySelector("[data-doc]").dataset.doc;
    const start = performance.now();
    const answer = await fetch(`/pages/${doc}/${number}.png?start=0&end=${40 + number}`);
    await createImageBitmap(await answer.blob());
    return performance.now() - start;
}"""
CLICK = """async () => {
    const start = performance.now();
    document.querySelector(".cite").click();
    const image = () => document.querySelector(".card[open] figure img");
    while (!(image()?.complete && image().naturalWidth)) await new Promise(requestAnimationFrame);
    return performance.now() - start;
}"""
OPEN = """async ([id, turns]) => {
    const start = performance.now();
    document.querySelector(`#talks-list a[data-open="${id}"]`).click();
    while (document.querySelectorAll("#past .exchange").length < turns) await new Promise(requestAnimationFrame);
    await new Promise(requestAnimationFrame);
    return performance.now() - start;
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", type=Path, help="a folder for the library (one that goes away)")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        library = given.library or Path(scratch) / "library"
        browser = playwright.chromium.launch(executable_path=_chromium(), args=["--no-sandbox", "--disable-gpu"])
        with _app(library) as address:
            rows = _one_question(browser, address, given.rounds)
        long = _lengthen(library)
        with _app(library) as address:
            rows.append((f"open a conversation of {TURNS} turns", [_opened(browser, address, long) for _ in range(3)]))
        browser.close()
    print(
        door.markdown(("what", "median", "worst"), [[said, _ms(statistics.median(t)), _ms(max(t))] for said, t in rows])
    )


def _one_question(browser: Browser, address: str, rounds: int) -> list[tuple[str, list[float]]]:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(address)
    page.locator(".document, [data-act='samples']").first.wait_for(timeout=WAIT)
    if not page.locator(".document").count():
        page.click("[data-act='samples']")
    page.locator(".document").nth(3).wait_for(timeout=WAIT)
    page.fill("#question textarea", QUESTION)
    page.press("#question textarea", "Enter")
    page.locator("#live .cite").first.wait_for(timeout=WAIT)
    images = [float(page.evaluate(NEW_IMAGE, number)) for number in range(1, rounds + 1)]
    where = page.url
    clicks = [_after_reload(browser, where, lambda fresh: float(fresh.evaluate(CLICK))) for _ in range(rounds)]
    again = [float(page.evaluate(CLICK)) for _ in range(rounds)]
    paints = [_after_reload(browser, where, lambda fresh: float(fresh.evaluate(FIRST_PAINT))) for _ in range(rounds)]
    page.close()
    return [
        ("first paint, empty browser cache", paints),
        ("image of a page never shown", images),
        ("click on [n] to its boxed page, fresh tab", clicks),
        ("click on [n] again", again),
    ]


def _after_reload(browser: Browser, where: str, measured: Callable[[Page], float]) -> float:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.goto(where)
    page.locator("#past .cite").first.wait_for(timeout=WAIT)
    took = measured(page)
    context.close()
    return took


def _opened(browser: Browser, address: str, conversation: str) -> float:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.goto(address)
    page.locator(f"#talks-list a[data-open='{conversation}']").wait_for(timeout=WAIT)
    took = float(page.evaluate(OPEN, [conversation, TURNS]))
    context.close()
    return took


def _lengthen(library: Path) -> str:
    """A conversation in which the answer that was given is given `TURNS` times."""
    catalog = Catalog(library)
    kept = Conversations(catalog)
    given = kept.exchange(kept.all()[0].id, 1)
    assert given is not None  # it has just been answered
    made = kept.start("A long conversation")
    for _ in range(TURNS):
        kept.keep(made, kept.ask(made, QUESTION), "answered", said=given.said, answer=given.answer)
    kept.close()
    catalog.close()
    return made


@contextmanager
def _app(library: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, str(ROOT / "app.py"), "--library", str(library), "--port", str(port)]
    environment = os.environ | {"RAG_CHAT_GENERATOR": "quoting", "RAG_CHAT_OFFLINE": "1"}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    try:
        yield _ready(f"http://127.0.0.1:{port}", process)
    finally:
        process.terminate()
        process.wait(30)


def _ready(address: str, process: subprocess.Popen[bytes]) -> str:
    while process.poll() is None:
        try:
            urllib.request.urlopen(f"{address}/readyz", timeout=5).close()
            return address
        except (OSError, urllib.error.HTTPError):
            time.sleep(0.2)
    raise NotFound("The app ended before it was ready; start it with python app.py to see why.")


def _chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        raise NotFound("No Chromium is on this machine; install the package chromium.")
    return found


def _ms(value: float) -> str:
    return f"{value:,.0f} ms"


if __name__ == "__main__":
    door.run(main)
