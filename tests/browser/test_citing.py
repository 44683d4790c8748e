"""From a sentence to its spot: the card, the boxed page, zoom, turning pages, the PDF, and deleted documents."""

from __future__ import annotations

import re

import pytest
from browsing import LONG, SHORT, add, ask, pdf_of, write
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(scripted):
    """A library of its own: documents are deleted here."""
    with scripted() as opened:
        yield opened


@pytest.fixture
def page(watched, tmp_path):
    opened = watched()
    lines = [f"zebra{i} grazes in field number {i}." for i in range(8)]
    add(opened, pdf_of(tmp_path / "zebra.pdf", [lines, lines[::-1]]))
    return opened


def naturally(page, card):
    return page.locator(f"{card} figure img").first.evaluate("image => image.complete && image.naturalWidth")


def test_pointing_at_a_marker_shows_document_page_quote_and_verdict(page):
    ask(page, "about zebra1")
    cite = page.locator("#live .cite").first
    cite.hover()
    card = page.get_by_role("tooltip")
    expect(card).to_have_text("zebra.pdf, page 1“zebra1 grazes in field number 1.”quoted word for word")
    assert cite.get_attribute("aria-describedby") == card.get_attribute("id")
    page.mouse.move(5, 5)
    expect(card).to_have_count(0)
    cite.focus()
    expect(card).to_be_visible()
    page.keyboard.press("Escape")
    expect(card).to_have_count(0)


def test_marker_pressed_before_the_sources_are_there_opens_its_card_once_they_are(page):
    page.evaluate(
        """() => {
            const { fetch } = window;
            const later = () => new Promise((then) => setTimeout(then, 900));
            window.fetch = async (url, ...more) => {
                if (String(url).includes("/sources")) await later();
                return fetch(url, ...more);
            };
        }"""
    )
    write(page, "about zebra1")
    cite = page.locator("#live .cite").nth(1)
    expect(cite).to_be_visible(timeout=LONG)
    cite.focus()
    page.keyboard.press("Enter")
    page.wait_for_timeout(1500)  # all that was asked for has come
    expect(page.locator("#source-1-2 > summary")).to_be_focused()
    expect(page.locator("#source-1-2")).to_have_attribute("open", "")


def test_the_card_goes_with_its_marker_when_that_is_scrolled_out_of_sight(page):
    page.set_viewport_size({"width": 1280, "height": 420})
    for number in range(4):
        ask(page, f"about zebra{number}")
    cite = page.locator("#live .cite").first
    cite.focus()
    card = page.get_by_role("tooltip")
    expect(card).to_be_visible()
    page.locator("#thread").evaluate("it => { it.scrollTop = 0 }")
    expect(card).to_have_count(0, timeout=SHORT)


def test_marker_opens_the_boxed_page_within_the_time_of_a_blink(page):
    ask(page, "about zebra2")
    ask(page, "about zebra3")
    expect(page.locator("#source-2-1")).to_be_visible()
    cite = page.locator("#past .cite").first
    took = cite.evaluate(
        """async (cite) => {
            const start = performance.now();
            cite.click();
            for (;;) {
                const image = document.querySelector("#source-1-1 figure img");
                if (image?.complete && image.naturalWidth) return performance.now() - start;
                await new Promise(requestAnimationFrame);
            }
        }"""
    )
    assert took < 3000  # a loaded machine; `python -m benchmarks.page` measures on a quiet one
    expect(page.locator("#source-1-1 mark")).to_have_text("zebra2 grazes in field number 2.")
    expect(page.locator("#source-1-1")).to_be_in_viewport()
    expect(page.locator("#source-1-1 > summary")).to_be_focused()
    expect(page.locator("#source-2-1")).to_have_count(0)
    assert naturally(page, "#source-1-1") == 900


def test_quote_is_in_sight_and_the_sheet_can_be_zoomed(page):
    ask(page, "about zebra7")
    page.locator("#live .cite").first.click()
    figure = page.locator("#source-1-1 figure")
    expect(figure.locator("img")).to_have_js_property("naturalWidth", 900, timeout=SHORT)
    widths = []
    for button in ("Larger", "Larger", "Smaller"):
        widths.append(figure.locator(".canvas").evaluate("it => it.offsetWidth"))
        figure.get_by_role("button", name=button).click()
    assert widths[0] < widths[1] < widths[2]
    assert page.locator("#sources-column").evaluate("it => it.scrollWidth <= it.clientWidth + 1")


def test_no_print_of_the_page_is_cut_and_its_empty_margins_are(watched, scripted, tmp_path):
    line = "oryx1 walks along the whole width of the page, from its left margin to its right one at last"
    with scripted(tmp_path / "library") as address:
        page = watched(address)
        add(page, pdf_of(tmp_path / "wide.pdf", [[line]]))
        ask(page, "about oryx1")
        page.locator("#live .cite").first.click()
        figure = page.locator("#source-1-1 figure")
        expect(figure.locator("img")).to_have_js_property("naturalWidth", 900, timeout=SHORT)
        page.wait_for_function("it => it.factor > 1", arg=figure.element_handle())
        left, right, first, last = figure.evaluate(
            """figure => {
                const sheet = figure.querySelector(".sheet");
                const ink = figure.ink.map((share) => share * sheet.firstElementChild.offsetWidth);
                return [sheet.scrollLeft, sheet.scrollLeft + sheet.clientWidth, ...ink];
            }"""
        )
        assert left <= first and last <= right


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (375, 812), (320, 640)])
def test_opened_page_is_under_the_head_of_its_card_and_the_marker_beside_its_word(page, width, height):
    page.set_viewport_size({"width": width, "height": height})
    ask(page, "about zebra7")
    cite = page.locator("#live .cite").first
    cite.click()
    figure = page.locator("#source-1-1 figure")
    expect(figure.locator("img")).to_have_js_property("naturalWidth", 900, timeout=SHORT)
    page.wait_for_function(
        """figure => {
            const top = figure.querySelector(".tools").getBoundingClientRect().top;
            const box = figure.querySelector(".sheet").getBoundingClientRect();
            const shown = figure.boxes.flat()[0][1] * figure.querySelector(".canvas").offsetHeight;
            const quote = box.top + shown - figure.querySelector(".sheet").scrollTop;
            const head = figure.closest(".card").querySelector("summary").getBoundingClientRect();
            return top >= head.bottom - 1 && quote > head.bottom && quote < innerHeight;
        }""",
        arg=figure.element_handle(),
        timeout=SHORT,
    )
    lines = "it => new Set([...it.getClientRects()].map((line) => Math.round(line.bottom))).size"
    for size in range(width, width - 160, -8):  # wherever the lines of the answer break
        page.set_viewport_size({"width": size, "height": height})
        assert {kept.evaluate(lines) for kept in page.locator("#live .last-word").all()} == {1}


