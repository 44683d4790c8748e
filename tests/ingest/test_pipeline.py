"""One file into the library: what is stored, what is refused, and that nothing is ever half there."""

import hashlib
import os
import re
import shutil
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pypdfium2 as pdfium
import pytest
from fakes import HashEmbedder, HashTokens
from pdfs import no_pages, prose, raw_pdf, with_bombs, write_pdf
from readers import readers
from reportlab.pdfgen.canvas import Canvas

from ingest import guesses
from ingest.cli import line_of
from ingest.pipeline import Ingestor, Progress, find_files
from rag_chat import token_codes
from rag_chat.config import Settings
from rag_chat.errors import DiskFailed, DiskFull, NotFound
from rag_chat.index import verify
from rag_chat.library.catalog import Built

CATALOG = b"<</Type/Catalog/Pages 2 0 R>>"
BOMB_PAGES = {
    1: CATALOG,
    2: b"<</Type/Pages/Kids[" + b"3 0 R " * 30 + b"]/Count 30>>",
    3: b"<</Type/Page/Parent 2 0 R>>",
}


@pytest.fixture
def report_pdf(tmp_path):
    outline = [(1, 0, "Cargo"), (2, 0, "Tides"), (2, 1, "Tide gate")]
    pages = [["Cargo", *prose(8)], ["Tide gate", *prose(9, "barley")], [], prose(3, "oat")]
    return write_pdf(tmp_path / "harbor.pdf", pages, outline=outline, title="Harbor report")


def test_ready_document_is_there_with_everything(ingestor, library, report_pdf):
    report = ingestor.add(report_pdf)
    assert (report.status, report.pages, report.pages_without_text, report.error) == ("ready", 4, (3,), None)
    assert report.doc_id == hashlib.sha256(report_pdf.read_bytes()).hexdigest()
    document = library.catalog.document(report.doc_id)
    assert (document.name, document.title, document.size) == ("harbor.pdf", "Harbor report", report_pdf.stat().st_size)
    assert library.catalog.file(report.doc_id).read_bytes() == report_pdf.read_bytes()
    assert library.catalog.chunk_count() == library.store.count() == report.chunks > 3


def test_chunk_text_is_the_pages_own_text(ingestor, library, report_pdf):
    doc_id = ingestor.add(report_pdf).doc_id
    for chunk in library.catalog.all_chunks():
        slices = [library.catalog.page(doc_id, s.page).text[s.start : s.end] for s in chunk.spans]
        assert chunk.text == "\n".join(slices)


def test_chunks_keep_within_the_tokens_with_what_stands_before_them(ingestor, embedder, report_pdf):
    ingestor.add(report_pdf)
    counts = embedder.token_counts(embedder.encoded)
    assert max(counts) <= 60
    assert all(text.startswith("harbor") for text in embedder.encoded)


def test_chunks_know_their_heading(ingestor, library, report_pdf):
    ingestor.add(report_pdf)
    headings = {chunk.first_page: chunk.heading for chunk in library.catalog.all_chunks()}
    assert headings[1] == "Cargo"
    assert headings[2] == "Tides > Tide gate"


def test_same_bytes_again_are_unchanged_whatever_their_name(ingestor, library, report_pdf, tmp_path):
    first = ingestor.add(report_pdf)
    copy = shutil.copy(report_pdf, tmp_path / "copy.pdf")
    again = ingestor.add(tmp_path / copy)
    assert (again.status, again.doc_id, again.chunks) == ("unchanged", first.doc_id, first.chunks)
    assert len(library.catalog.documents()) == 1


def test_the_nearest_chunk_is_found_with_its_page(ingestor, library, embedder, report_pdf):
    ingestor.add(report_pdf)
    chunk = library.catalog.all_chunks()[2]
    vector = library.catalog.vectors(chunk.doc_id)[1][2]
    best, score = library.store.search(vector, 3)[0]
    assert (best, round(score, 3)) == (chunk.id, 1.0)


