import pytest

from rag_chat.retrieval.naming import Names
from rag_chat.types import Document

NAMES = [
    "ACMETOOLS_2021_10K.pdf",
    "ACMETOOLS_2022_10K.pdf",
    "AcmeTools_2022Q4_Earnings.pdf",
    "GENERAL_DYNAMOS_2022_10K.pdf",
    "harbor-annual-report.pdf",
    "scan0001.pdf",
]
LIBRARY = Names.of([Document(name, name, "Tide Tables" if "scan" in name else "", 1, 1, 1, "", ()) for name in NAMES])


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What did Acme earn in FY2021?", [0]),  # the beginning of a glued word, and a year
        ("What did Acme earn in FY21?", [0]),
        ("What did Acme earn?", [0, 1, 2]),
        ("How did Acme's sales grow from 2020 to 2022?", [1, 2]),  # the latest year is the report's
        ("Acme's Q4 of 2022", [2]),
        ("What did GD sell in 2022?", [3]),  # initials
        ("What did GnD sell?", [3]),
        ("What did GX sell?", []),
        ("Where is Tarnwick Harbor?", [4]),
        ("What do the Tide Tables say?", [5]),  # of the title
        ("What happened in 2022?", []),  # a year alone names nothing
        ("what did acme earn in 2021?", []),  # no capital, no name
        ("How much is it?", []),
        ("", []),
    ],
)
def test_the_best_named_documents(question, expected):
    shares = LIBRARY.shares(question)
    assert [i for i, name in enumerate(NAMES) if shares.get(name, 0) >= 0.999] == expected


def test_capitals_of_a_mixed_word_are_initials():
    names = Names.of(
        [Document("a", "JOHNS_JOHNS_2022.pdf", "", 1, 1, 1, "", ()), Document("b", "X.pdf", "", 1, 1, 1, "", ())]
    )
    assert names.shares("How did JnJ do?") == {"a": 1.0}


def test_a_name_that_every_document_bears_names_none():
    names = Names.of([Document(str(year), f"ACME_{year}.pdf", "", 1, 1, 1, "", ()) for year in (2021, 2022)])
    assert names.shares("What did Acme earn?") == {}


def test_a_file_name_that_says_nothing_names_nothing_and_its_title_does():
    titles = ["Lease contract", "Microsoft Word - Document1", "Tide Tables"]
    names = Names.of([Document(t, f"Scan{i}.pdf", t, 1, 1, 1, "", ()) for i, t in enumerate(titles)])
    assert names.shares("What does the Lease say?") == {titles[0]: 1.0}
    assert names.shares("What does Microsoft Word cost?") == {}
    assert names.shares("Where is the Scan?") == {titles[1]: 1.0}  # its file is all that names it


def test_a_library_without_documents_has_no_names():
    assert Names.of([]).shares("Acme?") == {}
