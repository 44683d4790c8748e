"""DOCX, HTML, Markdown and plain text: read as what they are, cited by heading and paragraph, harmless when hostile."""

from __future__ import annotations

import codecs
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from texts import paragraph, table, write_docx

from ingest import markup
from ingest.parse import parse
from ingest.parsed import Limits
from ingest.parts import BLOCK_CHARACTERS, PART_CHARACTERS, Block, parts
from ingest.plain import decoded, paragraphs
from rag_chat.errors import DocumentError
from rag_chat.library import places
from rag_chat.sandbox import Sandbox
from rag_chat.types import PARAGRAPH_BREAK, Span

LIMITS = Limits(max_file_mb=1, max_pages=20)
RUSSIAN = "Гавань открыта утром, и пшеницу везут на мельницу. Вечером ворота закрывают до утра."
BILLION_LAUGHS = "<!DOCTYPE d [<!ENTITY a 'ha'>" + "".join(
    f"<!ENTITY {name} '{f'&{before};' * 10}'>" for before, name in zip("abcdefghi", "bcdefghij", strict=True)
)


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(seconds=20, memory_mb=512) as opened:
        yield opened


def read(path, sandbox, name=None):
    return parse(path, LIMITS, sandbox, name=name)


def lease(folder):
    return write_docx(
        folder / "lease.docx", paragraph("Lease of Quay 4", "Title"), paragraph("The mill rents the quay."),
        paragraph("Deposit", "Heading1"), paragraph("The tenant pays 900 marks."), paragraph("It is returned in May."),
        table([["Year", "Rent"], ["2024", "1,200"], ["2025", "1,300"]]), paragraph("Notice", "Heading2"),
        paragraph("Three months & a day."),
    )  # fmt: skip


def blocks(html):
    return [block.text for block in markup.html_blocks(html)[1]]


# --- kinds ------------------------------------------------------------------------------------------------------------


def test_docx_has_headings_paragraphs_and_rows(tmp_path, sandbox):
    parsed = read(lease(tmp_path), sandbox)
    assert (parsed.kind, parsed.title, len(parsed.pages)) == ("docx", "Lease of Quay 4", 1)
    assert parsed.pages[0].text.split(PARAGRAPH_BREAK)[3:6] == [
        "The tenant pays 900 marks.", "It is returned in May.", "Year\tRent\n2024\t1,200\n2025\t1,300",
    ]  # fmt: skip
    assert [entry.path for entry in parsed.outline] == [("Lease of Quay 4",), ("Deposit",), ("Deposit", "Notice")]
    assert all(parsed.pages[0].text[entry.start :].startswith(entry.path[-1]) for entry in parsed.outline)


def test_markdown_loses_its_signs_and_its_front_matter(tmp_path, sandbox):
    path = tmp_path / "manual.md"
    path.write_text(
        "---\nauthor: Nobody\n---\n# Pump\n\nOpen the *valve* ([why](https://x.example)).\n\n1. Oil\n2. Start\n\n"
        "| part | price |\n|---|---|\n| seal | 12 |\n\n```\nturn()\n\nstop()\n```\n\n<script>x</script>\n"
    )
    parsed = read(path, sandbox)
    assert (parsed.kind, parsed.title) == ("markdown", "Pump")
    assert parsed.pages[0].text.split(PARAGRAPH_BREAK) == [
        "Pump", "Open the valve (why).", "1. Oil\n2. Start", "part\tprice\nseal\t12", "turn()\nstop()",
    ]  # fmt: skip


