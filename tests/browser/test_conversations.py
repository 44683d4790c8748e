"""Conversations over reload and restart: kept, found, renamed, exported, deleted; long ones open at once."""

from __future__ import annotations

import json
import threading

import pytest
from browsing import LONG, SHORT, add, ask, conversation, hurry, pdf_of, write
from playwright.sync_api import expect
from scripted_engine import ScriptedBackend

from rag_chat.library.conversations import WHOLE_ANSWER
from rag_chat.web.asking import Question, answering

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def zebra(tmp_path_factory):
    lines = [f"zebra{i} grazes in field number {i}." for i in range(8)]
    return pdf_of(tmp_path_factory.mktemp("pdf") / "zebra.pdf", [lines])


def test_conversation_survives_reload_and_restart_with_its_page_images(watched, scripted, zebra, tmp_path):
    with scripted(tmp_path) as address:
        page = watched(address)
        add(page, zebra)
        ask(page, "about zebra1")
        kept = conversation(page)
        assert page.url.endswith(f"/?c={kept}")
        page.reload()
        expect(page.locator("#past .answer")).to_contain_text("zebra1", timeout=LONG)
        write(page, "endless zebra2")
        expect(page.locator(".answer.writing")).to_be_visible(timeout=LONG)
        page.close()  # in the middle of an answer
    with scripted(tmp_path) as address:
        page = watched(f"{address}/?c={kept}")
        expect(page.locator("#past .exchange")).to_have_count(2, timeout=LONG)
        expect(page.locator("#past .foot").nth(1)).to_contain_text("Stopped.")
        page.locator("#past .cite").first.click()
        image = page.locator("#source-1-1 figure img")
        expect(image).to_have_js_property("naturalWidth", 900, timeout=SHORT)
        ask(page, "and zebra3")
        expect(page.locator("#live .exchange")).to_have_attribute("data-turn", "3")


def test_what_is_answered_in_another_tab_is_followed_until_it_is_over(watched, zebra):
    page = watched()
    add(page, zebra)
    write(page, "endless zebra1")
    expect(page.locator(".answer.writing")).to_be_visible(timeout=LONG)
    beside = watched(page.url)
    exchange = beside.locator("#past .exchange")
    expect(exchange).to_have_attribute("data-state", "asking", timeout=LONG)
    written = exchange.locator(".answer").inner_text() if exchange.locator(".answer").count() else ""
    expect(exchange.locator(".answer")).not_to_have_text(written, timeout=SHORT)
    page.click("#stop")
    expect(exchange.locator(".foot")).to_contain_text("Stopped.", timeout=SHORT)
    expect(beside.locator("#source-1-1")).to_be_attached(timeout=SHORT)
    ask(beside, "zebra2?")
    write(page, "endless zebra3")
    expect(page.locator(".answer.writing")).to_be_visible(timeout=LONG)
    anew = watched(page.url)
    expect(anew.locator("#past .exchange").nth(2)).to_have_attribute("data-state", "asking", timeout=LONG)
    page.close()
    expect(anew.locator("#past .foot").nth(2)).to_contain_text("Stopped.", timeout=SHORT)


def test_a_question_sent_the_moment_the_answer_is_there_is_asked(watched, zebra):
    page = watched()
    add(page, zebra)
    write(page, "zebra1?")
    page.evaluate(
        """() => {
          const box = document.querySelector("#question textarea");
          const eager = new MutationObserver(() => {
            if (!document.querySelector("#live .exchange[data-state='answered']")) return;
            eager.disconnect();
            box.value = "zebra2?";
            box.dispatchEvent(new Event("input", { bubbles: true }));
            box.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
            box.dispatchEvent(new KeyboardEvent("keypress", { key: "Enter", bubbles: true }));
          });
          eager.observe(document.querySelector("#live"), { childList: true, subtree: true, attributes: true });
        }"""
    )
    expect(page.locator("#live .question")).to_have_text("zebra2?", timeout=LONG)
    expect(page.locator("#past .question")).to_have_text("zebra1?")


