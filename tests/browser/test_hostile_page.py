"""Sixty hostile strings, each as text, title, outline, file name, question and title of a conversation: all of them are
shown as text, no script runs, and no request leaves: neither the browser's own record nor the proxy has one."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from browsing import LONG, SHORT, add, ask, conversation, pdf_of
from hostile import HOSTILE
from playwright.sync_api import expect
from reportlab.pdfgen.canvas import Canvas
from scripted_engine import ScriptedBackend

from rag_chat.render import visible

pytestmark = pytest.mark.browser
HERD = 5  # documents that one question finds
LINKS = "gazelle1 pays at https://evil.example/pay or www.evil.example or [here](https://other.example/x)"
MIDDLE_OF = """(holder, words) => {
    holder.scrollIntoView({ block: "nearest", behavior: "instant" });
    const texts = document.createTreeWalker(holder, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const start = texts.currentNode.data.indexOf(words);
        if (start < 0) continue;
        const range = document.createRange();
        range.setStart(texts.currentNode, start);
        range.setEnd(texts.currentNode, start + words.length);
        const { left, top, width, height } = range.getClientRects()[0];
        const [x, y] = [left + width / 2, top + height / 2];
        return holder.contains(document.elementFromPoint(x, y)) ? [x, y] : null;
    }
}"""


@pytest.fixture(scope="module")
def address(scripted, tmp_path_factory):
    """A library of sixty documents: a string is its file's name, title, author, outline and text."""
    folder = tmp_path_factory.mktemp("hostile")
    library = ScriptedBackend(folder=folder)
    for i, text in enumerate(HOSTILE):
        path = folder / f"{i}.pdf"
        sheet = Canvas(str(path))
        sheet.setTitle(text)
        sheet.setAuthor(text)
        sheet.bookmarkPage("here")
        sheet.addOutlineEntry(re.sub("[\x00\x1b]", "", text), "here")  # two signs that PDF keeps for itself
        sheet.drawString(20, 800, f"zebra{i} herd{i // HERD} {shown(text)}")
        sheet.save()
        library.add(path, text, lambda step: None)
    library.close()
    with scripted(folder) as opened:
        yield opened


def shown(text: str) -> str:
    """As a page shows it on one line."""
    return " ".join(visible(text).split())


def test_hostile_strings_are_text_and_nothing_leaves(watched):
    page = watched()  # every dialog, console error and request to another host fails the test
    expect(page.locator(".document")).to_have_count(len(HOSTILE), timeout=LONG)
    names = page.locator(".document .name").all_inner_texts()
    assert [" ".join(name.split()) for name in names] == [shown(text) for text in HOSTILE]
    shape = page.locator("#columns").bounding_box()
    for start in range(0, len(HOSTILE), HERD):
        herd = HOSTILE[start : start + HERD]
        ask(page, f"doubt herd{start // HERD} {' '.join(f'zebra{start + i} {text}' for i, text in enumerate(herd))}")
        page.locator("#live .cite").first.hover()
        expect(page.get_by_role("tooltip")).to_contain_text("“zebra", timeout=SHORT)
        page.locator("#live .cite").first.click()
        page.locator("#evidence .also").evaluate("it => { it.open = true }")
        for i, text in enumerate(herd, start):
            card = page.locator("#evidence .card", has=page.get_by_text(f"zebra{i} herd"))
            card.evaluate("it => { it.open = true }")
            expect(card.locator("blockquote")).to_have_text(f"zebra{i} herd{i // HERD} {shown(text)}")
            expect(card.locator(".heading")).to_have_text(shown(text))
            expect(card.locator(".source-name")).to_have_text(shown(text))
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
    row = page.locator(f"#talks-list a[data-open='{conversation(page)}'] .name")
    for text in HOSTILE:
        page.get_by_role("button", name="Rename").click()
        page.get_by_label("Rename this conversation").locator("input").fill(text)
        page.keyboard.press("Enter")
        title = shown(text)
        expect(row).to_have_text(title if len(title) <= 80 else re.compile(re.escape(title[:75])), timeout=SHORT)
    page.reload()
    expect(page.locator(".talk h2")).to_have_text(title, timeout=LONG)


def test_links_in_a_question_an_answer_and_its_sources_are_text_that_names_their_host(watched, scripted, tmp_path):
    with scripted(tmp_path / "library") as address:
        page = watched(address)
        add(page, pdf_of(tmp_path / "www.evil.example.pdf", [[LINKS]]))
        ask(page, LINKS)
        here = page.url
        for holder in ("#live .question", "#live .answer", "#source-1-1 blockquote"):
            for link in ("evil.example/pay", "www.evil", "other.example"):
                place = page.locator(holder).evaluate(MIDDLE_OF, link)
                assert place, f"{link} is not to be seen in {holder}"
                page.mouse.click(*place)
                page.mouse.click(*place, button="middle")
        assert page.url == here and len(page.context.pages) == 1
        hosts = "[...document.querySelectorAll('#columns [href]')].map((it) => new URL(it.href).host)"
        assert set(page.evaluate(hosts)) == {urlsplit(here).netloc}


def test_policy_refuses_what_a_page_tries_before_it_leaves(proxied, address, proxy):
    """The check itself, from inside: an image of another host is recorded when a page as much as tries."""
    context = proxied()
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
    assert urlsplit(address).netloc in proxy.asked and proxy.strangers == set()


def test_proxy_sees_what_leaves(proxied, proxy):
    """The check itself, from outside: a page without a policy that asks other hosts is found out, encrypted or not."""
    context = proxied()
    page = context.new_page()
    page.set_content("<img src=http://evil.example/1.png><img src=https://evil.example/2.png>")
    page.evaluate("fetch('http://other.example/3').catch(() => {})")
    context.close()
    assert proxy.strangers == {"evil.example", "evil.example:443", "other.example"}
