"""A question on the page: streaming, stopping, retrying, failing, and what a session may do at once."""

from __future__ import annotations

import gc
import itertools
import threading
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from pdfs import write_pdf
from scripted_engine import ScriptedBackend
from scripted_events import Page

from rag_chat.errors import LibraryError, RemoteFailed, WeightsMissing
from rag_chat.library.incoming import Incoming
from rag_chat.web import uploads
from rag_chat.web.backend import Loading
from rag_chat.web.events import Events
from rag_chat.web.uploads import Uploads


@pytest.fixture
def page(tmp_path):
    made = Page(tmp_path)
    yield made
    made.loading.close()


def test_answer_streams_is_kept_and_ends_with_citations(page):
    page.add()
    page.ask("How much does the pump lift?")
    shown = [frame[3] for frame in page.frames if isinstance(frame[3], str)]
    assert "Looking for passages" in shown[0]
    assert any("Reading 1 passage…" in html and 'data-found="yes"' in html for html in shown)
    assert any("writing" in html for html in shown)
    assert 'data-card="source-1-1"' in shown[-1]
    assert page.frames[0][0] == ""  # the question box is emptied
    assert page.frames[0][5]["visible"] is True and page.frames[-1][5]["visible"] == "hidden"  # the stop button
    (kept,) = page.kept()
    assert (kept.state, kept.answer.citations[0].document) == ("answered", "pump.pdf")
    assert page.scripted.conversations.get(page.conversation).title == "How much does the pump lift?"


def test_answer_is_kept_before_it_is_shown(page):
    page.add()
    for frame in page.events.ask("How much does the pump lift?", "", page.request()):
        page.keep(frame)
        if 'data-state="answered"' in page.live:  # the browser asks for the sources of an answer as soon as it is shown
            assert page.kept()[0].state == "answered"
    assert 'data-state="answered"' in page.live


def test_earlier_turns_are_shown_above_and_handed_to_the_engine(page):
    page.add()
    page.ask("How much does the pump lift?")
    page.ask("And who says so?")
    _, history, _ = page.scripted.asked[-1]
    assert [turn.question for turn in history] == ["How much does the pump lift?"]
    assert 'data-turn="1"' in page.past and 'data-turn="2"' not in page.past
    assert 'data-turn="2"' in page.live and 'data-card="source-2-1"' in page.live


def test_conversation_goes_on_after_a_restart(page):
    page.add()
    page.ask("How much does the pump lift?")
    again = Page(page.tmp_path, scripted=ScriptedBackend(folder=page.scripted.folder))
    again.run(again.events.arrive(again.request(c=page.conversation)))
    assert again.conversation == page.conversation
    assert 'data-card="source-1-1"' in again.past and "How much does the pump lift?" in again.past
    again.ask("And who says so?")
    assert [exchange.number for exchange in again.kept()] == [1, 2]
    again.loading.close()


def test_address_without_or_with_an_unknown_conversation(page):
    page.run(page.events.arrive(page.request()))
    assert page.past == ""
    page.run(page.events.arrive(page.request(c="<img src=x>")))
    assert "not in the library" in page.past and "<img" not in page.past
    page.ask("How much?")
    assert page.conversation and len(page.kept()) == 1


def test_opening_another_conversation_stops_the_question_and_shows_its_own_exchanges(page):
    page.add()
    page.ask("How much?")
    first = page.conversation
    page.acted(action="new")
    assert (page.conversation, page.past, page.live) == ("", "", "")
    asking = threading.Thread(target=page.ask, args=("endless pump?",))
    asking.start()
    while not page.scripted.conversations.all("endless"):
        time.sleep(0.02)
    page.acted(action="open", id=first)
    asking.join(10)
    assert "How much?" in page.past and page.live == ""
    (left,) = page.scripted.conversations.all("endless")
    assert page.scripted.conversations.exchanges(left.id)[0].state == "stopped"


def test_follow_up_is_searched_as_shown_and_can_be_searched_otherwise(page):
    page.add()
    page.ask("How much does the pump lift?")
    page.ask("and by night?")
    assert "Searched for: <q>How much does the pump lift? and by night?</q>" in page.live
    page.acted(action="again", turn="2", search="pump by night")
    question, history, _ = page.scripted.asked[-1]
    assert (question, history) == ("pump by night", ())
    last = page.kept()[-1]
    assert (last.number, last.question, last.answer.standalone_question) == (3, "and by night?", "pump by night")


