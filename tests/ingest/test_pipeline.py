"""One file into the library: what is stored, and that nothing is ever half there."""

import hashlib
import os
import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest
from fakes import HashEmbedder, HashTokens
from pdfs import prose, write_pdf
from reportlab.pdfgen.canvas import Canvas

from ingest.cli import line_of
from ingest.pipeline import Ingestor, Progress, find_files
from rag_chat import token_codes
from rag_chat.config import Settings
from rag_chat.errors import BadSetting, NotFound
from rag_chat.library.catalog import Built


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
    os.mkfifo(tmp_path / "pipe.pdf")
    assert [p.name for p in find_files([tmp_path])] == ["two.docx", "one.PDF"]
    with pytest.raises(BadSetting, match=r"pipe.pdf' is neither a file nor a folder"):
        find_files([tmp_path / "pipe.pdf"])


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