def test_html_shows_what_a_browser_shows():
    html = (
        "<title>Tide\n list</title><nav>Home</nav><h1>Tides</h1><p>One<p hidden>secret<p>Two<br>lines"
        "<div style='display: none'>no<div>no</div>no</div><ul><li>a<li>b<ol start=3><li>c</ol></ul>"
        "<table><thead><tr><th>Day<th>High</thead><tr><td><p>1</p><td><p>2.5</p></table><script>if (a<b) x()</script>"
        "<svg><title>icon</title><text>no</text></svg><select><option>no<option>no</select><p>&lt;b&gt; &amp; &#0;end"
    )
    title, found = markup.html_blocks(html)
    assert title == "Tide list"
    assert [block.text for block in found] == [
        "Tides", "One", "Two\nlines", "• a\n• b\n3. c", "Day\tHigh\n1\t2.5", "<b> & �end",
    ]  # fmt: skip
    assert [block.level for block in found] == [1, 0, 0, 0, 0, 0]


def test_a_table_that_lays_out_a_page_is_no_row():
    assert blocks("<table><tr><td><h2>Left</h2><p>Text</p></td><td>x</td></tr></table>") == ["Left", "Text", "x"]


@pytest.mark.parametrize(
    "html", ["<p>a</ul></ol></table></p></p>b", "</li><li>a<b", "<pre>a</pre></pre><h1><h2>b", "<nav>a</nav></nav>b"]
)
def test_tags_that_match_nothing_do_no_harm(html):
    assert "".join(blocks(html)).endswith("b") or blocks(html)


def test_lines_as_long_as_paragraphs_are_paragraphs_and_short_ones_are_joined_by_their_blank_lines():
    assert [b.text for b in paragraphs("a\nb \n\n\nc")] == ["a\nb", "c"]
    assert [b.text for b in paragraphs(f"{'x' * 200}\n{'y' * 200}")] == ["x" * 200, "y" * 200]


# --- bytes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (codecs.BOM_UTF8 + "Süd".encode(), "Süd"),
        ("Süd and north".encode("utf-16"), "Süd and north"),
        ("Süd and north".encode("utf-16-be"), "Süd and north"),
        ("Süd and north".encode("utf-32"), "Süd and north"),
        (b"a\r\nb\rc\x0cd\x00\x07e", "a\nb\nc\n\nd  e"),
        (RUSSIAN.encode("cp1251"), RUSSIAN),
        ("Süd".encode("utf-16-le") + b"\xd8", "Süd\ufffd"),
        (b"\xef\xbb\xbf\xed\xa0\x80x", "\ufffd\ufffd\ufffdx"),
    ],
)
def test_bytes_are_read_in_their_encoding(data, text):
    assert decoded(data) == text


def test_what_a_page_declares_is_believed_unless_it_is_utf_8(tmp_path, sandbox):
    head = "<meta charset={}><p>caf\xe9"
    for encoding, declared in (
        ("latin-1", "iso-8859-1"),
        ("utf-8", "latin-1"),
        ("mac-roman", "macintosh"),
    ):
        path = tmp_path / f"{declared}.html"
        path.write_bytes(head.format(declared).encode(encoding))
        assert read(path, sandbox).pages[0].text == "caf\xe9"


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("a.txt", b"<!DOCTYPE html><p>x</p>", "html"),
        ("a.docx", b"<html><p>x</p></html>", "html"),
        ("a.docx", b"plain words", "text"),
        ("a.html", b"plain words", "html"),
        ("a", b"plain words", "text"),
        ("a.md", b"<!-- note -->\n# x", "markdown"),
        ("a.md", b"A PDF begins with %PDF-1.7.", "markdown"),
        ("a.csv", b"year,sum\n2020,5", "text"),
    ],
)
def test_content_decides_and_the_name_only_between_texts(tmp_path, sandbox, name, data, kind):
    (tmp_path / "1.upload").write_bytes(data)
    assert read(tmp_path / "1.upload", sandbox, name).kind == kind


def test_a_docx_under_another_name_is_a_docx(tmp_path, sandbox):
    assert read(lease(tmp_path).rename(tmp_path / "lease.txt"), sandbox).kind == "docx"