def test_question_can_be_asked_of_one_document_or_of_all(page):
    page.add()
    tide = page.add("tide.pdf", "The tide rises.")
    page.ask("nothing?")
    assert "Search only" in page.live and "Search all" not in page.live
    page.acted(action="elsewhere", turn="1", doc_ids=[tide])
    assert page.scripted.asked[-1][2] == (tide,)
    assert page.kept()[-1].doc_ids == (tide,)
    assert "Search all documents" in page.live
    page.acted(action="elsewhere", turn="2", doc_ids=[])
    assert page.scripted.asked[-1][2] is None


@pytest.mark.parametrize(
    "data", [{}, {"action": "again", "turn": "9", "search": "x"}, {"action": "elsewhere", "turn": "x"}, {"action": "?"}]
)
def test_nonsense_in_a_conversation_changes_nothing(page, data):
    page.acted(**data)
    assert (page.conversation, page.past, page.live) == ("", "", "")
    assert page.scripted.asked == []


def test_question_is_restricted_to_the_ticked_documents_of_this_session(page):
    first, second = page.add(), page.add("tide.pdf", "The tide rises.")
    page.act("select", [second])
    page.ask("What rises?")
    page.ask("What rises?", session="another")
    assert [doc_ids for _, _, doc_ids in page.scripted.asked] == [(second,), None]
    page.act("delete", second)
    page.ask("What rises?")
    assert page.scripted.asked[-1][2] is None
    assert first in page.scripted.known


def test_question_is_restricted_to_pages_and_to_days(page):
    pump = page.add()
    html = page.act("narrow", {"pages": "2-3", "since": "2025-12-31", "until": ""})
    assert "Questions go to pages 2 to 3 of 1 of 1." in html
    page.ask("What lifts?")
    assert (page.scripted.pages, page.scripted.asked[-1][2]) == ((2, 3), (pump,))
    assert (page.kept()[-1].pages, page.kept()[-1].doc_ids) == ((2, 3), (pump,))
    assert "Searched on pages 2 to 3 only." in page.live
    page.ask("What lifts?", session="another")
    assert page.scripted.pages is None
    html = page.act("narrow", {"pages": "", "since": "", "until": "2025-12-31"})
    assert "no document: none was added in that time" in html
    page.ask("What lifts?")
    assert "No document was added in that time" in page.live
    assert "Questions go to all documents" in page.act("all")


def test_what_is_no_page_is_said_so_and_changes_nothing(page):
    page.add()
    page.act("narrow", {"pages": "7"})
    with pytest.warns(UserWarning, match="is no range of pages"):
        assert "page 7 of all documents" in page.act("narrow", {"pages": "9-3"})


def test_stop_closes_the_engine_and_keeps_what_was_written(page):
    page.add()
    asking = threading.Thread(target=page.ask, args=("endless pump?",))
    asking.start()
    while "writing" not in page.live:
        time.sleep(0.02)
    page.events.stop(page.request())
    asking.join(10)
    assert page.scripted.closed == 1
    assert "Stopped." in page.live
    (kept,) = page.kept()
    assert kept.state == "stopped" and kept.said and kept.answer.passages


def test_closing_the_tab_closes_the_engine_and_frees_the_session(page):
    page.add()
    asking = page.events.ask("endless pump?", "", page.request())
    while "writing" not in page.live:
        page.keep(next(asking))
    asking.close()
    assert page.scripted.closed == 1
    assert [exchange.state for exchange in page.kept()] == ["stopped"]
    page.ask("How much?")
    assert [exchange.state for exchange in page.kept()] == ["stopped", "answered"]


def test_tab_closed_at_any_step_frees_the_session_and_leaves_an_ended_exchange(page):
    page.add()
    page.ask("How much does the pump lift?")
    steps = len(page.frames)
    for kept in range(1, steps):
        asking = page.events.ask("How much does the pump lift?", "", page.request())
        page.run(itertools.islice(asking, kept))
        asking.close()
        assert [exchange.state for exchange in page.kept()] in (["stopped"], ["answered"])
    page.conversation = ""
    page.ask("How much?")
    assert [exchange.state for exchange in page.kept()] == ["answered"]