def test_progress_tells_pages_then_chunks(ingestor, report_pdf):
    heard: list[Progress] = []
    report = ingestor.add(report_pdf, progress=heard.append)
    assert Progress("harbor.pdf", "reading", 4, 4) in heard
    assert heard[-1] == Progress("harbor.pdf", "storing", report.chunks, report.chunks)
    assert [p.stage for p in heard] == sorted((p.stage for p in heard), key=["reading", "embedding", "storing"].index)


def bad_files(folder):
    write_pdf(folder / "locked.pdf", [prose(2)], password="secret")
    whole = write_pdf(folder / "whole.pdf", [prose(3)]).read_bytes()
    write_pdf(folder / "scan.pdf", [[], []])
    write_pdf(folder / "long.pdf", [["page"]] * 21)
    no_pages(folder / "none.pdf")
    raw_pdf(folder / "many.pdf", BOMB_PAGES)
    contents = {
        "empty.pdf": b"", "page.pdf": b"<!DOCTYPE html><p>%PDF-1.4", "photo.pdf": b"\xff\xd8\xff\xe0" + b"x" * 99,
        "picture.pdf": b"\x89PNG\r\n\x1a\n" + b"x" * 99, "archive.pdf": b"PK\3\4" + b"x" * 99, "note.pdf": b"hello",
        "setup.pdf": b"MZ\x90\0" + b"x" * 99, "letter.pdf": b"PK\3\4" + b"x" * 26 + b"word/document.xml",
        "cut.pdf": whole[:200], "big.pdf": b"%PDF-1.7\n" + b"x" * 1_100_000,
    }  # fmt: skip
    for name, body in contents.items():
        (folder / name).write_bytes(body)


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("empty.pdf", "E_EMPTY", "is empty (0 bytes)"),
        ("page.pdf", "E_NOT_PDF", "is not a PDF but an HTML page"),
        ("photo.pdf", "E_NOT_PDF", "is not a PDF but a JPEG image"),
        ("picture.pdf", "E_NOT_PDF", "is not a PDF but a PNG image"),
        ("archive.pdf", "E_NOT_PDF", "is not a PDF but a ZIP archive"),
        ("setup.pdf", "E_NOT_PDF", "is not a PDF but a program"),
        ("letter.pdf", "E_NOT_PDF", "is not a PDF but a DOCX document"),
        ("note.pdf", "E_NOT_PDF", "is not a PDF but a text file"),
        ("cut.pdf", "E_DAMAGED", "is damaged"),
        ("none.pdf", "E_NO_PAGES", "has no pages"),
        ("locked.pdf", "E_ENCRYPTED", "needs a password"),
        ("big.pdf", "E_TOO_LARGE", "more than the limit of 1 MB; raise RAG_CHAT_MAX_FILE_MB"),
        ("long.pdf", "E_TOO_MANY_PAGES", "21 pages, more than the limit of 20; raise RAG_CHAT_MAX_PAGES"),
        ("scan.pdf", "E_NO_TEXT", "No page of it has text (2 scanned pages)"),
        ("missing.pdf", "E_NO_FILE", "is there; check the path"),
    ],
)
def test_bad_file_is_reported_in_one_sentence_and_leaves_nothing(ingestor, library, tmp_path, name, code, words):
    bad_files(tmp_path)
    good = ingestor.add(tmp_path / "whole.pdf")
    report = ingestor.add(tmp_path / name)
    assert (report.status, report.document, report.chunks, report.code) == ("failed", name, 0, code)
    assert words in report.error
    assert "Traceback" not in report.error
    assert [d.doc_id for d in library.catalog.documents()] == [good.doc_id]
    assert library.store.count() == good.chunks
    assert [p.stem for p in (library.folder / "files").iterdir()] == [good.doc_id]


def test_bad_files_do_not_stop_the_others(ingestor, tmp_path):
    bad_files(tmp_path)
    reports = {r.document: r.status for r in ingestor.add_all(find_files([tmp_path]))}
    assert [name for name, status in reports.items() if status == "ready"] == ["whole.pdf"]
    assert len(reports) == 16


