"""What the page does with hostile text and with a person who changes their mind; no models are needed for it."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from reportlab.pdfgen import canvas

pytestmark = pytest.mark.browser

HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "</details><script>alert(2)</script>",
    "{{value}} ${alert(3)} `x`",
    '" onmouseover="alert(4)',
    "<iframe src=http://evil.example></iframe>",
    "![](http://evil.example/x.png) [x](javascript:alert(5))",
    "<style>*{display:none}</style><div style=position:fixed>",
)


@pytest.fixture(scope="module")
def address(serving):
    with serving("tests/browser/scripted_app.py") as opened:
        yield opened


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    path = tmp_path_factory.mktemp("pdf") / "zebra.pdf"
    sheet = canvas.Canvas(str(path))
    for i, text in enumerate(HOSTILE):
        sheet.drawString(40, 780 - 20 * i, f"zebra{i} {text}")
    sheet.save()
    return path


def ready(page, hostile):
    expect(page.locator("#documents .empty, .document").first).to_be_visible(timeout=30_000)
    if page.locator(".document").count() == 0:
        page.set_input_files("#drop input[type=file]", hostile)
    expect(page.locator(".document")).to_have_count(1, timeout=30_000)


def ask(page, question):
    page.fill("#question textarea", question)
    page.press("#question textarea", "Enter")


def test_text_of_a_document_is_shown_and_never_obeyed(watched, hostile):
    page = watched(viewport={"width": 1280, "height": 800})
    ready(page, hostile)
    for i, text in enumerate(HOSTILE):
        ask(page, f"zebra{i} {text}")
        expect(page.locator(".foot")).to_have_count(i + 1, timeout=30_000)
        expect(page.locator(".answer").nth(i)).to_contain_text(text)
    assert (
        page.locator("#thread :is(img, script, iframe, style, a), #sources :is(script, iframe, style, a)").count() == 0
    )
    expect(page.locator("#ask")).to_be_visible()


def test_stop_keeps_what_was_written_and_the_next_question_is_answered(watched, hostile):
    page = watched(viewport={"width": 1280, "height": 800})
    ready(page, hostile)
    ask(page, "slow zebra1?")
    expect(page.locator(".answer.writing")).to_be_visible(timeout=30_000)
    page.click("#stop")
    expect(page.locator(".foot")).to_have_text("Stopped.", timeout=10_000)
    expect(page.locator("#ask")).to_be_visible()
    ask(page, "zebra1?")
    expect(page.locator(".cite").first).to_be_visible(timeout=30_000)


def test_retry_clear_and_restriction(watched, hostile):
    page = watched(viewport={"width": 1280, "height": 800})
    ready(page, hostile)
    ask(page, "zebra1?")
    expect(page.locator(".cite").first).to_be_visible(timeout=30_000)
    page.click("#retry")
    expect(page.locator(".exchange")).to_have_count(1)
    expect(page.locator(".cite").first).to_be_visible(timeout=30_000)
    page.locator("#documents input").check()
    expect(page.locator(".scope")).to_contain_text("Questions go to 1 of 1")
    page.click(".scope .link")
    expect(page.locator("#documents input")).not_to_be_checked()
    page.click("#clear")
    expect(page.locator(".welcome")).to_be_visible()
    expect(page.locator("#sources details")).to_have_count(0)


def test_source_of_an_earlier_answer_opens_from_its_own_marker(watched, hostile):
    page = watched(viewport={"width": 1280, "height": 800})
    ready(page, hostile)
    for count, question in enumerate(("about zebra1", "about zebra2"), 1):
        ask(page, question)
        expect(page.locator(".foot")).to_have_count(count, timeout=30_000)
    expect(page.locator("#source-2-1")).to_be_visible()
    page.locator(".exchange").first.locator(".cite").click()
    expect(page.locator("#source-1-1 mark")).to_contain_text("zebra1")
    expect(page.locator("#source-1-1 mark")).to_be_visible()
    expect(page.locator("#source-2-1")).to_be_hidden()


def test_enlarged_page_closes_with_escape(watched, hostile):
    page = watched(viewport={"width": 1280, "height": 800}, color_scheme="dark")
    ready(page, hostile)
    ask(page, "zebra1?")
    expect(page.locator("details.card[open] .zoom img")).to_have_js_property("naturalWidth", 900, timeout=30_000)
    page.click("details.card[open] .zoom")
    expect(page.get_by_role("dialog").locator("img")).to_have_js_property("naturalWidth", 1600, timeout=30_000)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
