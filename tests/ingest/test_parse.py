"""What is read of a PDF: text by character index, labels, outline, title."""

from collections.abc import Iterator

import pypdfium2 as pdfium
import pytest
from pdfs import prose, raw_pdf, with_bombs, write_pdf
from pypdf import PdfReader, PdfWriter
from reportlab.pdfgen.canvas import Canvas

from ingest import forms, structure
from ingest import parse as parsing
from ingest.parse import parse
from ingest.parsed import Limits
from rag_chat.errors import DocumentError
from rag_chat.highlight import PageView
from rag_chat.sandbox import Sandbox
from rag_chat.sentences import readable

LIMITS = Limits(max_file_mb=10, max_pages=100)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(seconds=30, memory_mb=1024) as box:
        yield box


def test_text_has_one_character_for_each_of_pdfiums(tmp_path, sandbox):
    path = write_pdf(tmp_path / "a.pdf", [prose(6), ["Grüße – “quoted” 3 ½"]])
    parsed = parse(path, LIMITS, sandbox)
    document = pdfium.PdfDocument(path)
    for page in parsed.pages:
        glyphs = document[page.number - 1].get_textpage()
        assert len(page.text) == glyphs.count_chars()
        at = page.text.index("quoted" if page.number == 2 else "wheat")
        assert glyphs.get_text_range(at, 5) == page.text[at : at + 5]
        assert "\r" not in page.text
    assert "“quoted”" in parsed.pages[1].text


def test_labels_are_those_printed(tmp_path, sandbox):
    writer = PdfWriter(clone_from=PdfReader(write_pdf(tmp_path / "a.pdf", [["one"], ["two"], ["three"]])))
    writer.set_page_label(0, 1, style="/r")
    writer.set_page_label(2, 2, style="/D", prefix="A-")
    writer.write(tmp_path / "labelled.pdf")
    assert [p.label for p in parse(tmp_path / "labelled.pdf", LIMITS, sandbox).pages] == ["i", "ii", "A-1"]


def test_page_numbers_stand_in_for_labels_that_are_not_there(tmp_path, sandbox):
    assert [p.label for p in parse(write_pdf(tmp_path / "a.pdf", [["one"], ["two"]]), LIMITS, sandbox).pages] == [
        "1",
        "2",
    ]


def test_outline_entries_stand_where_their_words_are(tmp_path, sandbox):
    pages = [["Opening", *prose(3), "II. SECOND PART", *prose(2)]]
    outline = [(1, 0, "Opening"), (1, 1, "II Second Part"), (1, 1, "Not On The Page")]
    parsed = parse(write_pdf(tmp_path / "a.pdf", pages, outline=outline, title=" A  title "), LIMITS, sandbox)
    places = {entry.path: entry.start for entry in parsed.outline}
    text = parsed.pages[0].text
    assert parsed.title == "A title"
    assert places == {
        ("Opening",): 0,
        ("Opening", "II Second Part"): text.index("II. SECOND PART"),
        ("Opening", "Not On The Page"): 0,
    }


def test_progress_counts_pages(tmp_path, sandbox):
    heard = []
    parse(write_pdf(tmp_path / "a.pdf", [["x"]] * 3), LIMITS, sandbox, progress=lambda *at: heard.append(at))
    assert heard == [(1, 3), (2, 3), (3, 3)]


def test_header_behind_other_bytes_is_read(tmp_path, sandbox):
    whole = write_pdf(tmp_path / "a.pdf", [["harbor"]]).read_bytes()
    (tmp_path / "junk.pdf").write_bytes(b"x" * 900 + whole)
    assert "harbor" in parse(tmp_path / "junk.pdf", LIMITS, sandbox).pages[0].text


def test_broken_cross_references_are_repaired(tmp_path, sandbox):
    whole = write_pdf(tmp_path / "a.pdf", [["harbor"]]).read_bytes()
    at = whole.rindex(b"startxref")
    (tmp_path / "broken.pdf").write_bytes(whole[:at] + b"startxref\n7\n%%EOF")
    assert "harbor" in parse(tmp_path / "broken.pdf", LIMITS, sandbox).pages[0].text


