import json
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from fakes import HashEmbedder
from values import passage

from rag_chat.chat import sections
from rag_chat.library.catalog import Catalog
from rag_chat.types import Chunk, Document, Page, Span

ROOT = Path(__file__).resolve().parents[3]
HARBOR = Document("h", "Harbor_2021.pdf", "Port of Tarnwick", 1, 0, 1, "", ())
SCAN = Document("s", "scan0012.pdf", "Lease contract", 1, 0, 1, "", ())
PUMP = Document("p", "pump-manual.pdf", "", 1, 0, 1, "", ())
LEASE = Document("l", "lease-contract.pdf", "The Spindle House: soil and building", 1, 0, 1, "", ())
ALL = [HARBOR, PUMP, LEASE]


@pytest.mark.parametrize(
    ("question", "of_all", "of_one"),
    [
        ("Summarise harbor_2021.pdf", "h", "h"),
        ("Give me an overview of the Harbor 2021 report", "h", "h"),
        ("What is the document about?", "hpl", "h"),
        ("What are the main points?", "hpl", "h"),
        ("tl;dr", "hpl", "h"),
        ("Summarize", "hpl", "h"),
        ("Summarise the document", "hpl", "h"),
        ("Give me a summary of the lease contract", "l", ""),
        ("Please give a short overview of the manual", "p", "h"),
        ("Summarize the pump's manual in three sentences", "p", ""),
        ("tl;dr of the lease", "l", ""),
        ("What are the main points of the lease contract?", "l", ""),
        ("In a nutshell, what is the lease about?", "l", ""),
        ("What does the lease contract cover?", "l", ""),
        ("Summarise the Spindle House lease in 100 words", "l", ""),
        ("Summarize the dredging costs.", "", ""),  # something in particular
        ("Summarise the deposit clause of the lease", "", ""),
        ("What are the key findings on soil?", "", ""),
        ("What about the lease?", "", ""),
        ("What does it cover?", "", ""),
        ("What does Harbor 2021 say about dredging?", "", ""),
        ("When was the gate built?", "", ""),
    ],
)
def test_of_which_documents_a_summary_may_be_wanted(question, of_all, of_one):
    assert "".join(d.doc_id for d in sections.meant(question, ALL, None)) == of_all
    assert "".join(d.doc_id for d in sections.meant(question, ALL, ["h"])) == of_one


def test_a_whole_file_name_is_the_document_and_words_of_several_names_are_none_of_them():
    reports = [Document(name, name, "", 1, 0, 1, "", ()) for name in ("report.pdf", "report-2.pdf", "minutes.pdf")]
    assert [d.name for d in sections.meant("Summarise report-2.pdf", reports, None)] == ["report-2.pdf"]
    found = sections.meant("Summarise the reports of 2", reports, None)
    assert [d.name for d in found] == ["report-2.pdf"]
    assert sections.which(reports) == (
        "A summary is of one document; name the one you mean: “report.pdf”, “report-2.pdf” or “minutes.pdf”."
    )
    assert sections.which(reports * 3).endswith("“report.pdf”, “report-2.pdf” or 4 more.")


def test_no_ordinary_question_asks_for_a_summary():
    asked = [
        json.loads(line)["question"]
        for path in ("data/samples/questions.jsonl", "tests/data/follow_ups.jsonl", "tests/data/short_questions.jsonl")
        for line in (ROOT / path).read_text(encoding="utf-8").splitlines()
    ]
    names = [path.name for path in sorted((ROOT / "data" / "samples").glob("*.pdf"))]
    documents = [Document(name, name, "", 1, 0, 1, "", ()) for name in names]
    wrong = [q for q in asked if sections.meant(q, documents, None) or sections.meant(q, documents, names[:1])]
    assert len(asked) > 100 and wrong == []


@pytest.mark.parametrize(
    ("question", "expected"),
    [("Summarise it", 10), ("in three sentences", 3), ("2 short bullet points", 2), ("in 100 words", 10)],
)
def test_as_many_sections_are_heard_as_sentences_are_wanted(question, expected):
    assert sections.most(question) == expected


def test_a_scan_is_named_by_its_title():
    assert sections.meant("Summarise the lease contract", [HARBOR, SCAN], None) == [SCAN]
    assert sections.meant("Summarise scan0012", [HARBOR, SCAN], None) == [SCAN]


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


def test_only_the_pages_asked_for_and_as_many_sections_as_wanted_are_heard(tmp_path):
    catalog = Catalog(tmp_path)
    chunks = [Chunk(f"c{i}", "h", i, (Span(i + 1, 0, 1),), "", "x") for i in range(12)]
    pages = [Page(i + 1, str(i + 1), "x") for i in range(12)]
    catalog.add(HARBOR, pages, chunks, np.eye(12, dtype=np.float32))
    with closing(catalog):
        assert [c.chunk.first_page for c in sections.heard(catalog, HARBOR, (3, 5))] == [3, 4, 5]
        assert len(sections.heard(catalog, HARBOR, most=2)) == 2
        assert sections.heard(catalog, HARBOR, (13, 20)) == []


def test_the_most_central_sentence_speaks_for_its_section():
    text = "Cows eat grass. The gate of the lock is old. The gate and the lock are made of old oak. A gate, old"
    (quote,) = sections.quotes([passage(text)], HashEmbedder())
    assert quote.text == "The gate of the lock is old."
    assert sections.quotes([passage("7")], HashEmbedder()) == ()