# --- harm -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bad(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bad")
    write_docx(folder / "laughs.docx", paragraph("x").replace(">x<", ">&j;<"), before=BILLION_LAUGHS + "]>")
    write_docx(folder / "cut.docx", paragraph("x"))
    (folder / "cut.docx").write_bytes((folder / "cut.docx").read_bytes()[:-40])
    write_docx(folder / "blank.docx", paragraph(" "))
    with zipfile.ZipFile(folder / "bomb.docx", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in ("[Content_Types].xml", "_rels/.rels"):
            archive.writestr(name, "<x/>")
        with archive.open("word/document.xml", "w", force_zip64=True) as file:
            for _ in range(700):
                file.write(b" " * 1_000_000)
    with zipfile.ZipFile(folder / "other.docx", "w") as archive:
        archive.writestr("readme", "x")
    contents = {
        "empty.txt": b"", "blank.md": b" \n\n", "blank.html": b"<html><script>x</script></html>",
        "photo.txt": b"\xff\xd8\xff\xe0x", "noise.txt": bytes(range(256)) * 9, "long.txt": b"word " * 190_000,
        "old.docx": b"\xd0\xcf\x11\xe0" + b"x" * 600,
    }  # fmt: skip
    for name, body in contents.items():
        (folder / name).write_bytes(body)
    return folder


@pytest.mark.parametrize(
    ("name", "codes", "words"),
    [
        ("laughs.docx", "E_PARSER_FAILED", "the file is damaged"),
        ("cut.docx", "E_PARSER_FAILED", "the file is damaged"),
        ("other.docx", "E_PARSER_FAILED", "the file is damaged"),
        ("bomb.docx", "E_MEMORY E_PARSER_FAILED", "leave it out|the file is damaged"),
        ("blank.docx", "E_NO_TEXT", "no text"),
        ("blank.md", "E_NO_TEXT", "no text"),
        ("blank.html", "E_NO_TEXT", "no text"),
        ("empty.txt", "E_EMPTY", "0 bytes"),
        ("photo.txt", "E_UNKNOWN_KIND", "is a JPEG image, which is not read; PDF, DOCX"),
        ("noise.txt", "E_UNKNOWN_KIND", "a file of unknown kind"),
        ("old.docx", "E_UNKNOWN_KIND", "old or encrypted Office"),
        ("long.txt", "E_TOO_MUCH_TEXT", "longer than 20 pages; raise RAG_CHAT_MAX_PAGES"),
    ],
)
def test_what_cannot_be_read_says_why_in_one_sentence(bad, sandbox, name, codes, words):
    with pytest.raises(DocumentError, match=words) as caught:
        read(bad / name, sandbox)
    assert caught.value.code in codes.split()
    assert str(bad) not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["<div>" * 50_000 + "end", "<table><tr><td>" * 20_000 + "end", "<ul><li>" * 30_000 + "end", "<a " * 3_000 + ">end"],
)
def test_deep_nesting_ends(tmp_path, sandbox, text):
    (tmp_path / "deep.html").write_text(text)
    assert "end" in read(tmp_path / "deep.html", sandbox).pages[-1].text


@given(st.text())
def test_any_text_is_read_as_any_kind(text):
    """Fuzzing: nothing but blocks without blank lines comes out."""
    clean = decoded(text.encode("utf-8", "replace"))
    found = [*markup.html_blocks(clean)[1], *markup.markdown_blocks(clean)[1], *paragraphs(clean)]
    assert all(b.text.strip() == b.text and b.text and PARAGRAPH_BREAK not in b.text for b in found)
    pages, outline = parts(found, 5000)
    assert PARAGRAPH_BREAK.join(page.text for page in pages) == PARAGRAPH_BREAK.join(b.text for b in found)
    assert all(entry.page <= len(pages) for entry in outline)


@given(st.binary(max_size=300))
def test_any_bytes_are_decoded_or_refused(data):
    try:
        text = decoded(data)
    except DocumentError:
        return
    assert "\0" not in text and "\r" not in text


# --- places -----------------------------------------------------------------------------------------------------------