def two_tabs(watched, zebra):
    """Of a conversation with one answer, which the second one has loaded."""
    page = watched()
    add(page, zebra)
    ask(page, "zebra1?")
    beside = watched(page.url)
    expect(beside.locator("#past .exchange")).to_have_count(1)
    return page, beside


def test_what_another_tab_asks_is_followed_below_an_answer_of_ones_own(watched, zebra):
    page, beside = two_tabs(watched, zebra)
    write(page, "endless zebra2")
    expect(page.locator(".answer.writing")).to_be_visible(timeout=LONG)
    ask(beside, "zebra3?")
    page.click("#stop")
    expect(beside.locator('.exchange[data-state="asking"]')).to_have_count(0, timeout=SHORT)
    expect(beside.locator(".exchange")).to_have_count(3)


def test_asked_again_a_tab_asks_what_it_shows_and_an_answer_that_is_gone_has_no_sources(watched, zebra):
    page, beside = two_tabs(watched, zebra)
    expect(beside.locator("#source-1-1")).to_be_attached(timeout=SHORT)
    page.click("#retry")
    expect(page.locator("#live .exchange")).to_have_attribute("data-turn", "2", timeout=LONG)
    expect(page.locator("#live .cite").first).to_be_visible(timeout=LONG)
    expect(page.locator(".exchange")).to_have_count(1)
    ask(page, "zebra5?")
    beside.click("#retry")  # shows a question that is no longer kept: nothing happens to the others
    page.reload()
    expect(page.locator("#past .question")).to_have_text(["zebra1?", "zebra5?"], timeout=LONG)


def test_list_opens_searches_renames_exports_and_deletes(watched, zebra):
    page = watched()
    add(page, zebra)
    ask(page, "the first about zebra1")
    first = conversation(page)
    page.click("[data-talk='new']")
    expect(page.locator(".welcome")).to_be_visible(timeout=SHORT)
    ask(page, "the second about zebra2")
    page.fill("#talks-search", "FIRST ABOUT")
    expect(page.locator("#talks-list a")).to_have_count(1, timeout=SHORT)
    page.click("#talks-list a")
    expect(page.locator("#past .question")).to_have_text("the first about zebra1", timeout=SHORT)
    expect(page.locator("#source-1-1 mark")).to_contain_text("zebra1", timeout=SHORT)
    assert page.url.endswith(f"/?c={first}")
    page.fill("#talks-search", "")

    page.get_by_role("button", name="Rename").click()
    page.get_by_label("Rename this conversation").locator("input").fill('Zebras <b>"one"</b>')
    page.keyboard.press("Enter")
    expect(page.locator("#talks-list a[aria-current=page] .name")).to_have_text('Zebras <b>"one"</b>', timeout=SHORT)
    expect(page.locator(".talk h2")).to_have_text('Zebras <b>"one"</b>')

    with page.expect_download() as markdown:
        page.get_by_role("link", name="Markdown").click()
    assert "“zebra1 grazes" in markdown.value.path().read_text()
    with page.expect_download() as whole:
        page.get_by_role("link", name="JSON").click()
    assert json.loads(whole.value.path().read_text())["turns"][0]["citations"][0]["page"] == 1

    page.locator(".talk").get_by_role("button", name="Delete").click()
    page.go_back()
    expect(page.get_by_role("dialog")).to_have_count(0)  # it asked about the first
    expect(page.locator("#past .question")).to_have_text("the second about zebra2", timeout=SHORT)
    page.go_forward()
    expect(page.locator("#past .question")).to_have_text("the first about zebra1", timeout=SHORT)
    hurry(page, "#talks-list li:nth-child(2) a", "#talks-list li:nth-child(1) a")
    expect(page.locator("#past .question")).to_have_text("the second about zebra2", timeout=SHORT)
    page.go_back()
    expect(page.locator("#past .question")).to_have_text("the first about zebra1", timeout=SHORT)
    assert page.url.endswith(f"/?c={first}")
    page.locator(".talk").get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.locator(".welcome")).to_be_visible(timeout=SHORT)
    expect(page.locator(f"#talks-list a[data-open='{first}']")).to_have_count(0, timeout=SHORT)


