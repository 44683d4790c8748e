"""Boxes on pages that are turned or cropped, and quotes that go on overleaf: the quoted line is printed in red, so that
the picture itself tells whether the boxes are on it, and on it alone."""

from __future__ import annotations

import re

import pytest
from browsing import SHORT, ask, has, pdf_of
from playwright.sync_api import expect
from reportlab.pdfgen.canvas import Canvas

pytestmark = pytest.mark.browser
ON_THE_WORDS = """(figure) => {
    const image = figure.querySelector("img");
    const canvas = Object.assign(document.createElement("canvas"), {
        width: image.naturalWidth, height: image.naturalHeight,
    });
    const brush = canvas.getContext("2d");
    brush.drawImage(image, 0, 0);
    const { data, width, height } = brush.getImageData(0, 0, canvas.width, canvas.height);
    const boxes = figure.boxes.flat();
    const seen = { redInside: 0, redOutside: 0, blackInside: 0, markedOutside: 0, marked: 0 };
    for (let place = 0; place < width * height; place += 1) {
        const [red, green, blue] = [data[4 * place], data[4 * place + 1], data[4 * place + 2]];
        const [x, y] = [((place % width) + 0.5) / width, (Math.floor(place / width) + 0.5) / height];
        const inside = boxes.some(([left, top, right, bottom]) => x > left && x < right && y > top && y < bottom);
        if (red > 170 && green < 70 && blue < 70) seen[inside ? "redInside" : "redOutside"] += 1;
        if (red < 60 && green < 60 && blue < 60 && inside) seen.blackInside += 1;
        if (red > 220 && green > 180 && blue < 190) seen[inside ? "marked" : "markedOutside"] += 1;
    }
    return seen;
}"""


@pytest.fixture(scope="module")
def own(scripted):
    """A library of its own: other tests count the documents of the common one."""
    with scripted() as opened:
        yield opened


def printed(path, pages):
    """A page for each (rotation, crop, lines); a line that begins with a mark is printed in red."""
    sheet = Canvas(str(path), pagesize=(595, 842), invariant=1)
    for rotation, crop, lines in pages:
        sheet.setPageRotation(rotation)
        if crop:
            sheet.setCropBox(crop)
        sheet.setFont("Helvetica-Bold", 14)
        for i, line in enumerate(lines):
            sheet.setFillColorRGB(1 if line.startswith("red") else 0, 0, 0)
            sheet.drawString(150, 520 - 24 * i, line)  # within the page turned or not
        sheet.showPage()
    sheet.save()
    return path


def opened(page, card="#source-1-1"):
    page.locator("#live .cite").first.click()
    figure = page.locator(f"{card} figure").first
    expect(figure.locator("img")).to_have_js_property("naturalWidth", 900, timeout=SHORT)
    expect(figure).not_to_have_class("waiting", timeout=SHORT)
    page.wait_for_function("it => it.boxes?.flat().length", arg=figure.element_handle())
    return figure


def on_the_words(figure):
    seen = figure.evaluate(ON_THE_WORDS)
    assert seen["redInside"] > 200 and seen["marked"] > 500, seen
    assert seen["redOutside"] == seen["blackInside"] == 0, seen
    assert seen["markedOutside"] <= 40, seen  # the rounding of a box to whole pixels


@pytest.mark.parametrize(
    ("rotation", "crop"),
    [(0, None), (90, None), (180, None), (270, None), (0, (120, 440, 520, 560)), (90, (120, 440, 520, 560))],
)
def test_boxes_are_on_the_words_of_a_turned_or_cropped_page(watched, own, tmp_path, rotation, crop):
    word = f"falcon{rotation}{'cropped' if crop else ''}"
    lines = ["above the quoted line", f"red {word} hunts over the moor", "below the quoted line"]
    page = watched(own)
    has(page, printed(tmp_path / f"{word}.pdf", [(rotation, crop, lines)]))
    ask(page, f"red {word} hunts")
    on_the_words(opened(page))


def test_quote_that_goes_on_overleaf_shows_both_pages_with_their_boxes(watched, own, tmp_path):
    page = watched(own)
    first = ["above the quoted line", "red heron waits beside the water until"]
    second = ["red the tide has turned.", "below the quoted line"]
    has(page, printed(tmp_path / "heron.pdf", [(0, None, first), (0, None, second)]))
    ask(page, "crossing red heron waits")
    cite = page.locator("#live .cite").first
    cite.hover()
    expect(page.get_by_role("tooltip")).to_contain_text("heron waits beside the water until red the tide has turned.")
    opened(page)
    figures = page.locator("#source-1-1 figure")
    expect(figures).to_have_count(2)
    expect(figures.nth(0).locator(".at")).to_contain_text("page 1")
    expect(figures.nth(1).locator(".at")).to_contain_text("page 2")
    expect(figures.nth(1).locator("img")).to_have_js_property("naturalWidth", 900, timeout=SHORT)
    page.wait_for_function("it => it.boxes?.flat().length", arg=figures.nth(1).element_handle())
    for figure in (figures.nth(0), figures.nth(1)):
        on_the_words(figure)


def test_quote_that_cannot_be_boxed_exactly_has_no_box_and_says_so(watched, own, tmp_path):
    path = tmp_path / "overprinted.pdf"
    sheet = Canvas(str(path), pagesize=(595, 842), invariant=1)
    for height, line in ((520, "osprey dives for fish"), (440, "below the quoted line"), (524, "printed over it")):
        sheet.setFont("Helvetica-Bold", 14)
        sheet.drawString(150, height, line)
    sheet.save()
    page = watched(own)
    has(page, path)
    ask(page, "osprey dives for fish")
    page.locator("#live .cite").first.click()
    card = page.locator("#source-1-1")
    expect(card.locator("mark")).to_have_text("osprey dives for fish")
    expect(card.locator(".unplaced")).to_have_text(
        "The words cannot be boxed exactly on this page, so nothing is drawn."
    )
    figure = card.locator("figure")
    expect(figure.locator("img")).to_have_js_property("naturalWidth", 900, timeout=SHORT)
    expect(figure.locator("img")).not_to_have_attribute("alt", re.compile("boxed"))
    page.wait_for_function("it => it.boxes", arg=figure.element_handle())
    seen = figure.evaluate(ON_THE_WORDS)
    assert seen["marked"] == seen["markedOutside"] == 0, seen


def test_row_of_a_table_is_shown_under_the_names_of_its_columns(watched, own, tmp_path):
    prose = "It rained on most days of the year."
    rows = ["Fruit 2022 2023 2024", "Pears 7,120 8,804 9,310", "Quinces 640 512 701", "Medlars 88 93 120"]
    page = watched(own)
    has(page, pdf_of(tmp_path / "fruit.pdf", [[prose, *rows]]))
    ask(page, "quinces")
    expect(page.locator("#live .columns").first).to_have_text(rows[0])
    page.locator("#live .cite").first.hover()
    tooltip = page.get_by_role("tooltip")
    expect(tooltip.locator(".columns")).to_have_text(rows[0])
    expect(tooltip.locator(".quote")).to_have_text(f"“{rows[2]}”")
    card = page.locator("#source-1-1")
    expect(card.locator(".columns")).to_have_text(rows[0])
    expect(card.locator("mark")).to_have_text(rows[2])  # the quote is the row alone
    shown = card.locator("blockquote").inner_text().split("\n")
    assert [line.strip() for line in shown] == [prose, *rows]
