"""Files whose inside is wrong or made to do harm: each is read, or refused with its reason, within seconds."""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterator

import pytest
from pdfs import prose, raw_pdf, write_pdf
from pypdf import PdfWriter

from ingest.parse import parse
from ingest.parsed import Limits
from rag_chat.errors import DocumentError, RagChatError
from rag_chat.highlight import PageView
from rag_chat.sandbox import Sandbox

LIMITS = Limits(max_file_mb=10, max_pages=100)
LONGEST = 20.0  # seconds; most take less than one, the worst some five
LINE = b"BT /F1 12 Tf 72 700 Td (harbor) Tj ET"
FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
CATALOG = b"<</Type/Catalog/Pages 2 0 R>>"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(seconds=15, memory_mb=1024) as box:
        yield box


def stream(data, extra=b""):
    return b"<</Length %d%s>>stream\n%s\nendstream" % (len(data), extra, data)


def page(contents=b"5 0 R", box=b"[0 0 612 792]", extra=b""):
    fixed = b"<</Type/Page/Parent 2 0 R/MediaBox%s/Resources<</Font<</F1 3 0 R>>>>/Contents %s%s>>"
    return fixed % (box, contents, extra)


def one_page(contents=None, **kept):
    kids = b"<</Type/Pages/Kids[4 0 R]/Count 1>>"
    return {1: CATALOG, 2: kids, 3: FONT, 4: page(**kept), 5: stream(LINE) if contents is None else contents}


def flated(data, times=1):
    for _ in range(times):
        data = zlib.compress(data, 9)
    return stream(data, b"/Filter[%s]" % (b"/FlateDecode" * times))


def two_gigabytes():
    """Of zeros in some kilobytes: one packed piece of them again and again, packed once more."""
    packer = zlib.compressobj(9)
    pieces = [packer.compress(b"\0" * 10_000_000) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2)]
    packed = zlib.compress(pieces[0] + pieces[1] * 199, 9)
    return stream(packed, b"/Filter[/FlateDecode/FlateDecode]")


def deep(levels):
    tree = {1: CATALOG, 2: b"<</Type/Pages/Kids[6 0 R]/Count 1>>", 3: FONT, 4: page(), 5: stream(LINE)}
    for n in range(6, 6 + levels):
        tree[n] = b"<</Type/Pages/Parent %d 0 R/Kids[%d 0 R]/Count 1>>" % (n - 1 if n > 6 else 2, n + 1)
    tree[6 + levels] = b"<</Type/Pages/Parent %d 0 R/Kids[4 0 R]/Count 1>>" % (5 + levels)
    return tree


def circular():
    cycle = {n: b"<</Type/Pages/Kids[%d 0 R]/Count 1>>" % (n + 1) for n in (2, 3, 4)}
    return {1: CATALOG, **cycle, 5: b"<</Type/Pages/Kids[2 0 R]/Count 1>>"}


def wide():
    """A page tree with a thousand million leaves."""
    tree = {1: CATALOG, 3: FONT, 4: page(), 5: stream(LINE)}
    numbers = [2, *range(6, 14)]
    for here, below in zip(numbers, [*numbers[1:], 4], strict=True):
        tree[here] = b"<</Type/Pages/Kids[%s]/Count 1000000000>>" % (b"%d 0 R " % below * 10)
    return tree


