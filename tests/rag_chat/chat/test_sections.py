from contextlib import closing

import numpy as np
import pytest
from fakes import HashEmbedder
from values import passage

from rag_chat.chat import sections
from rag_chat.library.catalog import Catalog
from rag_chat.types import Chunk, Document, Page, Span

HARBOR = Document("h", "Harbor_2021.pdf", "Port of Tarnwick", 1, 0, 1, "", ())
SCAN = Document("s", "scan0012.pdf", "Lease contract", 1, 0, 1, "", ())
PUMP = Document("p", "pump.pdf", "", 1, 0, 1, "", ())


@pytest.mark.parametrize(
    ("question", "of_both", "of_one"),
    [
        ("Summarise harbor_2021.pdf", "h", "h"),
        ("Give me an overview of the Harbor 2021 report", "h", "h"),
        ("What is the document about?", None, "h"),
        ("What are the main points?", None, "h"),
        ("tl;dr", None, "h"),
        ("Summarize the dredging costs.", None, None),  # something in particular
        ("What does Harbor 2021 say about dredging?", None, None),
        ("When was the gate built?", None, None),
    ],
)
def test_of_which_document_a_summary_is_wanted(question, of_both, of_one):
    found = sections.wanted(question, [HARBOR, PUMP], None)
    assert (found and found.doc_id) == of_both
    found = sections.wanted(question, [HARBOR, PUMP], ["h"])
    assert (found and found.doc_id) == of_one


def test_a_scan_is_named_by_its_title():
    assert sections.wanted("Summarise the lease contract", [HARBOR, SCAN], None) == SCAN
    assert sections.wanted("Summarise scan0012", [HARBOR, SCAN], None) == SCAN


def catalog_with(folder, headings):
    catalog = Catalog(folder)
    chunks = [Chunk(f"c{i}", "h", i, (Span(1, 0, 1),), heading, "x") for i, heading in enumerate(headings)]
    vectors = np.eye(8, dtype=np.float32)[[i % 8 for i in range(len(chunks))]]
    catalog.add(HARBOR, [Page(1, "i", "x")], chunks, vectors)
    return closing(catalog)


@pytest.mark.parametrize(
    ("headings", "expected"),
    [
        (["A", "A > a", "A > b", "B", "C", "C"], [range(3), range(3, 4), range(4, 6)]),
        ([""] * 12, [range(i, i + 2) for i in range(0, 12, 2)]),
        ([""] * 3, [range(1), range(1, 2), range(2, 3)]),
        (list("ABCDEFGHIJKLM"), [*(range(i, i + 2) for i in range(0, 12, 2)), range(12, 13)]),
    ],
)
def test_a_passage_of_each_section(tmp_path, headings, expected):
    with catalog_with(tmp_path, headings) as catalog:
        heard = sections.heard(catalog, HARBOR)
    assert len(heard) == len(expected)
    assert all(c.chunk.ordinal in places for c, places in zip(heard, expected, strict=True))
    assert [(c.rank, c.page_label, c.stage1_rank) for c in heard] == [(i + 1, "i", None) for i in range(len(heard))]


def test_the_most_central_sentence_speaks_for_its_section():
    text = "Cows eat grass. The gate of the lock is old. The gate and the lock are made of old oak. A gate, old"
    (quote,) = sections.quotes([passage(text)], HashEmbedder())
    assert quote.text == "The gate of the lock is old."
    assert sections.quotes([passage("7")], HashEmbedder()) == ()
