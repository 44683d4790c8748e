"""The server is ended while people wait for answers: it is over within seconds, and what was written is there again."""

from __future__ import annotations

import time
from contextlib import ExitStack, closing

import pytest
from browsing import LONG, add, pdf_of, write
from playwright.sync_api import expect

from rag_chat.library.catalog import Catalog
from rag_chat.library.conversations import Conversations

pytestmark = pytest.mark.browser
TABS = 3


def test_answers_under_way_are_kept_as_stopped(scripted, browser, tmp_path):
    zebra = pdf_of(tmp_path / "zebra.pdf", [["zebra grazes in a field."]])
    folder = tmp_path / "library"
    with ExitStack() as stack:
        address = stack.enter_context(scripted(folder))
        context = browser.new_context()
        pages = [context.new_page() for _ in range(TABS)]
        for page in pages:
            page.goto(address)
            add(page, zebra)
            write(page, "endless zebra?")
        for page in pages:
            expect(page.locator(".answer.writing")).to_be_visible(timeout=LONG)
        time.sleep(1.5)  # what is written is kept every second
        started = time.monotonic()
        stack.close()  # ended as by its owner
        assert time.monotonic() - started < 10
        context.close()
    with closing(Catalog(folder)) as catalog, closing(Conversations(catalog)) as kept:
        kept.sweep()  # as the next start does
        found = [exchange for talk in kept.all() for exchange in kept.exchanges(talk.id)]
    assert [(e.question, e.state) for e in found] == [("endless zebra?", "stopped")] * TABS
    assert all(e.said.strip() and e.answer.passages for e in found)
