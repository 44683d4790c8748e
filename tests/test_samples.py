"""The sample PDFs are what data/SAMPLES.md says, and every question has its evidence where it claims to be.

Reads with PDFium and pypdf as the product does; limit: how the pages look is judged by eye, not here.
"""

import json
import subprocess
import sys
from pathlib import Path

import pypdf
import pypdfium2
import pytest

SAMPLES = Path(__file__).resolve().parents[1] / "data" / "samples"
PAGES = {
    "harbor-annual-report.pdf": 22,
    "two-column-study.pdf": 6,
    "pump-manual.pdf": 10,
    "lease-contract.pdf": 5,
}
QUESTIONS = [json.loads(line) for line in (SAMPLES / "questions.jsonl").read_text(encoding="utf-8").splitlines()]
ANSWERABLE = [question for question in QUESTIONS if question["document"]]
UNANSWERABLE = [question for question in QUESTIONS if not question["document"]]


def page_texts(path: Path) -> list[str]:
    document = pypdfium2.PdfDocument(path)
    texts = [" ".join(page.get_textpage().get_text_range().split()) for page in document]
    document.close()
    return texts


@pytest.fixture(scope="module")
def texts() -> dict[str, list[str]]:
    return {name: page_texts(SAMPLES / name) for name in PAGES}


def make(folder: Path) -> None:
    subprocess.run([sys.executable, SAMPLES / "make_samples.py", folder], check=True, capture_output=True, timeout=120)


def test_the_script_writes_the_committed_text_and_the_same_bytes_twice(
    tmp_path: Path, texts: dict[str, list[str]]
) -> None:
    make(tmp_path / "once")
    make(tmp_path / "again")
    for name in PAGES:
        # Against the committed file only the text is compared: another zlib or Pillow may pack the same page otherwise.
        assert page_texts(tmp_path / "once" / name) == texts[name]
        assert (tmp_path / "once" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


@pytest.mark.parametrize("name", PAGES)
def test_both_readers_see_the_stated_number_of_pages(name: str, texts: dict[str, list[str]]) -> None:
    assert len(texts[name]) == PAGES[name]
    assert len(pypdf.PdfReader(SAMPLES / name).pages) == PAGES[name]


def test_all_samples_together_stay_small() -> None:
    assert sum((SAMPLES / name).stat().st_size for name in PAGES) < 1_500_000


def test_front_matter_has_roman_labels_and_the_body_starts_at_one(texts: dict[str, list[str]]) -> None:
    expected = ["i", "ii", "iii", "iv", *map(str, range(1, 19))]
    path = SAMPLES / "harbor-annual-report.pdf"
    document = pypdfium2.PdfDocument(path)
    assert pypdf.PdfReader(path).page_labels == expected
    assert [document.get_page_label(index) for index in range(len(document))] == expected
    document.close()
    printed = [text.split("Annual report 2025 ")[1].split()[0] for text in texts[path.name][1:]]
    assert printed == expected[1:]


def test_outline_has_two_levels_that_point_at_the_pages_with_the_headings(texts: dict[str, list[str]]) -> None:
    path = SAMPLES / "harbor-annual-report.pdf"
    document = pypdfium2.PdfDocument(path)
    entries = [(mark.level, mark.get_title(), mark.get_dest().get_index()) for mark in document.get_toc()]
    document.close()
    assert {level for level, _, _ in entries} == {0, 1}
    assert len(entries) > 60
    for _, title, index in entries:
        assert title in texts[path.name][index]


def test_only_the_scanned_page_has_no_text(texts: dict[str, list[str]]) -> None:
    empty = [(name, number) for name in PAGES for number, text in enumerate(texts[name], 1) if not text]
    assert empty == [("pump-manual.pdf", 8)]
    assert len(pypdf.PdfReader(SAMPLES / "pump-manual.pdf").pages[7].images) == 1


def test_only_the_annex_is_turned_and_shows_as_landscape() -> None:
    path = SAMPLES / "lease-contract.pdf"
    assert [page.rotation for page in pypdf.PdfReader(path).pages] == [0, 0, 0, 0, 90]
    document = pypdfium2.PdfDocument(path)
    assert [page.get_width() > page.get_height() for page in document] == [False, False, False, False, True]
    document.close()


def test_the_study_breaks_words_at_line_ends() -> None:
    document = pypdfium2.PdfDocument(SAMPLES / "two-column-study.pdf")
    text = document[1].get_textpage().get_text_range()
    document.close()
    assert "\ufffe" in text or "-\r\n" in text  # PDFium marks such a hyphen with U+FFFE and joins the lines


@pytest.mark.parametrize("question", ANSWERABLE, ids=lambda question: question["id"])
def test_evidence_stands_on_its_page_and_holds_the_answer(
    question: dict[str, object], texts: dict[str, list[str]]
) -> None:
    page = texts[str(question["document"])][int(str(question["page"])) - 1]
    assert str(question["evidence"]) in page
    assert question["answer"]
    assert str(question["answer"]) in str(question["evidence"])


def test_questions_cover_every_document_and_every_kind() -> None:
    assert len({question["id"] for question in QUESTIONS}) == len(QUESTIONS)
    assert len(ANSWERABLE) >= 24
    assert {question["document"] for question in ANSWERABLE} == set(PAGES)
    assert len({question["document"] for question in QUESTIONS[:3]}) == 3
    assert len(UNANSWERABLE) == 6
    assert all((q["answer"], q["page"], q["evidence"]) == ("", 0, "") for q in UNANSWERABLE)
    assert sum("history" in question for question in QUESTIONS) == 2