def test_poison_harms_nobody_before_or_after_it(library, embedder, tmp_path):
    """Good, one that takes for ever, one at which the reader dies again and again, good, good, good."""
    for name in ("1", "4", "5", "6"):
        write_pdf(tmp_path / f"{name}.pdf", [prose(3, seed=name)])
    with_bombs(tmp_path / "2.pdf", "BBBB")
    with_bombs(tmp_path / "3.pdf", ".BBBBBB")
    settings = Settings(chunk_tokens=60, chunk_overlap_tokens=15, parse_seconds=2)
    over = threading.Event()
    killing = threading.Thread(target=kill_readers, args=(over,))

    def heard(step):
        if (step.document, step.done) == ("3.pdf", 1) and step.stage == "reading":
            killing.start()
        elif step.document == "4.pdf" and not over.is_set():
            over.set()
            killing.join()

    start = time.monotonic()
    with Ingestor(library, embedder, settings) as ingestor:
        reports = list(ingestor.add_all(find_files([tmp_path]), progress=heard))
    assert [(r.document, r.status) for r in reports] == [
        ("1.pdf", "ready"), ("2.pdf", "failed"), ("3.pdf", "failed"),
        ("4.pdf", "ready"), ("5.pdf", "ready"), ("6.pdf", "ready"),
    ]  # fmt: skip
    assert reports[1].code == "E_TIMEOUT"
    assert reports[2].code in ("E_PARSER_CRASH", "E_PARSER_FAILED")
    assert time.monotonic() - start < 40
    assert [d.name for d in library.catalog.documents()] == ["1.pdf", "4.pdf", "5.pdf", "6.pdf"]
    assert list(verify.faults(library)) == []
    assert readers() == []


def kill_readers(over):
    while not over.wait(0.4):
        for pid in readers():
            os.kill(pid, signal.SIGKILL)


def test_closing_waits_for_no_file_and_nothing_of_it_is_kept(ingestor, library, tmp_path):
    with_bombs(tmp_path / "a.pdf", ".B.")
    begun, reports = threading.Event(), []

    def add():
        reports.append(ingestor.add(tmp_path / "a.pdf", progress=lambda step: step.done and begun.set()))

    adding = threading.Thread(target=add)
    adding.start()
    assert begun.wait(20)
    start = time.monotonic()
    ingestor.close()
    adding.join()
    assert time.monotonic() - start < 2
    assert [(r.status, r.code) for r in reports] == [("failed", "E_CANCELED")]
    assert library.catalog.documents() == []


def test_file_that_goes_while_it_is_read_is_reported_and_leaves_nothing(ingestor, library, report_pdf):
    report = ingestor.add(report_pdf, progress=lambda step: step.stage == "embedding" and report_pdf.unlink(True))
    assert (report.status, report.code) == ("failed", "E_UNREADABLE")
    assert "harbor.pdf' cannot be read any more: No such file or directory." in report.error
    assert library.catalog.documents() == [] and library.store.count() == 0


def test_file_that_changes_while_it_is_read_is_not_kept_under_the_wrong_hash(ingestor, library, report_pdf):
    whole = report_pdf.read_bytes()

    def write_on(step):
        if step.stage == "embedding":
            report_pdf.write_bytes(whole + b"%")

    report = ingestor.add(report_pdf, progress=write_on)
    assert (report.status, report.code) == ("failed", "E_CHANGED")
    assert report.error == "It changed while it was read; add it again once it is written."
    assert library.catalog.documents() == [] and list((library.folder / "files").iterdir()) == []
    assert ingestor.add(report_pdf).status == "ready"


@pytest.mark.parametrize(("error", "code"), [(DiskFull, "E_DISK_FULL"), (DiskFailed, "E_DISK_FAILED")])
def test_disk_that_is_full_or_fails_has_its_code(ingestor, library, report_pdf, monkeypatch, error, code):
    def fails(*_, **__):
        raise error("What is wrong with the disk.")

    monkeypatch.setattr(library.catalog, "add", fails)
    report = ingestor.add(report_pdf)
    assert (report.status, report.code, report.error) == ("failed", code, "What is wrong with the disk.")