def copied(page, button):
    """What is on the clipboard once the button was pressed."""
    page.get_by_role("button", name=button, exact=True).first.click()
    expect(page.locator("#said")).to_contain_text("copied", timeout=SHORT)
    return page.evaluate("navigator.clipboard.readText()")


def test_copied_link_opens_the_conversation_with_its_quote_and_page(watched, zebra):
    page = watched(permissions=["clipboard-read", "clipboard-write"])
    add(page, zebra)
    ask(page, "about zebra1")
    link = copied(page, "Copy link")
    assert link == page.url
    other = watched(link)
    expect(other.locator("#past .question")).to_have_text("about zebra1", timeout=LONG)
    other.locator("#past .cite").first.click()
    expect(other.locator("#source-1-1 mark")).to_have_text("zebra1 grazes in field number 1.", timeout=SHORT)
    expect(other.locator("#source-1-1 figure img")).to_have_js_property("naturalWidth", 900, timeout=SHORT)


def test_copied_answer_holds_its_quotes_and_their_places(watched, zebra):
    page = watched(permissions=["clipboard-read", "clipboard-write"])
    add(page, zebra)
    ask(page, "about zebra1")
    assert "zebra.pdf, page 1: “zebra1 grazes in field number 1.”" in copied(page, "Copy")


def test_ratings_given_on_the_page_are_kept_with_both_ranks(watched, scripted, zebra, tmp_path):
    with scripted(tmp_path) as address:
        page = watched(address)
        add(page, zebra)
        ask(page, "about zebra4")
        kept = conversation(page)
        shown = page.locator("#source-1-1 .rank").text_content()
        for vote in (page.get_by_label("This answer is good"), page.locator("#source-1-1 .votes .vote").first):
            vote.click()
            expect(vote).to_have_attribute("aria-pressed", "true", timeout=SHORT)
    library = ScriptedBackend(folder=tmp_path)
    exchange = library.conversations.exchange(kept, 1)
    (feedback,) = library.conversations.feedback()
    library.close()
    first = exchange.answer.candidates[0]
    assert exchange.votes == {WHOLE_ANSWER: 1, first.chunk.id: 1}
    assert shown == f"rank {first.stage1_rank} → {first.rank}"
    assert (feedback.question, feedback.passage) == ("about zebra4", first.chunk.text)


def test_link_to_a_conversation_that_is_gone_says_so(watched, address):
    page = watched(f"{address}/?c=nobody")
    expect(page.locator("#past .failure")).to_contain_text("is not in the library", timeout=LONG)
    expect(page.locator("#question textarea")).to_be_enabled()


def test_conversation_of_200_turns_opens_at_once(watched, scripted, zebra, tmp_path):
    made = ScriptedBackend(folder=tmp_path)
    made.add(zebra, "zebra.pdf", lambda step: None)
    backend = made.backend()
    long, short = made.conversations.start("a long one"), made.conversations.start("a short one")
    for turn in range(200):
        asked = Question(f"about zebra{turn % 8} for the {turn}th time")
        number = made.conversations.ask(long, asked.text)
        for _ in answering(backend, long, number, asked, threading.Event()):
            pass
    made.conversations.ask(short, "nothing yet")
    made.close()
    with scripted(tmp_path) as address:
        page = watched(f"{address}/?c={short}")
        expect(page.locator("#past .exchange")).to_have_count(1, timeout=LONG)
        expect(page.locator(f"#talks-list a[data-open='{long}']")).to_be_visible(timeout=SHORT)
        took = page.evaluate(
            """async (id) => {
                const start = performance.now();
                document.querySelector(`#talks-list a[data-open='${id}']`).click();
                const shown = () => document.querySelectorAll("#past .exchange").length;
                while (shown() < 200) await new Promise(requestAnimationFrame);
                await new Promise(requestAnimationFrame);
                return performance.now() - start;
            }""",
            long,
        )
        assert took < 6000  # a loaded machine; `python -m benchmarks.page` measures on a quiet one
        expect(page.locator("#past .question").last).to_be_in_viewport()