def test_long_texts_become_parts_that_end_before_a_heading_and_cut_no_paragraph():
    made, outline = parts([Block("Head", 1), *[Block("word " * 300 + "x")] * 12, Block("Next", 1), Block("End.")], 99)
    assert [page.paragraph for page in made] == [1, 4, 7, 10, 1]
    assert all(len(page.text) <= PART_CHARACTERS for page in made)
    assert made[-1].text == "Next\n\nEnd."
    assert [page.number for page in made] == [1, 2, 3, 4, 5]
    assert (outline[-1].path, outline[-1].page) == (("Next",), 5)


def test_a_long_table_stays_whole_and_what_is_far_too_long_is_cut_at_blanks():
    rows = "\n".join(f"{year}\t{year}" for year in range(1000))
    made, _ = parts([Block("Before."), Block(rows), Block("After.")], 99)
    assert [page.text for page in made] == ["Before.", rows, "After."]
    made, _ = parts([Block("word " * 50_000 + "end")], 99)
    assert all(len(page.text) <= BLOCK_CHARACTERS and page.text.startswith("word") for page in made)


def test_every_part_of_a_long_table_goes_with_its_header(ingestor, library, tmp_path):
    rows = "".join(f"<tr><td>Quay {n}<td>{n * 7}<td>{n * 9}" for n in range(400))
    (tmp_path / "table.html").write_text(f"<h1>Grain</h1><table><tr><th>Place<th>Tons<th>Marks{rows}</table>")
    ingestor.add(tmp_path / "table.html")
    chunks = library.catalog.all_chunks()
    assert len(chunks) > 20
    assert all("Place\tTons\tMarks" in chunk.text for chunk in chunks)


def test_a_place_is_named_by_heading_and_paragraph(ingestor, library, tmp_path):
    report = ingestor.add(lease(tmp_path))
    assert (report.status, report.kind, library.catalog.document(report.doc_id).kind) == ("ready", "docx", "docx")
    text = library.catalog.page(report.doc_id, 1).text
    named = {
        words: places.label(library.catalog, report.doc_id, Span(1, text.index(words), text.index(words) + 5))
        for words in ("Lease", "The mill", "The tenant", "It is", "2025", "Three")
    }
    assert named == {
        "Lease": "Lease of Quay 4 ¶ 1", "The mill": "Lease of Quay 4 ¶ 1", "The tenant": "Deposit ¶ 1",
        "It is": "Deposit ¶ 2", "2025": "Deposit ¶ 3", "Three": "Notice ¶ 1",
    }  # fmt: skip


def test_paragraphs_are_counted_on_over_parts(ingestor, library, tmp_path):
    (tmp_path / "long.txt").write_text("\n\n".join(f"Line {n}: " + "grain " * 100 for n in range(1, 31)))
    doc_id = ingestor.add(tmp_path / "long.txt").doc_id
    for page in library.catalog.pages(doc_id):
        for n in range(1, 31):
            if (start := page.text.find(f"Line {n}:")) >= 0:
                assert places.label(library.catalog, doc_id, Span(page.number, start, start + 4)) == f"¶ {n}"


def test_original_is_kept_under_its_kind_rebuilt_without_it_and_deleted_with_it(ingestor, library, tmp_path):
    source = lease(tmp_path)
    report = ingestor.add(source, name="lease.DOCX")
    kept = library.catalog.file(report.doc_id)
    assert (kept.suffix, kept.read_bytes()) == (".docx", source.read_bytes())
    before = library.catalog.all_chunks()
    assert [r.chunks for r in ingestor.rebuild()] == [report.chunks]
    assert library.catalog.all_chunks() == before
    gone = library.delete(report.doc_id)
    assert (gone.rows_left, gone.vectors_left, gone.files_left) == (0, 0, 0)
    assert not kept.exists()


def test_chunks_are_the_stored_text(ingestor, library, tmp_path):
    doc_id = ingestor.add(lease(tmp_path)).doc_id
    pages = {page.number: page.text for page in library.catalog.pages(doc_id)}
    for chunk in library.catalog.all_chunks():
        assert chunk.text == "\n".join(pages[s.page][s.start : s.end] for s in chunk.spans)
