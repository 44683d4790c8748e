"""Hebrew and Arabic with digits among them: read in the order of speech, and boxed where they stand."""

import re

import pytest
from pdfs import raw_pdf

from ingest.parse import parse
from ingest.parsed import Limits
from rag_chat.highlight import PageView
from rag_chat.sandbox import Sandbox

HEBREW = "\u05d4\u05e0\u05de\u05dc \u05e0\u05e4\u05ea\u05d7 1984 \u05d4\u05e0\u05de\u05dc"
ARABIC = "\u0641\u062a\u062d \u0627\u0644\u0645\u064a\u0646\u0627\u0621 1984"


def on_paper(line):
    """From the left: the letters in reverse, the digits of a number not."""
    return re.sub(r"\d+", lambda number: number[0][::-1], line[::-1])


def write(path, lines):
    """Each letter is drawn as some Latin one of a font that says which letter it stands for."""
    letters = sorted({sign for line in lines for sign in line if not sign.isascii()})
    signs = {letter: chr(65 + place) for place, letter in enumerate(letters)}
    latin = ("".join(signs.get(sign, sign) for sign in on_paper(line)) for line in lines)
    drawn = " ".join(f"({line}) Tj T*" for line in latin)
    content = f"BT /F1 12 Tf 20 TL 72 700 Td {drawn} ET".encode("ascii")
    known = " ".join(f"<{ord(sign):02x}> <{ord(letter):04x}>" for letter, sign in signs.items())
    cmap = "/CIDInit /ProcSet findresource begin begincmap 1 begincodespacerange <00> <ff> endcodespacerange"
    cmap += f" 1 beginbfrange <20> <40> <0020> endbfrange {len(signs)} beginbfchar {known} endbfchar endcmap end"
    objects = {
        1: b"<</Type/Catalog/Pages 2 0 R>>",
        2: b"<</Type/Pages/Kids[4 0 R]/Count 1>>",
        3: b"<</Type/Font/Subtype/Type1/BaseFont/Courier/ToUnicode 6 0 R>>",
        4: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Resources<</Font<</F1 3 0 R>>>>/Contents 5 0 R>>",
        5: b"<</Length %d>>stream\n%s\nendstream" % (len(content), content),
        6: b"<</Length %d>>stream\n%s\nendstream" % (len(cmap), cmap.encode("ascii")),
    }
    return raw_pdf(path, objects)


@pytest.mark.parametrize(("quote", "top"), [(HEBREW, 712), (ARABIC, 692)], ids=["Hebrew", "Arabic"])
def test_the_line_is_read_as_it_is_spoken_and_boxed(tmp_path, quote, top):
    path = write(tmp_path / "a.pdf", [HEBREW, ARABIC])
    with Sandbox(seconds=20, memory_mb=1024) as sandbox:
        text = parse(path, Limits(1, 5), sandbox).pages[0].text
    start = text.index(quote)
    view = PageView()
    try:
        (box,) = view.boxes(path, 1, start, start + len(quote), quote=quote)
    finally:
        view.close()
    width = 7.2 * len(quote)
    assert 72 <= box[0] < 80 and 72 + width - 10 < box[2] <= 73 + width
    assert top - 16 < box[1] < box[3] < top
