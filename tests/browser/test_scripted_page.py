"""What the page does with a person who asks, stops, changes their mind and looks around; no models are needed."""

from __future__ import annotations

import pytest
from browsing import LONG, SHORT, add, ask, hurry, pdf_of, write
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(scripted):
    """A library of these tests alone: they count its documents."""
    with scripted() as opened:
        yield opened


@pytest.fixture(scope="module")
def zebra(tmp_path_factory):
    lines = [f"zebra{i} grazes in field number {i}." for i in range(8)]
    return pdf_of(tmp_path_factory.mktemp("pdf") / "zebra.pdf", [lines, ["A second page about oryx."]])


@pytest.fixture
def page(watched, zebra):
    opened = watched()
    add(opened, zebra)
    return opened


def test_stop_keeps_what_was_written_and_the_next_question_is_answered(page):
    write(page, "endless zebra1?")
    expect(page.locator(".answer.writing")).to_be_visible(timeout=LONG)
    expect(page.locator("#ask")).to_be_hidden()
    page.click("#stop")
    expect(page.locator("#live .foot")).to_contain_text("Stopped.", timeout=SHORT)
    expect(page.locator("#live .answer")).not_to_be_empty()
    expect(page.locator("#ask")).to_be_visible()
    expect(page.locator("#stop")).to_be_hidden()
    ask(page, "zebra1?")
    expect(page.locator("#past .foot").first).to_contain_text("Stopped.")


def test_retry_and_restriction(page):
    hurry(page, "#documents [data-doc]", "#documents [data-doc]")  # ticked by mistake and unticked at once
    ask(page, "zebra1?")
    expect(page.locator("#documents [data-doc]")).not_to_be_checked()
    page.locator("#live .exchange").evaluate("it => it.classList.add('old')")  # it has all that the new one will have
    page.click("#retry")
    expect(page.locator("#stop")).to_be_visible()
    expect(page.locator(".exchange.old")).to_have_count(0)
    expect(page.locator("#ask")).to_be_visible(timeout=LONG)
    expect(page.locator(".exchange")).to_have_count(1)
    expect(page.locator("#live .cite").first).to_be_visible(timeout=LONG)
    page.locator("#documents [data-doc]").check()
    expect(page.locator(".scope")).to_contain_text("Questions go to 1 of 1")
    page.click(".scope .link")
    expect(page.locator("#documents [data-doc]")).not_to_be_checked()
    page.click("[data-talk='new']")
    expect(page.locator(".welcome")).to_be_visible()
    expect(page.locator("#sources details")).to_have_count(0)


def test_a_question_goes_to_some_pages_only(page):
    page.click(".narrow summary")
    page.fill(".narrow [name=pages]", "2")
    page.press(".narrow [name=pages]", "Enter")
    expect(page.locator(".scope")).to_contain_text("Questions go to page 2 of all documents")
    expect(page.locator(".narrow [name=pages]")).to_have_value("2")
    ask(page, "oryx page?")
    expect(page.locator("#live .exchange")).to_contain_text("Searched on page 2 only.")
    page.fill(".narrow [name=since]", "2999-01-01")
    page.press(".narrow [name=since]", "Enter")
    expect(page.locator(".scope")).to_contain_text("none was added in that time")
    page.click(".scope .link")
    expect(page.locator(".scope")).to_contain_text("Questions go to all documents")


def test_verdicts_are_visible_and_summed_up(page):
    ask(page, "doubt about zebra1")
    expect(page.locator("#live .weak + .doubted")).to_have_text("carried only in part")
    expect(page.locator("#live .missing + .doubted")).to_have_text("not found in its source")
    expect(page.locator("#live .summary")).to_have_text(
        "1 of 3 sentences are quoted word for word from 1 passage of 1 document; 1 is carried only in part;"
        " 1 is not found in its source."
    )
    cards = page.locator("#evidence section > .card")
    expect(cards.nth(0).locator(".verdict")).to_have_text("quoted word for word")
    expect(cards.nth(1).locator(".verdict")).to_have_text("carried only in part")


