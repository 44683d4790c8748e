"""What people do without thinking, on any screen: keys, dropped and pasted files, small windows and large ones."""

from __future__ import annotations

import base64

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import LONG, SHORT, ask, has, pdf_of, write
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
ARABIC = "كم عدد الحمير الوحشية zebra1 في الحقل؟"
NAME = f"a very long name of a report {'that_goes_on_without_any_break' * 5}.pdf"


@pytest.fixture(scope="module")
def zebra(tmp_path_factory):
    lines = [f"zebra{i} grazes in field number {i}." for i in range(8)]
    return pdf_of(tmp_path_factory.mktemp("pdf") / "zebra.pdf", [lines])


@pytest.fixture(scope="module")
def address(scripted):
    """A library of its own: files are dropped into it."""
    with scripted() as opened:
        yield opened


def carried(page, kind, target, name, content):
    """A drop or a paste of a file, as the browser tells it."""
    data = base64.b64encode(content).decode()
    page.evaluate(
        """([kind, target, name, data]) => {
            const bytes = Uint8Array.from(atob(data), (sign) => sign.charCodeAt(0));
            const carrier = new DataTransfer();
            const type = name.endsWith("pdf") ? "application/pdf" : "text/plain";
            carrier.items.add(new File([bytes], name, { type }));
            const made = kind === "paste"
                ? new ClipboardEvent("paste", { clipboardData: carrier, bubbles: true, cancelable: true })
                : new DragEvent(kind, { dataTransfer: carrier, bubbles: true, cancelable: true });
            document.querySelector(target).dispatchEvent(made);
        }""",
        [kind, target, name, data],
    )


def test_enter_sends_shift_enter_begins_a_line_and_escape_stops(watched, zebra):
    page = watched()
    has(page, zebra)
    box = page.locator("#question textarea")
    box.focus()
    page.keyboard.type("endless zebra1")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("and zebra2")
    expect(box).to_have_value("endless zebra1\nand zebra2")
    page.keyboard.press("Enter")
    expect(page.locator(".answer.writing")).to_be_visible(timeout=LONG)
    expect(box).to_have_value("")
    page.keyboard.press("Escape")
    expect(page.locator("#live .foot")).to_contain_text("Stopped.", timeout=SHORT)


def test_letters_typed_behind_a_question_that_is_on_its_way_stay(watched, zebra):
    page = watched()
    has(page, zebra)
    page.evaluate(
        """() => {
            const { fetch } = window;
            const later = () => new Promise((then) => setTimeout(then, 500));
            window.fetch = async (...request) => (await later(), fetch(...request));
        }"""
    )
    page.fill("#question textarea", "about zebra1")
    page.keyboard.press("Enter")
    page.wait_for_timeout(50)  # as fast as people type
    page.keyboard.type("and about", delay=20)
    expect(page.locator("#live .question")).to_have_text("about zebra1", timeout=LONG)
    page.keyboard.type(" zebra2")
    expect(page.locator("#question textarea")).to_have_value("and about zebra2")


def test_files_are_taken_wherever_they_are_dropped_or_pasted(watched, zebra, tmp_path):
    page = watched()
    expect(page.locator("#documents .empty, .document").first).to_be_visible(timeout=LONG)
    dropped = pdf_of(tmp_path / "dropped.pdf", [["dropped"]])
    carried(page, "dragover", "#thread", "dropped.pdf", b"")
    expect(page.locator("html")).to_have_class("dropping")
    carried(page, "drop", "#thread", "dropped.pdf", dropped.read_bytes())
    expect(page.locator("html")).not_to_have_class("dropping")
    expect(page.locator(".document .name", has_text="dropped.pdf")).to_be_visible(timeout=LONG)
    pasted = pdf_of(tmp_path / "pasted.pdf", [["pasted"]])
    carried(page, "paste", "#question textarea", "pasted.pdf", pasted.read_bytes())
    expect(page.locator(".document .name", has_text="pasted.pdf")).to_be_visible(timeout=LONG)
    carried(page, "paste", "#question textarea", "notes.zip", b"no document")
    expect(page.locator("#said")).to_have_text("Only PDF, DOCX, HTML, Markdown and text files can be added.")


def test_axe_finds_nothing_serious(watched, zebra):
    axe = Axe()
    for scheme in ("light", "dark"):
        page = watched(color_scheme=scheme, reduced_motion="reduce")
        has(page, zebra)
        ask(page, "doubt about zebra1")
        ask(page, "and nothing")
        page.locator("#past .cite").first.click()
        expect(page.locator("#source-1-1 img")).to_have_js_property("naturalWidth", 900, timeout=SHORT)
        assert serious(axe.run(page)) == []
        page.click("#live [data-why]")
        expect(page.locator(".rag-why svg")).to_be_visible(timeout=SHORT)
        page.locator(".rag-why .ranking summary").click()
        assert serious(axe.run(page)) == []