def mapped(path, content, cmap):
    """A page whose font says by `cmap` what its letters mean."""
    cmap = b"/CIDInit /ProcSet findresource begin begincmap " + cmap + b" endcmap end"
    return raw_pdf(
        path,
        {
            1: b"<</Type/Catalog/Pages 2 0 R>>",
            2: b"<</Type/Pages/Kids[4 0 R]/Count 1>>",
            3: b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 6 0 R>>",
            4: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Resources<</Font<</F1 3 0 R>>>>/Contents 5 0 R>>",
            5: b"<</Length %d>>stream\n%s\nendstream" % (len(content), content),
            6: b"<</Length %d>>stream\n%s\nendstream" % (len(cmap), cmap),
        },
    )


def test_control_characters_and_noncharacters_never_reach_the_text(tmp_path, sandbox):
    cmap = (
        b"1 begincodespacerange <00> <ff> endcodespacerange 3 beginbfchar <41> <0000> <42> <FFFF> <43> <D800> endbfchar"
    )
    content = b"BT /F1 12 Tf 72 700 Td (ABCDxyz) Tj ET"
    path = mapped(tmp_path / "odd.pdf", content, cmap)
    text = parse(path, LIMITS, sandbox).pages[0].text
    text.encode("utf-8")
    assert not {"\x00", "\uffff", "\ufffe", "\ud800"} & set(text)
    assert "xyz" in text


def test_signs_that_only_machines_read_are_kept_and_told(tmp_path, sandbox):
    cmap = b"1 begincodespacerange <00> <ff> endcodespacerange 1 beginbfchar <41> <DB40DC41> endbfchar"
    content = b"BT /F1 12 Tf 72 700 Td (harborAAAA) Tj ET"
    path = mapped(tmp_path / "tags.pdf", content, cmap)
    (page,) = parse(path, LIMITS, sandbox).pages
    assert (page.text.count("\U000e0041"), page.hidden, readable(page.text)) == (4, True, "harbor")


def test_the_second_reader_too_gives_no_page_without_end(tmp_path, monkeypatch):
    path = write_pdf(tmp_path / "a.pdf", [["harbor"]])
    assert structure.fallback_text(path, None, 0).strip() == "harbor"
    monkeypatch.setattr(structure, "PAGE_CHARACTERS", 3)
    assert structure.fallback_text(path, None, 0) == ""


def test_page_that_breaks_the_reader_does_not_fail_the_book(tmp_path, sandbox, monkeypatch):
    monkeypatch.setattr(parsing, "PAGE_SECONDS", 2.0)
    pages = parse(with_bombs(tmp_path / "a.pdf", ".B.B"), LIMITS, sandbox).pages
    assert [(page.text, page.state) for page in pages] == [("harbor", "text"), ("", "failed")] * 2


@pytest.mark.parametrize("pages", ["B", ".BBBB."])
def test_book_of_such_pages_is_refused_with_its_reason(tmp_path, sandbox, monkeypatch, pages):
    monkeypatch.setattr(parsing, "PAGE_SECONDS", 2.0)
    with pytest.raises(DocumentError, match=r"longer than 2 s|more than 1024 MB") as caught:
        parse(with_bombs(tmp_path / "a.pdf", pages), LIMITS, sandbox)
    assert caught.value.code in ("E_TIMEOUT", "E_MEMORY")


def with_forms(path, content, made):
    """A page, and forms 6, 7, ...: each what it draws, and which one it calls /X."""
    resources = b"/Resources<</Font<</F1 3 0 R>>/XObject<</X %d 0 R>>>>"
    objects = {
        1: b"<</Type/Catalog/Pages 2 0 R>>",
        2: b"<</Type/Pages/Kids[4 0 R]/Count 1>>",
        3: b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        4: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 5 0 R" + resources % 6 + b">>",
        5: b"<</Length %d>>stream\n%s\nendstream" % (len(content), content),
    }
    for number, (drawn, following) in enumerate(made, start=6):
        head = b"<</Type/XObject/Subtype/Form/BBox[0 0 612 792]/Length %d" % len(drawn)
        objects[number] = head + resources % following + b">>stream\n%s\nendstream" % drawn
    return raw_pdf(path, objects)