def test_long_name_is_shortened_in_the_middle_on_the_card(watched, scripted, tmp_path):
    name = f"Minutes of the {'very ' * 20}long meeting in October.pdf"
    with scripted(tmp_path / "library") as address:
        page = watched(address)
        add(page, pdf_of(tmp_path / name, [["oryx1 was spoken of."]]))
        ask(page, "about oryx1")
        cite = page.locator("#live .cite").first
        cite.hover()
        place = page.get_by_role("tooltip").locator(".place")
        expect(place).to_have_text(re.compile(r"^Minutes of the .*….*in October\.pdf, page 1$"))
        assert place.evaluate("it => it.offsetHeight / parseFloat(getComputedStyle(it).lineHeight)") < 2.5
        assert name in cite.get_attribute("aria-label")
        expect(page.locator("#source-1-1 .source-name")).to_have_attribute("title", name)


def test_pages_are_turned_to_the_ends_and_the_pdf_is_opened_at_the_page(page):
    ask(page, "about zebra1")
    page.locator("#live .cite").first.click()
    figure = page.locator("#source-1-1 figure")
    expect(figure.locator("img")).to_have_attribute("data-url", re.compile("start="))
    boxed = figure.locator("img").get_attribute("data-url")
    figure.get_by_role("button", name="Previous page").click()  # there is none
    expect(figure.locator(".at")).to_have_text("page 1")
    figure.get_by_role("button", name="Next page").click()
    expect(figure.locator(".at")).to_have_text("page 2 of 2 in the file")
    expect(figure.locator("img")).to_have_attribute("data-url", re.compile(r"/2\.png$"))
    link = figure.get_by_role("link")
    assert link.get_attribute("href").endswith(".pdf#page=2")
    answer = page.request.get(page.url.split("/?")[0] + link.get_attribute("href").split("#")[0])
    assert answer.headers["content-type"] == "application/pdf" and answer.body().startswith(b"%PDF")
    page.locator("#live .cite").first.click()  # back to what it cites
    expect(figure.locator("img")).to_have_attribute("data-url", boxed)
    expect(figure.locator(".at")).to_have_text("page 1")
    figure.get_by_role("button", name="Next page").click()
    figure.get_by_role("button", name="Previous page").click()
    expect(figure.locator("img")).to_have_attribute("data-url", boxed)


def test_enlarged_page_has_its_own_pages_and_closes_with_escape(page):
    ask(page, "about zebra1")
    page.click("#source-1-1 .zoom")
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("img")).to_have_js_property("naturalWidth", 1600, timeout=SHORT)
    dialog.get_by_role("button", name="Next page").click()
    expect(dialog.locator(".at")).to_have_text("page 2 of 2 in the file")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_two_quotes_on_a_page_are_told_apart(page):
    ask(page, "about zebra1")
    first = page.locator("#source-1-1 figure")
    expect(first.locator("img")).to_have_js_property("naturalWidth", 900, timeout=SHORT)
    expect(first.locator(".ring")).to_have_count(0)  # one quote needs no frame
    figure = page.locator("#source-1-1 figure")
    figure.evaluate(
        """figure => {
            const boxed = JSON.parse(figure.dataset.boxed);
            boxed[1].url += "&start=0&end=6";
            boxed[1].citations.push(9);
            figure.dataset.boxed = JSON.stringify(boxed);
            figure.closest(".card").dataset.chosen = "9";
            figure.closest(".card").open = false;
        }"""
    )
    page.locator("#source-1-1 > summary").click()
    expect(figure.locator(".ring")).to_have_count(1, timeout=SHORT)


def test_quote_of_a_deleted_document_stays_and_its_page_is_said_to_be_gone(page):
    ask(page, "about zebra1")
    page.locator("#documents [data-delete]").click()
    expect(page.get_by_role("dialog")).to_contain_text("Quotes in your conversations stay.")
    page.get_by_role("button", name="Delete", exact=True).last.click()
    expect(page.locator(".document")).to_have_count(0, timeout=SHORT)
    page.locator("#live .cite").first.click()
    expect(page.locator("#source-1-1 .gone")).to_contain_text("has been deleted", timeout=SHORT)
    expect(page.locator("#source-1-1 mark")).to_have_text("zebra1 grazes in field number 1.")
    expect(page.locator("#source-1-1 figure")).to_have_count(0)
    page.reload()
    expect(page.locator("#source-1-1 mark")).to_have_text("zebra1 grazes in field number 1.", timeout=LONG)
