import pytest

from rag_chat import document_name

HASH = "9f86d081884c7d659a2feaa0c55ad015"


@pytest.mark.parametrize(
    "name",
    [
        "lease-contract.pdf", "10K_2022.pdf", "3M_2018_10K.pdf", "scan_of_lease.pdf", "合同.pdf", "Договор 7.docx",
        "facade12.pdf", "decade2020.pdf", "Annual report.pdf", f"lease-{HASH}.pdf", "IMGMuseum.pdf",
    ],
)  # fmt: skip
def test_a_name_that_says_something_stands_whatever_the_title(name):
    assert document_name.called(name, "Another title") == name


@pytest.mark.parametrize(
    "name",
    [
        "scan0012.pdf", "IMG_2041.pdf", "Document1.docx", "Untitled (3).pdf", "download.pdf",
        "CamScanner 2022-01-01.pdf",
        "2304.05511v2.pdf", "a.pdf", "12.pdf", "ScanDocument.PDF", f"{HASH}.pdf", f"scan-{HASH}.pdf",
        "550e8400-e29b-41d4-a716-446655440000.pdf", "",
    ],
)  # fmt: skip
def test_the_title_takes_the_place_of_a_name_that_says_nothing(name):
    assert document_name.called(name, " Lease \n contract ") == "Lease contract"
    assert document_name.called(name, "Microsoft Word - lease contract.doc") == "lease contract"


@pytest.mark.parametrize("title", ["", "Word - Document1", "PowerPoint Presentation", "untitled", "scan0012.pdf", HASH])
def test_a_title_that_says_as_little_does_not(title):
    assert document_name.called("scan0012.pdf", title) == "scan0012.pdf"