TWICE, LINE = b"/X Do /X Do", b"BT /F1 12 Tf 72 700 Td (harbor) Tj ET "
FORMS = {
    "cycle of two": [(TWICE, 7), (TWICE, 6)],
    "each twice": [(TWICE, n) for n in range(7, 37)] + [(b"q Q", 3)],
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", FORMS)
def test_forms_without_end_are_no_text_and_the_page_s_own_text_is_read(tmp_path, sandbox, monkeypatch, kind):
    monkeypatch.setattr(parsing, "PAGE_SECONDS", 3.0)
    with pytest.raises(DocumentError, match="repeats itself without end") as caught:
        parse(with_forms(tmp_path / "a.pdf", b"/X Do", FORMS[kind]), LIMITS, sandbox)
    assert caught.value.code == "E_NO_TEXT"
    (page,) = parse(with_forms(tmp_path / "b.pdf", LINE + b"/X Do", FORMS[kind]), LIMITS, sandbox).pages
    assert (page.text.strip(), page.state) == ("harbor", "text")


def test_forms_that_end_are_read_as_ever(tmp_path, sandbox):
    path = with_forms(tmp_path / "a.pdf", b"/X Do", [(TWICE, 7), (LINE, 3)])
    assert "harbor" in parse(path, LIMITS, sandbox).pages[0].text
    assert not forms.never_end(path, None, 0)


def test_pages_say_where_their_text_comes_from(tmp_path, sandbox):
    pages = parse(write_pdf(tmp_path / "a.pdf", [["harbor"], []]), LIMITS, sandbox).pages
    assert [page.state for page in pages] == ["text", "empty"]


def test_signs_without_meaning_keep_their_place_and_a_page_of_them_has_no_text(tmp_path, sandbox):
    def page(letters):
        cmap = b"/CIDInit /ProcSet findresource begin begincmap 1 begincodespacerange <00> <ff> endcodespacerange"
        cmap += b" 1 beginbfchar <41> <0004> endbfchar endcmap end"
        content = b"BT /F1 12 Tf 72 700 Td (%s) Tj ET" % letters
        return raw_pdf(
            tmp_path / "odd.pdf",
            {
                1: b"<</Type/Catalog/Pages 2 0 R>>",
                2: b"<</Type/Pages/Kids[4 0 R]/Count 1>>",
                3: b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 6 0 R>>",
                4: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Resources<</Font<</F1 3 0 R>>>>/Contents 5 0 R>>",
                5: b"<</Length %d>>stream\n%s\nendstream" % (len(content), content),
                6: b"<</Length %d>>stream\n%s\nendstream" % (len(cmap), cmap),
            },
        )

    assert parse(page(b"quay A harbor"), LIMITS, sandbox).pages[0].text == "quay \ufffd harbor"
    with pytest.raises(DocumentError, match="No page of it has text"):
        parse(page(b"AAAA AAA q"), LIMITS, sandbox)


def test_what_was_filled_into_a_form_is_read_and_boxed(tmp_path, sandbox):
    canvas = Canvas(str(tmp_path / "form.pdf"), invariant=1)
    canvas.drawString(72, 700, "Name of the keeper:")
    canvas.acroForm.textfield(name="keeper", value="Hanna Lind", x=200, y=690, width=200, height=24)
    canvas.save()
    text = parse(tmp_path / "form.pdf", LIMITS, sandbox).pages[0].text
    assert text.startswith("Name of the keeper:") and "Hanna Lind" in text
    view = PageView()
    try:
        start = text.index("Hanna")
        (box,) = view.boxes(tmp_path / "form.pdf", 1, start, start + 10, quote="Hanna Lind")
    finally:
        view.close()
    assert 195 < box[0] < 210 and 690 < box[1] < box[3] < 714
