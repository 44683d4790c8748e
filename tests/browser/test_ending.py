"""The server is ended while people wait for answers: it is over within seconds, and what was written is there again."""

from __future__ import annotations

import time
from contextlib import ExitStack, closing

import pytest
from browsing import LONG, SHORT, add, ask, conversation, pdf_of, write
from playwright.sync_api import expect

from rag_chat.library.catalog import Catalog
from rag_chat.library.conversations import Conversations

pytestmark = pytest.mark.browser
TABS = 3


@pytest.fixture
def zebra(tmp_path):
    return pdf_of(tmp_path / "zebra.pdf", [["zebra1 grazes in a field."]])


def test_a_page_that_outlives_its_app_is_loaded_again_with_what_was_being_written(scripted, browser, tmp_path, zebra):
    page = browser.new_page()  # not watched: it meets an app that does not answer
    with scripted(tmp_path / "library") as address:
        page.goto(address)
        add(page, zebra)
        page.locator("#documents [data-doc]").check()
        ask(page, "about zebra1")
        kept = conversation(page)
    page.fill("#question textarea", "and half a question")
    with scripted(tmp_path / "library", port=int(address.rsplit(":")[-1])):
        page.evaluate("dispatchEvent(new Event('focus'))")  # a person comes back to it
        expect(page.locator("#past .question")).to_have_text("about zebra1", timeout=SHORT)
        expect(page.locator("#question textarea")).to_have_value("and half a question")
        expect(page.locator("#documents [data-doc]")).not_to_be_checked()  # as the app now has it
        page.press("#question textarea", "Enter")
        expect(page.locator("#live .exchange")).to_have_attribute("data-turn", "2", timeout=LONG)
        assert conversation(page) == kept
    page.close()


def test_answers_under_way_are_kept_as_stopped(scripted, browser, tmp_path, zebra):
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