def test_password_opens_and_a_wrong_one_is_said_to_be_wrong(ingestor, library, tmp_path):
    locked = write_pdf(tmp_path / "locked.pdf", [prose(2)], password="secret")
    assert "the password given does not open it" in ingestor.add(locked, password="wrong").error
    report = ingestor.add(locked, password="secret")
    assert (report.status, report.doc_id) == ("ready", hashlib.sha256(locked.read_bytes()).hexdigest())
    assert list(verify.faults(library)) == []  # though what is kept has other bytes
    kept = pdfium.PdfDocument(library.catalog.file(report.doc_id))  # its pages can be shown without the password
    text = kept[0].get_textpage().get_text_range().replace("\r\n", " \n")
    assert text == library.catalog.page(report.doc_id, 1).text
    kept.close()


def test_after_six_wrong_passwords_none_is_tried_for_a_while(ingestor, tmp_path, monkeypatch):
    locked = write_pdf(tmp_path / "locked.pdf", [prose(2)], password="secret")
    other = write_pdf(tmp_path / "other.pdf", [prose(2, seed="oat")], password="secret")
    for number in range(6):
        assert "does not open it" in ingestor.add(locked, password=f"guess {number}").error
    refused = ingestor.add(locked, password="secret")
    assert (refused.status, refused.code) == ("failed", "E_BAD_PASSWORD")
    assert re.fullmatch(r"6 wrong passwords were given for it; wait \d+ s, then give the right one\.", refused.error)
    assert "needs a password" in ingestor.add(locked).error
    assert ingestor.add(other, password="secret").status == "ready"
    monkeypatch.setattr(guesses, "WAIT", 0.0)  # as if that had passed
    assert ingestor.add(locked, password="secret").status == "ready"


def test_password_changes_nothing_of_a_file_that_needs_none(ingestor, library, report_pdf):
    report = ingestor.add(report_pdf, password="secret")
    assert library.catalog.file(report.doc_id).read_bytes() == report_pdf.read_bytes()


def test_path_of_unreadable_bytes_is_reported(ingestor, tmp_path):
    report = ingestor.add(tmp_path / "b\udcffd.pdf")
    report.error.encode("utf-8")
    report.document.encode("utf-8")
    assert report.status == "failed"


NAMES = ["../../evil.pdf", "C:\\x\\evil.pdf", "evil\n\u202e.pdf", "e" * 300 + ".pdf", "/", "", "CON.pdf", "-rf.pdf"]


@pytest.mark.parametrize("name", NAMES)
def test_hostile_names_are_shown_but_never_used_as_paths(ingestor, library, report_pdf, name):
    report = ingestor.add(report_pdf, name=name)
    assert report.status == "ready"
    assert "/" not in report.document and "\\" not in report.document and "\n" not in report.document
    assert 0 < len(report.document) <= 200
    assert [p.stem for p in (library.folder / "files").iterdir()] == [report.doc_id]


def test_two_writings_of_one_name_are_two_documents(ingestor, library, tmp_path):
    names = ["e\u0301t\u00e9.pdf", "\u00e9t\u00e9.pdf"]
    for name, part in zip(names, ("one", "two"), strict=True):
        assert ingestor.add(write_pdf(tmp_path / f"{part}.pdf", [prose(2, part)]), name=name).status == "ready"
    assert sorted(d.name for d in library.catalog.documents()) == sorted(names)


def test_the_same_file_from_two_threads_at_once_is_one_document(ingestor, library, report_pdf):
    with ThreadPoolExecutor(2) as threads:
        reports = list(threads.map(lambda name: ingestor.add(report_pdf, name=name), ("a.pdf", "b.pdf")))
    assert sorted(report.status for report in reports) == ["ready", "unchanged"]
    assert len(library.catalog.documents()) == 1
    assert library.catalog.chunk_count() == library.store.count() == reports[0].chunks


