"""What a person does on the page, as the browser tests do it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Page, expect
from reportlab.pdfgen.canvas import Canvas

from rag_chat.render import visible

SHORT, LONG = 15_000, 60_000  # milliseconds


def pdf_of(path: Path, pages: Sequence[Sequence[str]], title: str = "", outline: str = "") -> Path:
    """A PDF with these lines on each page."""
    sheet = Canvas(str(path), invariant=1)
    sheet.setTitle(title)
    for number, lines in enumerate(pages):
        if outline:
            sheet.bookmarkPage(str(number))
            sheet.addOutlineEntry(outline, str(number))
        for i, line in enumerate(lines):
            sheet.drawString(60, 780 - 22 * i, line)
        sheet.showPage()
    sheet.save()
    return path


def add(page: Page, *files: Path) -> None:
    """Adds the files unless the library holds as many already."""
    expect(page.locator("#documents .empty, .document").first).to_be_visible(timeout=LONG)
    if page.locator(".document").count() < len(files):
        page.set_input_files("#drop input[type=file]", list(files))
    expect(page.locator(".document")).to_have_count(len(files), timeout=LONG)


def has(page: Page, file: Path) -> None:
    """Adds the file unless the library has it, whatever else is in it."""
    expect(page.locator("#documents .empty, .document").first).to_be_visible(timeout=LONG)
    named = page.locator(".document .name", has_text=file.name)
    if named.count() == 0:
        page.set_input_files("#drop input[type=file]", file)
    expect(named).to_be_visible(timeout=LONG)


def write(page: Page, question: str) -> None:
    page.fill("#question textarea", question)
    page.press("#question textarea", "Enter")


def ask(page: Page, question: str) -> None:
    """Asks and waits until the answer is there with its sources."""
    write(page, question)
    expect(page.locator("#live .question")).to_have_text(visible(question), timeout=LONG)
    expect(page.locator("#live .exchange")).to_have_attribute("data-state", "answered", timeout=LONG)
    turn = page.locator("#live .exchange").get_attribute("data-turn")
    expect(page.locator(f"#sources section[data-turn='{turn}'] .card").first).to_be_attached(timeout=SHORT)


def hurry(page: Page, *selectors: str) -> None:
    """Clicks these one after the other while the server has not answered the first click."""
    page.evaluate(
        """async (selectors) => {
          const pause = (ms) => new Promise((then) => setTimeout(then, ms));
          const { fetch } = window;
          window.fetch = async (...request) => (await pause(300), fetch(...request));
          for (const selector of selectors) {
            document.querySelector(selector).click();
            await pause(100);
          }
          window.fetch = fetch;
        }""",
        list(selectors),
    )


def conversation(page: Page) -> str:
    return page.locator(".talk").get_attribute("data-conversation") or ""
