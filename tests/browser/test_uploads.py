"""What the row of an uploaded file asks of a person: a password, or which of two versions stays."""

from __future__ import annotations

import pytest
from browsing import LONG, SHORT, pdf_of
from pdfs import write_pdf
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("library")


@pytest.fixture(scope="module")
def address(scripted, folder):
    """A library of these tests alone: they count its documents."""
    with scripted(folder) as opened:
        yield opened


@pytest.fixture
def page(watched):
    opened = watched()
    expect(opened.locator("#documents .empty, .document").first).to_be_visible(timeout=LONG)
    return opened


def give(page, *files):
    page.set_input_files("#drop input[type=file]", list(files))


def test_encrypted_file_asks_for_its_password_until_it_is_the_right_one(page, folder, tmp_path):
    addresses = []
    page.on("request", lambda request: addresses.append(request.url))
    locked = write_pdf(tmp_path / "locked.pdf", [["Under seal."]], password="seal-of-1204")
    give(page, tmp_path / "locked.pdf")
    row = page.locator(".upload", has_text="locked.pdf")
    field = page.get_by_label("Password of locked.pdf")
    expect(row).to_contain_text("needs a password; type it here.", timeout=LONG)
    field.press_sequentially("not-it")
    give(page, pdf_of(tmp_path / "other.pdf", [["Nothing."]]), write_pdf(tmp_path / "m.pdf", [["M"]], password="m"))
    expect(page.locator(".document", has_text="other.pdf")).to_be_visible(timeout=LONG)
    expect(page.locator(".upload form")).to_have_count(2, timeout=LONG)  # rows came and went beside it
    expect(field).to_be_focused()
    expect(field).to_have_value("not-it")
    expect(page.get_by_label("Password of m.pdf")).to_have_value("")
    field.press("Enter")
    expect(row).to_contain_text("the password given does not open it", timeout=SHORT)
    expect(field).to_be_focused()  # in its new row, as it was before
    expect(field).to_have_value("")
    field.fill("seal-of-1204")
    row.get_by_role("button", name="Open").click()
    expect(page.locator(".document", has_text="locked.pdf")).to_be_visible(timeout=LONG)
    expect(page.get_by_label("Password of m.pdf")).to_have_value("")
    page.get_by_label("Dismiss m.pdf").click()
    expect(page.locator(".upload")).to_have_count(0, timeout=SHORT)
    assert not [address for address in addresses if "seal" in address or "not-it" in address]
    kept = page.evaluate("() => JSON.stringify([localStorage, sessionStorage, location.href, document.cookie])")
    assert "seal" not in kept
    written = [path for path in folder.rglob("*") if path.is_file() and b"seal-of-1204" in path.read_bytes()]
    assert written == [] and b"seal-of-1204" not in locked.read_bytes()


def test_new_version_takes_the_older_ones_place_with_one_click(page, tmp_path):
    for version in ("old", "new"):
        (tmp_path / version).mkdir()
        give(page, pdf_of(tmp_path / version / "plan.pdf", [[f"The {version} plan."]]))
        expect(page.locator(".document", has_text="plan.pdf").first).to_be_visible(timeout=LONG)
    expect(page.locator(".document", has_text="plan.pdf")).to_have_count(2, timeout=LONG)
    new = page.locator(".document", has_text="plan.pdf").last.locator("input").get_attribute("data-doc")
    page.get_by_role("button", name="Replace the older plan.pdf").click()
    expect(page.locator(".document", has_text="plan.pdf")).to_have_count(1, timeout=SHORT)
    expect(page.locator(f"input[data-doc='{new}']")).to_be_visible()
    expect(page.locator(".upload")).to_have_count(0)