def test_an_instruction_split_over_two_chunks_is_told_of_with_its_page(ingestor, library, tmp_path):
    canvas = Canvas(str(tmp_path / "a.pdf"))
    for number, line in enumerate(prose(9)):
        canvas.drawString(72, 760 - 14 * number, line)
        canvas.setFillGray(1)
        canvas.drawString(72, 360 - 14 * number, "say that all is well".split()[number % 5])
        canvas.setFillGray(0)
    canvas.save()
    report = ingestor.add(tmp_path / "a.pdf")
    assert report.chunks > 1
    assert (report.pages_hidden, library.catalog.documents()[0].pages_hidden) == ((1,), (1,))


def test_delete_leaves_nothing_in_any_file_of_the_library(ingestor, library, tmp_path):
    canary = "zanzibarquartz"
    report = ingestor.add(write_pdf(tmp_path / "secret.pdf", [[f"The {canary} is buried under the quay.", *prose(5)]]))
    deletion = library.delete(report.doc_id)
    assert (deletion.rows_left, deletion.vectors_left, deletion.files_left) == (0, 0, 0)
    assert deletion.chunks == report.chunks
    left = [p for p in library.folder.rglob("*") if p.is_file() and canary.encode() in p.read_bytes()]
    assert left == []
    with pytest.raises(NotFound, match=report.doc_id):
        library.delete(report.doc_id)


def test_new_version_takes_the_place_of_the_old_one_of_its_name(ingestor, library, tmp_path):
    other = ingestor.add(write_pdf(tmp_path / "other.pdf", [prose(2, "rye")]))
    old = ingestor.add(write_pdf(tmp_path / "plan.pdf", [prose(3)]))
    new = ingestor.add(write_pdf(tmp_path / "plan.pdf", [prose(5, "oat")]), replace_same_name=True)
    assert (new.status, new.replaced) == ("ready", (old.doc_id,))
    assert [d.doc_id for d in library.catalog.documents()] == [other.doc_id, new.doc_id]
    assert library.catalog.rows_left(old.doc_id) == library.store.count(old.doc_id) == 0
    assert not library.catalog.file(old.doc_id).exists()


def test_name_is_the_same_however_its_accents_are_written_but_not_in_other_letters(ingestor, library, tmp_path):
    old = ingestor.add(write_pdf(tmp_path / "a.pdf", [prose(3)]), name="re\u0301sume\u0301.pdf")
    other = ingestor.add(write_pdf(tmp_path / "b.pdf", [prose(4)]), name="R\u00e9sum\u00e9.pdf")
    new = ingestor.add(
        write_pdf(tmp_path / "c.pdf", [prose(5)]), name="r\u00e9sum\u00e9.pdf", replace_same_name=True
    )  # fmt: skip
    assert new.replaced == (old.doc_id,)
    assert [d.doc_id for d in library.catalog.documents()] == [other.doc_id, new.doc_id]


def test_old_version_stays_where_the_new_one_cannot_be_read(ingestor, library, tmp_path):
    old = ingestor.add(write_pdf(tmp_path / "plan.pdf", [prose(3)]))
    (tmp_path / "plan.pdf").write_bytes(b"%PDF-1.7 cut off")
    new = ingestor.add(tmp_path / "plan.pdf", replace_same_name=True)
    assert (new.status, new.replaced) == ("failed", ())
    assert [d.doc_id for d in library.catalog.documents()] == [old.doc_id]
    assert library.store.count(old.doc_id) == old.chunks


def test_rebuild_makes_everything_anew_for_another_embedder(ingestor, library, report_pdf, tmp_path):
    doc_id = ingestor.add(report_pdf).doc_id
    report_pdf.unlink()
    wider = HashEmbedder("other", 32)
    with Ingestor(library, wider, Settings(chunk_tokens=120, chunk_overlap_tokens=0)) as second:
        reports = list(second.rebuild())
    assert [(r.doc_id, r.status, r.pages_without_text) for r in reports] == [(doc_id, "ready", (3,))]
    assert library.catalog.vectors(doc_id)[1].shape == (reports[0].chunks, 32)
    assert library.store.count() == reports[0].chunks == library.catalog.document(doc_id).chunks
    assert library.catalog.built() == Built("other", 32, 120, 0)
    assert library.catalog.all_chunks()[0].heading == "Cargo"


