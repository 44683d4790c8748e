"""Whatever the text or the bytes: chunks say exactly where they come from, and only our own errors come out."""

import random
import re
from collections.abc import Iterator

import pytest
from fakes import HashEmbedder
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pdfs import prose, write_pdf
from pypdf import PdfWriter

from ingest import headings
from ingest.chunk import Limit, cut
from ingest.parse import parse
from ingest.parsed import Limits
from rag_chat.errors import DocumentError
from rag_chat.sandbox import Sandbox
from rag_chat.types import Page

COUNT = HashEmbedder().token_counts
PIECES = st.sampled_from(
    [
        *("The harbor grew.", "2021 2020 2019", "Grain $ 1,200 (30) 4%", "Other quays:", "e.g.", "Dr.", "(a)", "end"),
        *("\u2022 item", "\u00ad", "-", "\n", " \n", " ", "\t", "\ufffd", "\u202e", "\U000e0041", "A", "7", "!?"),
        *("\u6e2f\u53e3\u3002", "x" * 90),
    ]
)
TEXTS = st.lists(st.one_of(PIECES, st.text(max_size=8)), max_size=40).map(" ".join)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(TEXTS, min_size=1, max_size=4), st.integers(12, 80), st.integers(0, 20))
def test_chunks_of_any_text_are_the_pages_own_and_small_enough(texts, tokens, overlap):
    pages = [Page(number, str(number), text) for number, text in enumerate(texts, start=1)]
    outline = headings.outline([headings.Line(1, 0, line, 9.0 + len(line) % 3) for line in texts[0].split("\n")])
    made = cut("d" * 64, "a.pdf", pages, outline, limit=Limit(tokens, overlap), count=COUNT)
    held = {(s.page, i) for c in made for s in c.chunk.spans for i in range(s.start, s.end)}
    assert all(c.isspace() or (p.number, i) in held for p in pages for i, c in enumerate(p.text))
    for chunk in (c.chunk for c in made):
        assert chunk.text == "\n".join(texts[s.page - 1][s.start : s.end] for s in chunk.spans)
        assert chunk.first_page <= chunk.last_page <= chunk.first_page + 1
    assert len({c.chunk.id for c in made}) == len(made)


class Strict(Sandbox):
    """An error that is not ours ends the test, where people are told that the reader failed on their file."""

    def _raise(self, kind, value):
        assert kind != "foreign", value[1]
        super()._raise(kind, value)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Strict(seconds=20, memory_mb=1024) as box:
        yield box


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> bytes:
    """With an outline and labels."""
    path = tmp_path_factory.mktemp("whole") / "a.pdf"
    pages = [prose(3), ["Grain 1 2 3", *prose(2)], [], prose(1)]
    write_pdf(path, pages, outline=[(1, 0, "Harbor"), (2, 1, "Quay"), (4, 0, "Rail")], title="T")
    writer = PdfWriter(clone_from=path)
    writer.set_page_label(0, 1, "/r")
    writer.set_page_label(2, 3, "/D", start=7)
    writer.write(path)
    return path.read_bytes()


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), changes=st.integers(1, 60), keep=st.floats(0.2, 1))
def test_any_damage_to_a_file_ends_in_text_or_in_an_error_of_ours(tmp_path, sandbox, whole, seed, changes, keep):
    chance, body = random.Random(seed), bytearray(whole)
    for _ in range(changes):
        body[chance.randrange(len(body))] = chance.randrange(256)
    (tmp_path / "a.pdf").write_bytes(body[: int(keep * len(body))])
    ends_well(tmp_path / "a.pdf", sandbox)


def test_numbers_that_are_wrong_end_in_text_or_in_an_error_of_ours(tmp_path, sandbox, whole):
    """The file is read as far as it goes then: with pages, places and labels that are not there."""
    streams = [found.span() for found in re.finditer(rb"stream\r?\n.*?endstream", whole, re.DOTALL)]
    places = [found.start() for found in re.finditer(rb"\d", whole)]
    places = [i for i in places if not any(start <= i < end for start, end in streams)]
    for seed in range(200):
        chance, body = random.Random(seed), bytearray(whole)
        for _ in range(chance.randrange(1, 5)):
            body[chance.choice(places)] = chance.choice(b"0123456789")
        (tmp_path / "a.pdf").write_bytes(body)
        ends_well(tmp_path / "a.pdf", sandbox)


def ends_well(path, sandbox):
    try:
        parsed = parse(path, Limits(1, 100), sandbox)
    except DocumentError as error:
        assert error.code.startswith("E_") and str(error).endswith(".")
    else:
        assert [page.number for page in parsed.pages] == list(range(1, len(parsed.pages) + 1))
        assert all(1 <= entry.page <= len(parsed.pages) for entry in parsed.outline)
