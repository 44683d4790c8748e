"""Which documents are meant by what a user gives."""

import pytest

from rag_chat.commands import session
from rag_chat.errors import NotFound
from rag_chat.types import Document

NAMES = ["lease-contract.pdf", "Report.docx", "report.pdf", "a.md", "abcd0000.pdf"]
IDS = ["abcd0000ffff", "1111", "2222", "3333", "4444"]
KNOWN = [Document(i, name, "", 1, 1, 1, "", ()) for i, name in zip(IDS, NAMES, strict=True)]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("lease-contract", "abcd0000ffff"),
        ("LEASE-Contract.PDF", "abcd0000ffff"),
        ("a", "3333"),
        ("report.pdf", "2222"),
        ("Report.DOCX", "1111"),
        ("abcd0000f", "abcd0000ffff"),
        ("4444", "4444"),
    ],
)
def test_a_document_is_named_without_its_ending_in_any_case(given, expected):
    assert session.chosen(KNOWN, [given]) == [expected]


@pytest.mark.parametrize("given", ["report", "REPORT", "abcd0000"])
def test_what_fits_several_is_refused(given):
    with pytest.raises(NotFound, match=f"'{given}' stands for 2 documents; give the whole name, or more of the id"):
        session.chosen(KNOWN, [given])


@pytest.mark.parametrize("given", ["lease", "abc", "contract.pdf", ""])
def test_what_fits_none_is_refused(given):
    with pytest.raises(NotFound, match=f"No document has the name or the id '{given}', nor an id that begins so"):
        session.chosen(KNOWN, [given])


def test_a_line_of_a_batch_names_documents_alike():
    assert session.named(KNOWN, "Lease-Contract") == ["abcd0000ffff"]
    assert session.named([*KNOWN, KNOWN[3]], "a.md") == ["3333", "3333"]
    with pytest.raises(NotFound, match="'report' stands for 2 documents; give its name with its ending"):
        session.named(KNOWN, "report")
    with pytest.raises(NotFound, match="No document is named 'lease'"):
        session.named(KNOWN, "lease")