def serious(results) -> list[str]:
    return [
        f"{fault['id']}: {node['html'][:160]} {node['failureSummary']}"
        for fault in results.response["violations"]
        if fault["impact"] in ("serious", "critical")
        for node in fault["nodes"]
    ]


def test_everything_can_be_reached_by_keys(watched, zebra):
    page = watched(reduced_motion="reduce")
    has(page, zebra)
    ask(page, "about zebra1")
    page.evaluate("document.activeElement.blur()")
    reached = set()
    for _ in range(80):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate(
                """() => {
                    const it = document.activeElement;
                    const acts = ["why", "talk", "sources", "copy", "step", "delete", "open"];
                    const looks = ["cite", "vote", "zoom", "sheet"];
                    return looks.find((name) => it.classList.contains(name)) ?? acts.find((name) => name in it.dataset);
                }"""
            )
        )
    page.fill("#question textarea", "endless zebra1")
    page.locator("#ask").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".answer.writing")).to_be_visible(timeout=LONG)
    expect(page.locator("#question textarea")).to_be_focused()  # the button has made room for Stop
    page.keyboard.press("Escape")
    assert reached >= {"cite", "vote", "zoom", "sheet", "why", "talk", "sources", "copy", "step", "delete", "open"}


@pytest.mark.parametrize(("width", "height"), [(320, 640), (390, 844), (768, 1024), (1280, 800), (3840, 2160)])
def test_nothing_runs_out_of_the_window(watched, zebra, width, height):
    page = watched(viewport={"width": width, "height": height}, reduced_motion="reduce")
    has(page, zebra)
    ask(page, f"doubt about zebra1 {'without_any_break_' * 12}")
    page.locator("#live .cite").first.click()
    sharp = 1600 if width > 2000 else 900
    expect(page.locator("#source-1-1 img")).to_have_js_property("naturalWidth", sharp, timeout=SHORT)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.click("#live [data-why]")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible(timeout=SHORT)
    box = dialog.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= width + 1


@pytest.mark.parametrize(("width", "height", "size"), [(1280, 800, 15.5), (1920, 1080, 15.5), (3840, 2160, 24.2)])
def test_text_grows_with_a_wall_of_a_screen(watched, zebra, width, height, size):
    page = watched(viewport={"width": width, "height": height})
    has(page, zebra)
    ask(page, "about zebra1")
    shown = page.locator("#live .answer").evaluate("it => parseFloat(getComputedStyle(it).fontSize)")
    assert shown == pytest.approx(size, abs=0.1)


@pytest.mark.parametrize(("width", "height"), [(320, 640), (375, 812)])
def test_phone_that_adds_documents_keeps_the_question_box_in_sight(watched, zebra, width, height):
    page = watched(viewport={"width": width, "height": height}, has_touch=True)
    expect(page.locator("#documents .empty, .document").first).to_be_attached(timeout=LONG)
    page.evaluate(
        """document.querySelector("#banner").insertAdjacentHTML(
            "beforeend", "<p class='banner adding'>Adding a document with a long name: reading pages, 12 of 160</p>")"""
    )  # the real one is gone too soon to be looked at
    expect(page.locator(".banner.adding")).to_be_in_viewport(ratio=1)
    expect(page.locator("#ask")).to_be_in_viewport(ratio=1)


def test_long_names_and_right_to_left_text_keep_their_place(watched, tmp_path):
    page = watched()
    expect(page.locator("#documents .empty, .document").first).to_be_visible(timeout=LONG)
    has(page, pdf_of(tmp_path / NAME, [["long1 name"]]))
    column = page.locator("#left-column").bounding_box()
    name = page.locator(".document .name", has_text="a very long name").bounding_box()
    assert name["x"] + name["width"] <= column["x"] + column["width"]
    ask(page, ARABIC)
    question = page.locator("#live .question")
    assert question.evaluate("it => getComputedStyle(it).direction") == "rtl"
    assert page.locator("#live .answer").evaluate("it => getComputedStyle(it).direction") == "ltr"


def test_reduced_motion_stands_still(watched, zebra):
    page = watched(reduced_motion="reduce")
    has(page, zebra)
    write(page, "endless zebra1")
    writing = page.locator(".answer.writing")
    expect(writing).to_be_visible(timeout=LONG)
    assert writing.evaluate("it => getComputedStyle(it, '::after').animationName") == "none"
    page.keyboard.press("Escape")
    expect(page.locator("#live .foot")).to_contain_text("Stopped.", timeout=SHORT)
