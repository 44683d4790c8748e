"""The documents on the page: while the app loads, as they come in, and what a person does with them."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest
from pdfs import write_pdf
from scripted_engine import ScriptedBackend
from scripted_events import Page

from rag_chat.errors import WeightsMissing
from rag_chat.library.incoming import Incoming
from rag_chat.web import uploads
from rag_chat.web.backend import Loading
from rag_chat.web.events import Events
from rag_chat.web.uploads import Uploads


def test_question_while_loading_waits_and_is_answered(tmp_path):
    page = Page(tmp_path, start=False)
    asking = page.events.ask("How much?", "", page.request())
    page.keep(next(asking))
    assert "Loading models…" in page.live
    page.loading.start()
    page.run(asking)
    assert page.kept()[-1].state == "answered"
    page.loading.close()


def test_watch_shows_loading_then_documents_then_ends(tmp_path):
    page = Page(tmp_path, start=False)
    page.add()
    watching = page.events.watch(page.request())
    banner, documents, welcome = next(watching)
    assert "Loading models…" in banner
    assert "Opening the library…" in documents and "No documents" not in documents  # nobody knows yet
    assert "Add documents, or ask" in welcome
    page.loading.start()
    *_, (banner, documents, welcome) = watching
    assert banner == ""
    assert "pump.pdf" in documents
    assert "How strong is the pump?" in welcome
    page.loading.close()


def test_watch_shows_what_ends_between_its_look_and_its_question_whether_anything_is_left(tmp_path):
    scripted, go_on = ScriptedBackend(folder=tmp_path / "library"), threading.Event()

    def add(path, name, progress, **options):
        assert go_on.wait(5)
        return scripted.add(path, name, progress, **options)

    class Ending(Uploads):
        def busy(self):
            go_on.set()
            while super().busy():
                time.sleep(0.01)
            return False

    loading = Loading(lambda: replace(scripted.backend(), add_document=add))
    queued = Ending(loading, Incoming(tmp_path / "incoming"))
    loading.start()
    loading.wait()
    path = write_pdf(tmp_path / "pump.pdf", [["The pump."]])
    queued.add([(path, path.name)])
    *_, (_, documents, _) = Events(loading, queued).watch(SimpleNamespace(session_hash="s", query_params={}))
    assert 'class="document"' in documents and "progressbar" not in documents
    loading.close()


def test_a_later_watch_ends_an_earlier_one_of_the_same_page(tmp_path):
    page = Page(tmp_path, start=False)
    earlier, other = page.events.watch(page.request()), page.events.watch(page.request(session="another"))
    next(earlier), next(other)
    later = page.events.watch(page.request())
    next(later)
    page.add()  # what the earlier one would show from now on may come after what the later one does
    page.loading.start()
    page.loading.wait(5)
    assert list(earlier) == []
    for watching in (later, other):
        assert "pump.pdf" in list(watching)[-1][1]
    page.loading.close()


def test_watch_says_why_loading_failed(tmp_path):
    def fail():
        raise WeightsMissing("No <b>weights</b>.")

    loading = Loading(fail)
    loading.start()
    events = Events(loading, Uploads(loading, Incoming(tmp_path)))
    request = SimpleNamespace(session_hash="s", query_params={"c": "x"})
    banner = list(events.watch(request))[-1][0]
    assert "No &lt;b&gt;weights&lt;/b&gt;." in banner
    *_, failed = events.ask("x", "", request)
    assert "No &lt;b&gt;weights&lt;/b&gt;." in failed[3]
    assert not any(isinstance(value, str) for value in events.arrive(request))


@pytest.mark.parametrize(
    ("action", "value"),
    [
        ("select", "x"),
        ("select", None),
        ("tick", None),
        ("tick", {"id": ["x"], "on": 1}),
        ("delete", "nobody"),
        ("dismiss", "x"),
        ("?", []),
    ],
)
def test_nonsense_from_the_browser_changes_nothing(page, action, value):
    doc_id = page.add()
    page.act(action, value)
    assert doc_id in page.scripted.known


def test_samples_are_ingested_and_kept(page):
    path = page.tmp_path / "pump.pdf"
    page.scripted.catalog.delete(page.add())
    page.act("samples")
    end = time.monotonic() + 5
    while page.uploads.busy() and time.monotonic() < end:
        time.sleep(0.02)
    assert path.exists()
    assert [document.name for document in page.scripted.known.values()] == ["pump.pdf"]


def upload(page, name, text, password=None):
    """As Gradio leaves it: in a folder of its own."""
    folder = page.tmp_path / f"upload {text}"
    folder.mkdir()
    page.events.accept([str(write_pdf(folder / name, [[text]], password=password))])
    end = time.monotonic() + 5
    while page.uploads.busy() and time.monotonic() < end:
        time.sleep(0.02)
    return page.act("?")


def test_files_that_were_taken_just_before_may_come_once_more(page):
    upload(page, "tide.pdf", "The tide rises.")
    page.events.accept([str(page.tmp_path / "upload The tide rises." / "tide.pdf")])
    assert page.uploads.all() == [] and len(page.scripted.known) == 1


def test_encrypted_file_is_opened_by_the_password_typed_in_its_row(page, caplog):
    assert "needs a password; type it here." in upload(page, "locked.pdf", "Under seal.", "secret")
    (locked,) = page.uploads.all()
    for given, said in (("", "does not open it"), ("wrong", "does not open it"), ("secret", "")):
        page.act("unlock", {"id": str(locked.id), "password": given})
        while page.uploads.busy():
            time.sleep(0.02)
        assert said in page.act("?")
    assert [document.name for document in page.scripted.known.values()] == ["locked.pdf"]
    assert page.uploads.all() == [] and "secret" not in caplog.text


def test_after_six_wrong_passwords_the_row_says_how_long_to_wait(page):
    upload(page, "locked.pdf", "Under seal.", "secret")
    (locked,) = page.uploads.all()
    for password in ["wrong"] * 6 + ["secret"]:
        page.act("unlock", {"id": str(locked.id), "password": password})
        while page.uploads.busy():
            time.sleep(0.02)
    html = page.act("?")
    assert "6 wrong passwords were given for it; wait" in html and f'data-unlock="{locked.id}"' in html


def test_new_version_takes_the_place_of_the_older_one_of_its_name_where_a_person_says_so(page):
    old = page.add("plan.pdf", "The old plan.")
    other = page.add("other.pdf", "Something else.")
    page.act("select", [old])
    html = upload(page, "plan.pdf", "The new plan.")
    (arrived,) = page.uploads.all()
    assert f'data-replace="{arrived.id}"' in html and len(page.scripted.known) == 3
    html = page.act("replace", str(arrived.id))
    assert page.uploads.all() == [] and "data-replace" not in html
    assert set(page.scripted.known) == {other, arrived.report.doc_id}
    assert f'data-doc="{arrived.report.doc_id}" checked' in html  # as the old one was


def test_older_one_stays_where_the_new_one_is_gone_or_a_person_keeps_both(page):
    old = page.add("plan.pdf", "The old plan.")
    upload(page, "plan.pdf", "The new plan.")
    (arrived,) = page.uploads.all()
    page.act("delete", arrived.report.doc_id)
    page.act("replace", str(arrived.id))
    assert set(page.scripted.known) == {old}
    page.act("dismiss", str(arrived.id))
    upload(page, "Plan.pdf", "Another name, as it is written otherwise.")
    assert page.uploads.all() == []


def test_name_is_the_same_however_its_accents_are_written(page):
    page.add("re\u0301sume\u0301.pdf", "The old one.")
    assert "data-replace" in upload(page, "r\u00e9sum\u00e9.pdf", "The new one.")


def test_files_that_are_too_many_are_said_to_be(page, monkeypatch):
    monkeypatch.setattr(uploads, "MOST", 0)
    with pytest.warns(UserWarning, match="1 file was not taken, as no more than 500 can wait here"):
        upload(page, "a.pdf", "One too many.")
    assert page.uploads.all() == []


def test_quotation_mark_of_a_name_is_read_as_the_browser_writes_it(page):
    upload(page, "the %22grey%22 book.pdf", "The tide rises.")
    assert [document.name for document in page.scripted.known.values()] == ['the "grey" book.pdf']
