"""A question on the page: streaming, stopping, retrying, failing, and what a session may do at once."""

from __future__ import annotations

import gc
import itertools
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from scripted_engine import ScriptedBackend
from scripted_events import Page

from rag_chat.errors import LibraryError, RemoteFailed


def test_answer_streams_is_kept_and_ends_with_citations(page):
    page.add()
    page.ask("How much does the pump lift?")
    shown = [frame[3] for frame in page.frames if isinstance(frame[3], str)]
    assert "Looking for passages" in shown[0]
    assert any("Reading 1 passage…" in html and 'data-found="yes"' in html for html in shown)
    assert any("writing" in html for html in shown)
    assert 'data-card="source-1-1"' in shown[-1]
    assert [frame[0] for frame in page.frames if isinstance(frame[0], str)] == [""]  # the question box is emptied once
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
    again.arrive(c=page.conversation)
    assert again.conversation == page.conversation
    assert 'data-card="source-1-1"' in again.past and "How much does the pump lift?" in again.past
    again.ask("And who says so?")
    assert [exchange.number for exchange in again.kept()] == [1, 2]
    again.loading.close()


def test_address_without_or_with_an_unknown_conversation(page):
    page.arrive()
    assert page.past == ""
    page.arrive(c="<img src=x>")
    assert "not in the library" in page.past and "<img" not in page.past
    page.ask("How much?")
    assert page.conversation and len(page.kept()) == 1


def test_opening_another_conversation_stops_the_question_and_shows_its_own_exchanges(page):
    page.add()
    page.ask("How much?")
    first = page.conversation
    page.go()
    assert (page.conversation, page.past, page.live) == ("", "", "")
    asking = threading.Thread(target=page.ask, args=("endless pump?",))
    asking.start()
    while not page.scripted.conversations.all("endless"):
        time.sleep(0.02)
    page.go(first)
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
    for doc_id, on in ((first, True), (second, True), (first, False)):
        page.act("tick", {"id": doc_id, "on": on})
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
    assert not page.events._running and not page.events._where


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


def test_a_click_between_the_answer_and_its_end_counts(page):
    page.add()
    asking = page.events.ask("How much?", "", page.request())
    while page.conversation == "" or page.kept()[-1].state == "asking":
        page.keep(next(asking))  # the answer can be read, and the next question be asked
    again = threading.Thread(target=lambda: page.acted(action="afresh", turn="1"))
    again.start()
    time.sleep(0.2)
    assert len(page.scripted.asked) == 1  # not beside the first one
    page.run(asking)
    again.join(10)
    assert [exchange.question for exchange in page.kept()] == ["How much?"]
    assert len(page.scripted.asked) == 2


def test_asked_again_the_new_answer_takes_the_place_of_the_last_one(page):
    page.add()
    page.ask("How much?")
    page.acted(action="afresh", turn="1")
    assert [(exchange.number, exchange.question) for exchange in page.kept()] == [(2, "How much?")]
    assert len(page.scripted.asked) == 2
    assert page.scripted.asked[-1][1] == ()
    assert 'data-turn="1"' not in page.past and 'data-turn="2"' in page.live


def test_asked_again_the_old_answer_stays_until_the_new_one_is_there(page):
    page.add()
    page.ask("How much?")
    number = page.scripted.conversations.ask(page.conversation, "endless pump?")
    page.scripted.conversations.keep(page.conversation, number, "answered", answer=page.kept()[0].answer)
    pressed = SimpleNamespace(_data={"action": "afresh", "turn": "2"})
    for frame in page.events.acted(pressed, page.conversation, page.request()):
        page.keep(frame)
        assert 'data-turn="2"' in page.past
        if "writing" in page.live:
            page.events.stop(page.request())
    kept = [(exchange.number, exchange.state) for exchange in page.kept()]
    assert kept == [(1, "answered"), (2, "answered"), (3, "stopped")]


def test_asked_again_an_answer_that_was_rated_or_followed_stays(page):
    page.add()
    page.ask("How much?")
    page.scripted.conversations.vote(page.conversation, 1, "", 1)
    page.acted(action="afresh", turn="1")
    page.acted(action="afresh", turn="1")  # as another tab shows it
    assert [exchange.number for exchange in page.kept()] == [1, 2, 3]
    assert page.kept()[0].votes == {"": 1}


def test_a_question_that_could_go_nowhere_is_kept_and_is_the_one_that_is_asked_again(page):
    page.add()
    page.ask("How much?")
    page.act("narrow", {"since": "2999-01-01"})
    page.acted(action="afresh", turn="1")
    page.ask("Who says so?")
    assert "No document was added in that time" in page.live
    page.act("all")
    page.acted(action="afresh", turn="3")
    kept = [(exchange.number, exchange.question, exchange.state) for exchange in page.kept()]
    assert kept == [
        (1, "How much?", "answered"),
        (2, "How much?", "failed"),
        (4, "Who says so?", "answered"),
    ]


def test_what_was_ticked_and_deleted_in_another_tab_is_not_taken_for_all(page):
    pump = page.add()
    page.add("tide.pdf", "The tide rises.")
    page.act("tick", {"id": pump, "on": True})
    page.act("delete", pump, session="another")
    page.ask("What rises?")
    assert "no longer in the library" in page.live and page.scripted.asked == []


def test_a_conversation_that_is_deleted_while_it_answers_says_so(page):
    page.add()
    for frame in page.events.ask("How much?", "", page.request()):
        page.keep(frame)
        if "writing" in page.live and page.conversation and page.scripted.conversations.get(page.conversation):
            page.scripted.conversations.delete(page.conversation)
    assert page.conversation == "" and "not in the library" in page.past
    assert page.scripted.conversations.all() == []


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