def test_notices_stand_under_the_answer(page):
    ask(page, "foreign zebra1?")
    expect(page.locator("#live .notice")).to_have_text("The question is not in English.")
    ask(page, "foreign and nothing")
    expect(page.locator("#live .notice")).to_have_text("The question is not in English.")


def test_refusal_helps(page, tmp_path):
    other = pdf_of(tmp_path / "oryx.pdf", [["oryx1 lives in the desert."]])
    page.set_input_files("#drop input[type=file]", other)
    expect(page.locator(".document")).to_have_count(2, timeout=LONG)
    ask(page, "nothing about oryx1")
    expect(page.locator("#live .answer.abstained")).to_have_text("The documents do not say.")
    expect(page.locator("#live .nearest li")).to_have_count(3)
    expect(page.locator("#live .nearest .score").first).to_have_text("score 0.95")
    expect(page.locator("#sources .also > summary")).to_have_text("What was read (3)")
    expect(page.locator("#sources .card:visible")).to_have_count(0)  # they are listed once, in the conversation
    page.get_by_role("button", name="Search only oryx.pdf").click()
    expect(page.locator("#live .exchange")).to_have_attribute("data-turn", "2", timeout=LONG)
    expect(page.get_by_role("button", name="Search all documents")).to_be_visible(timeout=LONG)
    expect(page.locator("#documents .document:has-text('oryx.pdf') input")).to_be_checked()
    page.locator("#live .nearest button").first.click()
    expect(page.locator("#source-2-1")).to_be_visible()
    expect(page.locator("#source-2-1")).to_have_attribute("open", "")
    page.locator("#documents [data-delete]").nth(1).click()
    page.get_by_role("button", name="Delete", exact=True).last.click()
    expect(page.locator(".document")).to_have_count(1, timeout=SHORT)


def test_follow_up_shows_what_was_searched_and_can_be_searched_otherwise(page):
    ask(page, "zebra1?")
    ask(page, "and zebra2?")
    asked = page.locator("#live details.asked")
    expect(asked).to_contain_text("Searched for: zebra1? and zebra2?")
    asked.locator("summary").click()
    asked.locator("input").fill("zebra5 alone")
    asked.locator("input").press("Enter")
    expect(page.locator("#live .exchange")).to_have_attribute("data-turn", "3", timeout=LONG)
    expect(page.locator("#live .question")).to_have_text("and zebra2?")
    expect(page.locator("#live .answer")).to_contain_text("zebra5", timeout=LONG)
    expect(page.locator("#live details.asked")).to_contain_text("Searched for: zebra5 alone")


def test_why_these_passages(page):
    ask(page, "zebra3?")
    page.click("#live [data-why]")
    why = page.get_by_role("dialog")
    expect(why.locator("svg.slopes g.kept")).to_have_count(2)
    expect(why.locator("dl")).to_contain_text("rerank: dual encoder, then cross-encoder")
    expect(why.locator("dl")).to_contain_text("rerank 0.24 s")
    down = why.locator("svg g.down line, svg g.up line").first
    assert down.evaluate("line => getComputedStyle(line).stroke") != "none"
    why.locator("select").select_option("dense")
    expect(why.locator(".beside")).to_contain_text("dense: dual encoder alone", timeout=SHORT)
    expect(why.locator(".beside li")).to_have_count(4)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_ratings_are_kept(page):
    ask(page, "zebra4?")
    good = page.locator("#live .foot .vote").first
    good.click()
    expect(good).to_have_attribute("aria-pressed", "true")
    this = page.locator("#source-1-1 .vote").first
    this.click()
    expect(this).to_have_attribute("aria-pressed", "true")
    page.locator("#source-1-1 .vote").nth(1).click()  # the other one takes its place
    expect(this).to_have_attribute("aria-pressed", "false")
    page.reload()
    expect(page.locator("#past .foot .vote").first).to_have_attribute("aria-pressed", "true", timeout=LONG)
    expect(page.locator("#source-1-1 .vote").nth(1)).to_have_attribute("aria-pressed", "true", timeout=SHORT)