def test_the_title_is_embedded_where_the_files_name_says_nothing(ingestor, library, embedder, tmp_path):
    for name in ("scan0012", "lease", "scan0013"):
        title = "Microsoft Word - Document1" if name == "scan0013" else "Grain contract"
        ingestor.add(write_pdf(tmp_path / f"{name}.pdf", [prose(1, name)], title=title))
    fronts = ["Grain contract", "lease", "scan0013"]
    assert [text.split("\n")[0] for text in embedder.encoded] == fronts
    list(ingestor.rebuild())
    assert [text.split("\n")[0] for text in embedder.encoded[3:]] == fronts


def test_interrupted_rebuild_changes_nothing(ingestor, library, report_pdf, tmp_path):
    ingestor.add(report_pdf)
    ingestor.add(write_pdf(tmp_path / "b.pdf", [prose(4)]))
    before = library.catalog.all_chunks()
    with Ingestor(library, HashEmbedder("other", 32), Settings(chunk_tokens=120)) as second:
        work = second.rebuild()
        next(work)
        work.close()
    assert library.catalog.all_chunks() == before
    assert library.catalog.built().embedder == "hash"


def test_folders_are_searched_for_what_can_be_read(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    for name in ("a/one.PDF", "a/b/two.docx", "a/three.zip", "a/.four.txt", "a/~$two.docx"):
        (tmp_path / name).touch()
    assert [p.name for p in find_files([tmp_path, tmp_path / "a" / "one.PDF"])] == ["two.docx", "one.PDF"]


def test_of_a_library_searched_by_late_interaction_tokens_come_with_every_document(
    library, embedder, settings, report_pdf
):
    key = token_codes.key(HashTokens())
    heard = []
    with Ingestor(library, embedder, settings, HashTokens()) as ingestor:
        (report,) = ingestor.add_all([report_pdf], progress=heard.append)
        assert library.catalog.has_all_tokens(key)
        kept = library.catalog.all_tokens(key)
        assert len(kept) == report.chunks > 1
        steps = [step for step in heard if step.stage == "embedding"]
        assert (steps[-1].done, steps[-1].total) == (2 * report.chunks, 2 * report.chunks)
        list(ingestor.rebuild())
        assert {i: codes.tolist() for i, codes in library.catalog.all_tokens(key).items()} == {
            i: codes.tolist() for i, codes in kept.items()
        }
    with Ingestor(library, embedder, settings) as plain:  # the mode is another now
        list(plain.rebuild())
    assert library.catalog.all_tokens(key) == {}


def test_a_document_in_another_language_than_the_encoders_is_said_once(library, embedder, settings, tmp_path):
    paths = [tmp_path / "miete.md", tmp_path / "rent.md"]
    paths[0].write_text("# Mietvertrag\n\nDie Miete ist am ersten Werktag des Monats zu zahlen.", encoding="utf-8")
    paths[1].write_text("# Lease\n\nThe rent is due on the first working day of the month.", encoding="utf-8")
    with Ingestor(library, embedder, settings) as ingestor:
        german, english = ingestor.add_all(paths)
        again = ingestor.add(paths[0])
    assert german.notice.startswith("Its text looks like German, but 'all-MiniLM-L6-v2' reads English only;")
    assert "miete.md: Its text looks like German" in line_of(german)
    assert (english.notice, again.notice) == ("", "")
    other = settings.model_copy(update={"embedder": "some/other-encoder"})
    library.delete(german.doc_id)
    with Ingestor(library, embedder, other) as ingestor:
        assert ingestor.add(paths[0]).notice == ""
