"""PDFs made for the tests: with reportlab where pages matter, by hand where the file itself is odd."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path

from reportlab.lib.pagesizes import A4
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

HARBOR = (
    "The harbor authority moved 4.2 million tons of cargo in 2021. Most of it was grain, e.g. wheat and barley. "
    "Dr. J. Lind directs the grain terminal. The tide gate opens at 5 a.m. every day."
).split(" ")


def write_pdf(
    path: Path, pages: Sequence[Sequence[str]], *, outline: Sequence[tuple[int, int, str]] = (), title: str = "",
    password: str | None = None,
) -> Path:  # fmt: skip
    """Each page is a list of lines, none for a page without text; outline entries are (page, level, title)."""
    lock = StandardEncryption(password, ownerPassword="owner", strength=128) if password else None
    canvas = Canvas(str(path), pagesize=A4, encrypt=lock, invariant=1)
    canvas.setTitle(title)
    for number, lines in enumerate(pages, start=1):
        for page, level, heading in outline:
            if page == number:
                canvas.bookmarkPage(f"{number}-{heading}")
                canvas.addOutlineEntry(heading, f"{number}-{heading}", level=level)
        text = canvas.beginText(72, 760)
        for line in lines:
            text.textLine(line)
        canvas.drawText(text)
        if not lines:
            canvas.rect(100, 100, 300, 500, fill=1)
        canvas.showPage()
    canvas.save()
    return path


def prose(sentences: int, seed: str = "grain", words_per_line: int = 12) -> list[str]:
    """Lines of running text in which every sentence is different and breaks over lines."""
    words: list[str] = []
    for i in range(sentences):
        words += (
            f"In part {i} the {seed} terminal stored {i * 7 + 3} tons of wheat beside the old northern quay.".split()
        )
    return [" ".join(words[i : i + words_per_line]) for i in range(0, len(words), words_per_line)]


def raw_pdf(path: Path, objects: dict[int, bytes]) -> Path:
    """A PDF from bare objects, with a cross-reference table that is right."""
    out, offsets = bytearray(b"%PDF-1.7\n"), {}
    for number, body in sorted(objects.items()):
        offsets[number] = len(out)
        out += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    start, size = len(out), max(objects) + 1
    out += b"xref\n0 %d\n0000000000 65535 f \n" % size
    for i in range(1, size):
        out += b"%010d 00000 n \n" % offsets[i]
    out += b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (size, start)
    path.write_bytes(bytes(out))
    return path


def no_pages(path: Path) -> Path:
    return raw_pdf(path, {1: b"<</Type/Catalog/Pages 2 0 R>>", 2: b"<</Type/Pages/Kids[]/Count 0>>"})


def with_bombs(path: Path, pages: str) -> Path:
    """A page for each letter: "." has a line of text, "B" so many drawn letters that no reader gets to their end."""
    bomb = zlib.compress(b"BT /F1 12 Tf (A) Tj ET\n" * 3_000_000, 1)
    line = b"BT /F1 12 Tf 72 700 Td (harbor) Tj ET"
    numbers = range(6, 6 + len(pages))
    objects = {
        1: b"<</Type/Catalog/Pages 2 0 R>>",
        2: b"<</Type/Pages/Kids[%s]/Count %d>>" % (b" ".join(b"%d 0 R" % n for n in numbers), len(pages)),
        3: b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        4: b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(bomb), bomb),
        5: b"<</Length %d>>stream\n%s\nendstream" % (len(line), line),
    }
    for number, kind in zip(numbers, pages, strict=True):
        content = 4 if kind == "B" else 5
        objects[number] = (
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Resources<</Font<</F1 3 0 R>>>>/Contents %d 0 R>>"
            % content
        )
    return raw_pdf(path, objects)
