"""Sixty hostile strings in text, title, outline, file name, question and title of a conversation: all of them are shown
as text, no script runs, and no request leaves the machine (the browser's own record of every request)."""

from __future__ import annotations

import re

import pytest
from browsing import LONG, SHORT, ask, conversation
from hostile import HOSTILE
from playwright.sync_api import expect
from reportlab.pdfgen.canvas import Canvas

from rag_chat.render import visible

pytestmark = pytest.mark.browser
PER_FILE = 12


@pytest.fixture(scope="module")
def address(scripted):
    with scripted() as opened:
        yield opened


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Five PDFs: a string a line in the text, and strings as file name, title and outline entries."""
    folder, made = tmp_path_factory.mktemp("hostile"), []
    for start in range(0, len(HOSTILE), PER_FILE):
        strings = HOSTILE[start : start + PER_FILE]
        name = re.sub(r"[/\x00\n]", "_", strings[3])[:80]
        path = folder / f"{start} {name}.pdf"
        sheet = Canvas(str(path))
        sheet.setTitle(strings[0])
        sheet.setAuthor(strings[1])
        for i, text in enumerate(strings):
            sheet.bookmarkPage(str(i))
            sheet.addOutlineEntry(text, str(i))
            sheet.drawString(20, 800 - 18 * i, f"zebra{start + i} {' '.join(visible(text).split())}")
        sheet.save()
        made.append(path)
    return made


def test_hostile_strings_are_text_and_nothing_leaves(watched, files):
    page = watched()  # every dialog, console error and request to another host fails the test
    expect(page.locator("#documents .empty").first).to_be_visible(timeout=LONG)
    page.set_input_files("#drop input[type=file]", files)
    expect(page.locator(".document")).to_have_count(len(files), timeout=LONG)
    shape = page.locator("#columns").bounding_box()
    for i in range(0, len(HOSTILE), 4):  # three more strings stand in the passages of each answer
        ask(page, f"doubt zebra{i} {HOSTILE[i]}")
        expect(page.locator("#live .question")).to_contain_text("zebra")
        page.locator("#live .cite").first.hover()
        page.locator("#live .cite").first.click()
        expect(page.locator("#evidence .card[open] mark").first).to_contain_text(f"zebra{i}", timeout=SHORT)
    foreign = ":is(script, iframe, object, embed, link, style, form[action], video, audio, base, meta, a[href^='http'])"
    assert page.locator(f"#thread {foreign}, #sources {foreign}, #left-column {foreign}").count() == 0
    assert page.locator("#thread img").count() == 0
    page.click("#live [data-why]")
    expect(page.locator(".rag-why svg")).to_be_visible(timeout=SHORT)
    assert page.locator(f".rag-why {foreign}, .rag-why :is(img, image)").count() == 0
    page.keyboard.press("Escape")
    assert page.locator("#columns").bounding_box() == shape  # no overlay, nothing hidden
    expect(page.locator("#ask")).to_be_visible()


def test_hostile_title_of_a_conversation_is_text(watched):
    page = watched()
    expect(page.locator(".document").first).to_be_visible(timeout=LONG)
    ask(page, "zebra1")
    for bad in HOSTILE[:12]:
        page.get_by_role("button", name="Rename").click()
        page.get_by_label("Rename this conversation").locator("input").fill(bad)
        page.keyboard.press("Enter")
        row = page.locator(f"#talks-list a[data-open='{conversation(page)}'] .name")
        expect(row).to_have_text(" ".join(bad.split())[:80], timeout=SHORT)
    page.reload()
    expect(page.locator(".talk h2")).to_have_text(HOSTILE[11], timeout=LONG)


def test_recorder_sees_every_attempt_and_the_policy_refuses_it(browser, address):
    """The check itself: an image of another host is recorded when a page as much as tries, and it does not come."""
    context = browser.new_context()
    page, asked = context.new_page(), []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    came = page.evaluate(
        """new Promise((tell) => {
            const image = new Image();
            image.onload = () => tell(true);
            image.onerror = () => tell(false);
            image.src = "http://evil.example/x.png";
        })"""
    )
    context.close()
    assert not came
    assert "http://evil.example/x.png" in asked