def test_stop_pressed_twice_or_with_nothing_to_stop_does_no_harm(page):
    page.add()
    page.events.stop(page.request())
    asking = threading.Thread(target=page.ask, args=("endless pump?",))
    asking.start()
    while "writing" not in page.live:
        time.sleep(0.02)
    page.events.stop(page.request())
    page.events.stop(page.request())
    asking.join(10)
    assert not asking.is_alive() and page.scripted.closed == 1
    page.ask("How much?")
    assert [exchange.state for exchange in page.kept()] == ["stopped", "answered"]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            LibraryError("The vector index ended by itself (SIGKILL); restart the app."),
            "The vector index ended by itself",
        ),
        (RemoteFailed("The language model server stopped in the middle."), "The language model server stopped"),
        (MemoryError(), "could not be answered (MemoryError)"),
        (RuntimeError("CUDA out of memory at 0x7f, /srv/model"), "could not be answered (RuntimeError)"),
    ],
)
@pytest.mark.parametrize("pieces", [0, 3])
def test_model_or_index_that_fails_costs_one_answer_and_keeps_the_question(page, monkeypatch, error, said, pieces):
    page.add()
    ask = page.scripted.ask

    def failing(*given, **options):
        for number, event in enumerate(ask(*given, **options)):
            if number == pieces:
                raise error
            yield event

    monkeypatch.setattr(page.scripted, "ask", failing)
    page.ask("How much does the pump lift?")
    assert said in page.live and "/srv" not in page.live and "Traceback" not in page.live
    monkeypatch.undo()
    page.ask("How much does the pump lift?")
    assert [(e.question, e.state) for e in page.kept()] == [
        ("How much does the pump lift?", "failed"), ("How much does the pump lift?", "answered"),
    ]  # fmt: skip


def test_questions_and_sessions_leave_no_memory_behind(page):
    page.add()

    def ask_many(first, count):
        for number in range(first, first + count):
            page.conversation, page.frames = "", []
            page.act("select", [next(iter(page.scripted.known))], session=f"s{number}")
            page.ask("How much does the pump lift?", session=f"s{number}")
            page.events.forget(page.request(f"s{number}"))
        gc.collect()
        return resident_kb()

    before = ask_many(0, 60)
    assert ask_many(60, 120) - before < 120 * 10  # kB; one answer's pages alone are more
    assert not page.events._stops and not page.events._where


def resident_kb():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def test_second_question_of_a_session_waits_its_turn(page):
    page.add()
    first = page.events.ask("How much?", "", page.request())
    next(first)
    (frame,) = page.events.ask("Again?", "", page.request())
    assert not any(isinstance(value, str) for value in frame)
    first.close()


def test_retry_replaces_the_last_answer(page):
    page.add()
    page.ask("How much?")
    page.run(page.events.retry(page.conversation, page.request()))
    assert [exchange.question for exchange in page.kept()] == ["How much?"]
    assert len(page.scripted.asked) == 2
    assert page.scripted.asked[-1][1] == ()


def test_errors_are_sentences_and_foreign_ones_tell_nothing_of_the_machine(page):
    page.add()
    page.ask("   ")
    assert page.scripted.conversations.all() == []  # nothing was asked
    page.ask("broken?")
    assert "ZeroDivisionError" in page.live and "/srv" not in page.live
    assert page.kept()[-1].state == "failed"


def test_abstention_shows_the_nearest_passages_with_their_scores(page):
    page.add()
    page.ask("nothing?")
    assert "The nearest passages" in page.live and "score 0.95" in page.live


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
    assert "Loading models…" in next(watching)[0]
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


def test_watch_says_why_loading_failed(tmp_path):
    def fail():
        raise WeightsMissing("No <b>weights</b>.")

    loading = Loading(fail)
    loading.start()
    events = Events(loading, Uploads(loading, Incoming(tmp_path)))
    request = SimpleNamespace(session_hash="s", query_params={"c": "x"})
    banner = list(events.watch(request))[-1][0]
    assert "No &lt;b&gt;weights&lt;/b&gt;." in banner
    *_, failed, last = events.ask("x", "", request)
    assert "No &lt;b&gt;weights&lt;/b&gt;." in failed[3]
    assert last[4]["visible"] is True
    assert not any(isinstance(value, str) for frame in events.arrive(request) for value in frame)


@pytest.mark.parametrize(
    ("action", "value"), [("select", "x"), ("select", None), ("delete", "nobody"), ("dismiss", "x"), ("?", [])]
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
