"""The whole of it as a person meets it: the real app in a process of its own, driven through Chromium."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pypdfium2
import pytest
from playwright.sync_api import expect

from rag_chat.chat.small_talk import REPLY
from rag_chat.highlight import PageView

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "data" / "samples"
QUESTION = "Who retires from the board after nine years?"
DOCUMENT = "harbor-annual-report.pdf"

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(serving, tmp_path_factory):
    """The real app with an empty library."""
    library = tmp_path_factory.mktemp("app") / "library"
    with serving("app.py", "--library", str(library), "--port") as opened:
        yield opened


def words(text: str) -> str:
    return "".join(text.split())


def test_upload_ask_and_check_the_citation_on_the_page(watched):
    page = watched(viewport={"width": 1280, "height": 800})
    page.set_input_files("#drop input[type=file]", SAMPLES / DOCUMENT)
    expect(page.locator(".document .name")).to_have_text(DOCUMENT, timeout=180_000)
    expect(page.locator(".document .facts")).to_contain_text("22 pages")

    page.fill("#question textarea", QUESTION)
    page.press("#question textarea", "Enter")
    expect(page.locator(".answer.writing, .answer .cite").first).to_be_visible(timeout=60_000)
    cite = page.locator(".answer .cite").first
    expect(cite).to_be_visible(timeout=60_000)
    expect(page.locator(".foot .seconds")).to_contain_text("total")

    card = page.locator(f"#{cite.get_attribute('data-card')}")
    card.evaluate("card => { card.open = false }")
    cite.click()
    expect(card).to_have_attribute("open", "")
    expect(card).to_be_in_viewport()
    expect(card.locator(".ranks")).to_have_text(re.compile(r"rank (\d+|–) → \d+"))
    expect(card.locator(".verdict")).to_have_text(re.compile("quoted word for word|carried by the quote"))
    quote = card.locator("mark").first.inner_text()
    assert len(quote.split()) >= 3

    image = card.locator("figure img").first
    expect(image).not_to_have_js_property(
        "naturalWidth", 0, timeout=20_000
    )  # before its source is set it is "complete"
    assert words(boxed(SAMPLES / DOCUMENT, image.get_attribute("data-url"))) == words(quote)


def boxed(path: Path, url: str) -> str:
    """What PDFium reads in the boxes of the page image's address, a hair smaller than drawn."""
    address = urlsplit(url)
    number = int(re.search(r"/(\d+)\.png", address.path).group(1))
    asked = parse_qs(address.query)
    view = PageView()
    boxes = view.boxes(path, number, int(asked["start"][0]), int(asked["end"][0]))
    view.close()
    document = pypdfium2.PdfDocument(path)
    sheet = document[number - 1]
    text = sheet.get_textpage()
    found = [text.get_text_bounded(x0 + 0.3, y0 + 0.3, x1 - 0.3, y1 - 0.3) for x0, y0, x1, y1 in boxes]
    text.close()
    sheet.close()
    document.close()
    assert found
    return " ".join(found)


def test_what_the_documents_do_not_say_is_not_answered(watched):
    page = watched(viewport={"width": 1280, "height": 800})
    expect(page.locator(".document").first).to_be_visible(timeout=60_000)
    page.fill("#question textarea", "Which spice goes into a traditional saffron risotto?")
    page.click("#ask")
    expect(page.locator(".answer.abstained")).to_be_visible(timeout=60_000)
    expect(page.locator("#sources .note")).to_contain_text("nearest passages")
    expect(page.locator("#sources details.card")).not_to_have_count(0)
    expect(page.locator("#live .nearest li")).to_have_count(3)


def test_thanks_are_answered_in_one_sentence_without_a_search(watched):
    page = watched(viewport={"width": 1280, "height": 800})
    expect(page.locator(".document").first).to_be_visible(timeout=60_000)
    page.fill("#question textarea", "Thanks!")
    page.press("#question textarea", "Enter")
    expect(page.locator("#live .answer")).to_have_text(REPLY, timeout=60_000)
    expect(page.locator("#live .reply button, #live .nearest")).to_have_count(0)
    expect(page.locator("#sources details.card")).to_have_count(0)


def test_bad_file_gives_its_reason_and_the_list_stays(watched, tmp_path):
    bad = tmp_path / "<img src=x onerror=alert(1)>.pdf"
    bad.write_bytes(b"<html>no pdf</html>")
    page = watched(viewport={"width": 1280, "height": 800})
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    expect(page.locator(".document").first).to_be_visible(timeout=60_000)
    page.set_input_files("#drop input[type=file]", bad)
    failed = page.locator(".upload.failed")
    expect(page.locator("#banner")).to_have_text("1 file could not be added; see Documents.", timeout=30_000)
    expect(page.locator("#banner .banner")).to_be_hidden()  # the documents are in sight
    expect(failed.locator(".reason")).to_contain_text("PDF", timeout=30_000)
    assert failed.locator("img").count() == 0
    failed.get_by_label("Dismiss").click()
    expect(failed).to_have_count(0)
    expect(page.locator(".document .name")).to_have_text(DOCUMENT)
    assert dialogs == []


def test_phone_has_the_conversation_first_and_leads_to_the_rest(watched):
    page = watched(viewport={"width": 390, "height": 844}, has_touch=True)
    expect(page.locator(".document").first).to_be_attached(timeout=60_000)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    tops = [page.locator(f"#{name}-column").bounding_box()["y"] for name in ("conversation", "sources", "left")]
    assert tops[0] < tops[1] < tops[2]
    expect(page.locator("#ask")).to_be_in_viewport(ratio=1)
    page.mouse.move(195, 300)
    page.mouse.wheel(0, 2000)
    expect(page.locator(".document").first).to_be_in_viewport()
    expect(page.get_by_role("button", name="Conversation")).to_be_in_viewport(ratio=1)
    page.get_by_role("button", name="Conversation").tap()
    expect(page.locator("#ask")).to_be_in_viewport(ratio=1)
    page.get_by_role("button", name="Documents").tap()
    expect(page.locator(".document").first).to_be_in_viewport()


def test_keyboard_alone_asks_opens_a_source_and_deletes(watched):
    page = watched(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    expect(page.locator(".document").first).to_be_visible(timeout=60_000)
    page.locator("#question textarea").focus()
    page.keyboard.type(QUESTION)
    page.keyboard.press("Enter")
    expect(page.locator(".answer .cite").first).to_be_visible(timeout=60_000)
    cite = page.locator(".answer .cite").first
    cite.focus()
    page.keyboard.press("Enter")
    expect(page.locator(f"#{cite.get_attribute('data-card')} > summary")).to_be_focused()

    page.locator("[data-delete]").first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text(DOCUMENT)
    page.keyboard.press("Escape")
    expect(page.locator(".document")).to_have_count(1)
    page.locator("[data-delete]").first.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".document")).to_have_count(0, timeout=20_000)