def run_length(megabytes):
    return stream(b"\x81 " * (megabytes * 1_000_000 // 128) + b"\x80", b"/Filter/RunLengthDecode")


def lzw(megabytes):
    """Noughts, each code of the table standing for one more of them than the code before."""
    block, width = "", 9
    for code in (256, 0, *range(258, 4094)):
        block += f"{code:0{width}b}"
        width = max(9, min(12, (code + 2).bit_length())) if code >= 258 else 9
    bits = block * (megabytes * 1_000_000 // 7_360_000)
    return stream(int(bits, 2).to_bytes((len(bits) + 7) // 8, "big"), b"/Filter/LZWDecode")


def picture(side, extra=b"/ColorSpace/DeviceGray/BitsPerComponent 8/Filter/FlateDecode", data=b"x\x9cc"):
    head = b"/Type/XObject/Subtype/Image/Width %d/Height %d%s" % (side, side, extra)
    drawn = one_page(stream(LINE + b" q 99 0 0 99 9 9 cm /I Do Q"))
    drawn[4] = drawn[4].replace(b"/Font<<", b"/XObject<</I 6 0 R>>/Font<<")
    return drawn | {6: stream(data, head)}


ENTITIES = b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 12))
XMP = stream(b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a0 "lol">' + ENTITIES + b"]><x>&a11;</x>", b"/Type/Metadata")
READ = ("harbor",)
DAMAGED = ("E_DAMAGED", "E_NO_TEXT", "E_NO_PAGES", "E_PARSER_FAILED", "E_TOO_MANY_PAGES")
COSTLY = ("E_TIMEOUT", "E_MEMORY", "E_NO_TEXT", "E_DAMAGED")

FILES = {
    "count of two thousand million": (one_page() | {2: b"<</Type/Pages/Kids[4 0 R]/Count 2000000000>>"}, READ),
    "tree 2000 deep": (deep(2000), READ + DAMAGED),
    "tree that is a circle": (circular(), DAMAGED),
    "tree of a thousand million leaves": (wide(), ("E_TOO_MANY_PAGES",)),
    "one page named three times": (one_page() | {2: b"<</Type/Pages/Kids[4 0 R 4 0 R 4 0 R]/Count 3>>"}, READ),
    "catalog without pages": (one_page() | {1: b"<</Type/Catalog>>"}, READ + DAMAGED),
    "deflated three times": (one_page(flated(b"\0" * 70_000_000, 3)), COSTLY),
    "deflated blanks": (one_page(flated(b" " * 74_000_000)), COSTLY),
    "deflated to two gigabytes": (one_page(two_gigabytes()), COSTLY),
    "LZW codes": (one_page(lzw(150)), COSTLY),
    "run lengths": (one_page(run_length(200)), COSTLY),
    "picture inside the text without an end": (one_page(stream(LINE + b" BI /W 9 /H 9 ID xxxxxx")), READ + COSTLY),
    "entities in the metadata": (one_page() | {1: CATALOG[:-2] + b"/Metadata 6 0 R>>", 6: XMP}, READ),
    "metadata of 10 MB": (
        one_page() | {1: CATALOG[:-2] + b"/Metadata 6 0 R>>", 6: flated(b"<x>" + b" " * 10_000_000 + b"</x>")},
        READ,
    ),
    "page of 5000 km": (one_page(box=b"[0 0 14400000 14400000]"), READ),
    "page of no size": (one_page(box=b"[0 0 0 0]"), READ),
    "page of negative size": (one_page(box=b"[612 792 0 0]"), READ),
    "page of no numbers": (one_page(box=b"[nan nan nan nan]"), READ),
    "large unit": (one_page(extra=b"/UserUnit 75000"), READ),
    "picture of 10,000 megapixels": (picture(100_000), READ),
    "broken JPX": (picture(9, b"/Filter/JPXDecode", b"\0\0\0\x0cjP  \r\n"), READ),
    "broken JBIG2": (picture(9, b"/ColorSpace/DeviceGray/BitsPerComponent 1/Filter/JBIG2Decode", b"\x97JB2"), READ),
    "file inside, links and scripts": (
        one_page(extra=b"/Annots[<</Subtype/Link/Rect[72 690 200 720]/A<</S/URI/URI(http://evil.example/x)>>>>]")
        | {
            1: CATALOG[:-2] + b"/Names<</EmbeddedFiles<</Names[(a.txt) 6 0 R]>>/JavaScript<</Names[(a) 8 0 R]>>>>>>",
            6: b"<</Type/Filespec/F(a.txt)/EF<</F 7 0 R>>>>",
            7: stream(b"secret", b"/Type/EmbeddedFile"),
            8: b"<</S/JavaScript/JS(app.launchURL\\(\"http://evil.example/y\"\\))>>",
        },
        READ,
    ),
    "scripts and launches": (
        one_page() | {1: CATALOG[:-2] + b"/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>/AA<</WC<</S/Launch>>>>>>"},
        READ,
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", FILES)
def test_it_is_read_or_refused_with_its_reason(tmp_path, sandbox, kind):
    objects, expected = FILES[kind]
    path = raw_pdf(tmp_path / "a.pdf", objects)
    start = time.monotonic()
    assert outcome(path, sandbox) in expected
    assert time.monotonic() - start < LONGEST
    view = PageView()
    try:  # showing it ends too, in a picture or in an error of ours
        assert view.image(path, 1, [], width=900).png
    except RagChatError as error:
        assert str(error).endswith(".")
    finally:
        view.close()
    assert time.monotonic() - start < 2 * LONGEST


def outcome(path, sandbox):
    """The text, or the code of the failure."""
    try:
        texts = {page.text.strip() for page in parse(path, LIMITS, sandbox).pages}
    except DocumentError as error:
        assert str(error).endswith(".") and "Traceback" not in str(error)
        return error.code
    return texts.pop() if len(texts) == 1 else texts


def damaged(whole):
    """What a file of three pages is after something has happened to it."""
    at = whole.rindex(b"startxref")
    trailer = whole.rindex(b"trailer")
    table = int(whole[at:].split()[1])
    yield "cut in the middle", whole[: len(whole) // 2]
    yield "without its last 20 bytes", whole[:-20]
    yield "without cross-references", whole[:table] + whole[trailer:]
    yield "without cross-references and trailer", whole[:table]
    yield "wrong offsets", whole[:table] + whole[table:].replace(b"0000000", b"0000007")
    yield "cross-references that follow themselves", whole.replace(b"trailer\n<<", b"trailer\n<</Prev %d" % table)
    yield "size of a thousand million", whole[:trailer] + whole[trailer:].replace(b"/Size ", b"/Size 1000000000 /S ")
    yield "without a root", whole[:trailer] + whole[trailer:].replace(b"/Root ", b"/Toor ")
    yield "an archive in front", b"PK\3\4" + whole
    yield "a web page and an archive behind", whole + b"<html><script>alert(1)</script></html>PK\5\6" + b"\0" * 18


def test_damaged_file_is_repaired_or_refused_with_its_reason(tmp_path, sandbox):
    whole = write_pdf(tmp_path / "whole.pdf", [["harbor", *prose(n)] for n in (2, 3, 4)]).read_bytes()
    found = {}
    for kind, body in damaged(whole):
        (tmp_path / "a.pdf").write_bytes(body)
        start = time.monotonic()
        found[kind] = outcome(tmp_path / "a.pdf", sandbox)
        assert time.monotonic() - start < LONGEST, kind
    refused = {kind: code for kind, code in found.items() if isinstance(code, str)}
    assert set(refused.values()) <= {"E_DAMAGED", "E_NO_PAGES", "E_NO_TEXT", "E_NOT_PDF"}, refused
    assert set(refused) <= {"cut in the middle", "without a root", "without cross-references and trailer"}, refused


def test_a_file_that_had_to_be_repaired_says_so(tmp_path, sandbox):
    whole = write_pdf(tmp_path / "whole.pdf", [["harbor"], ["tide"]])
    assert not parse(whole, LIMITS, sandbox).repaired
    bodies = dict(damaged(whole.read_bytes()))
    for kind in ("without its last 20 bytes", "without cross-references", "wrong offsets"):
        (tmp_path / "a.pdf").write_bytes(bodies[kind])
        assert parse(tmp_path / "a.pdf", LIMITS, sandbox).repaired, kind
    objects, _ = FILES["one page named three times"]
    assert parse(raw_pdf(tmp_path / "b.pdf", objects), LIMITS, sandbox).repaired


@pytest.mark.parametrize("algorithm", ["RC4-40", "AES-128", "AES-256-R5", "AES-256"])
def test_file_that_is_locked_for_its_owner_only_is_read(tmp_path, sandbox, algorithm):
    writer = PdfWriter(clone_from=write_pdf(tmp_path / "whole.pdf", [["harbor"]]))
    writer.encrypt("", "owner", algorithm=algorithm)
    writer.write(tmp_path / "a.pdf")
    assert outcome(tmp_path / "a.pdf", sandbox) == "harbor"
