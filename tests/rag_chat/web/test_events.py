"""A question on the page: streaming, stopping, retrying, failing, and what a session may do at once."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace

import pytest
from reportlab.pdfgen import canvas
from scripted_engine import ScriptedBackend

from rag_chat.errors import WeightsMissing
from rag_chat.web.backend import Loading
from rag_chat.web.events import Events, Sample, Talk
from rag_chat.web.uploads import Uploads


class Page:
    """The events over a scripted engine, and the components' values as the browser would hold them."""

    def __init__(self, tmp_path, *, start=True):
        self.scripted = ScriptedBackend()
        self.loading = Loading(self.scripted.backend)
        self.tmp_path = tmp_path
        self.uploads = Uploads(self.loading)
        self.events = Events(self.loading, self.uploads, [Sample(tmp_path / "pump.pdf", ("How strong is the pump?",))])
        self.talk = Talk()
        self.frames: list[tuple] = []
        if start:
            self.loading.start()
            self.loading.wait(5)

    def add(self, name="pump.pdf", text="The pump lifts 40 litres a minute."):
        path = self.tmp_path / name
        sheet = canvas.Canvas(str(path))
        sheet.drawString(72, 700, text)
        sheet.save()
        return self.scripted.add(path, name, lambda step: None).doc_id

    def request(self, session="s"):
        return SimpleNamespace(session_hash=session)

    def ask(self, question, session="s"):
        for frame in self.events.ask(question, self.talk, self.request(session)):
            self.keep(frame)

    def keep(self, frame):
        self.frames.append(frame)
        if isinstance(frame[1], Talk):
            self.talk = frame[1]

    def act(self, action, value=None, session="s"):
        event = SimpleNamespace(_data={"action": action, "value": value})
        return self.events.documents_acted(event, self.request(session))


@pytest.fixture
def page(tmp_path):
    made = Page(tmp_path)
    yield made
    made.loading.close()


def test_answer_streams_and_ends_with_citations_and_sources(page):
    page.add()
    page.ask("How much does the pump lift?")
    conversations = [frame[2] for frame in page.frames if isinstance(frame[2], str)]
    assert "Looking for passages" in conversations[0]
    assert any("writing" in html for html in conversations)
    assert 'data-card="source-1-1"' in conversations[-1]
    sources = [frame[3] for frame in page.frames if isinstance(frame[3], str)]
    assert "Reading 1 passages" in sources[0]
    assert ">supported<" in sources[-1]
    assert page.frames[0][0] == ""  # the question box is emptied
    assert page.frames[0][5]["visible"] is True and page.frames[-1][5]["visible"] is False  # the stop button


def test_earlier_turns_are_handed_to_the_engine_and_their_sources_stay(page):
    page.add()
    page.ask("How much does the pump lift?")
    page.ask("And who says so?")
    _, history, _ = page.scripted.asked[-1]
    assert [turn.question for turn in history] == ["How much does the pump lift?"]
    sources = [frame[3] for frame in page.frames if isinstance(frame[3], str)][-1]
    assert 'id="source-1-1"' in sources and 'id="source-2-1"' in sources


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


def test_stop_closes_the_engine_and_keeps_what_was_written(page):
    page.add()
    stopped = threading.Timer(0.5, page.events.stop, [page.request()])
    stopped.start()
    page.ask("slow pump?")
    assert page.scripted.closed == 1
    assert "Stopped." in [frame[2] for frame in page.frames if isinstance(frame[2], str)][-1]
    assert page.talk.exchanges[-1].text


def test_closing_the_tab_closes_the_engine_and_frees_the_session(page):
    page.add()
    asking = page.events.ask("slow pump?", page.talk, page.request())
    while not page.talk.exchanges or not page.talk.exchanges[-1].text:
        page.keep(next(asking))
    asking.close()
    assert page.scripted.closed == 1
    page.ask("How much?")
    assert page.talk.exchanges[-1].answer is not None


def test_second_question_of_a_session_waits_its_turn(page):
    page.add()
    first = page.events.ask("How much?", page.talk, page.request())
    next(first)
    (frame,) = page.events.ask("Again?", page.talk, page.request())
    assert not any(isinstance(value, Talk) for value in frame)
    first.close()


def test_retry_replaces_the_last_answer(page):
    page.add()
    page.ask("How much?")
    for frame in page.events.retry(page.talk, page.request()):
        page.keep(frame)
    assert [exchange.question for exchange in page.talk.exchanges] == ["How much?"]
    assert len(page.scripted.asked) == 2
    assert page.scripted.asked[-1][1] == ()


def test_errors_are_sentences_and_foreign_ones_tell_nothing_of_the_machine(page):
    page.add()
    page.ask("   ")
    assert page.talk.exchanges[-1].error.startswith("The question is empty")
    page.ask("broken?")
    assert "ZeroDivisionError" in page.talk.exchanges[-1].error
    assert "/srv" not in page.frames[-2][2]


def test_abstention_shows_the_nearest_passages(page):
    page.add()
    page.ask("nothing?")
    assert "nearest passages" in [frame[3] for frame in page.frames if isinstance(frame[3], str)][-1]


def test_clear_forgets_the_conversation(page):
    page.add()
    page.ask("How much?")
    talk, thread, sources = page.events.clear(page.request())
    assert talk == Talk()
    assert "How strong is the pump?" in thread  # the example of a document that is here
    assert "source-1" not in sources


def test_question_while_loading_waits_and_is_answered(tmp_path):
    page = Page(tmp_path, start=False)
    threading.Timer(0.6, page.loading.start).start()
    page.ask("How much?")
    assert any("Loading models…" in frame[2] for frame in page.frames if isinstance(frame[2], str))
    assert page.talk.exchanges[-1].answer is not None
    page.loading.close()


def test_watch_shows_loading_then_documents_then_ends(tmp_path):
    page = Page(tmp_path, start=False)
    page.add()
    threading.Timer(0.6, page.loading.start).start()
    frames = list(page.events.watch(Talk(), page.request()))
    assert "Loading models…" in frames[0][0]
    assert frames[-1][0] == ""
    assert "pump.pdf" in frames[-1][1]
    assert "How strong is the pump?" in frames[-1][2]
    page.loading.close()


def test_watch_says_why_loading_failed(tmp_path):
    def fail():
        raise WeightsMissing("No <b>weights</b>.")

    loading = Loading(fail)
    loading.start()
    events = Events(loading, Uploads(loading))
    banner = list(events.watch(Talk(), SimpleNamespace(session_hash="s")))[-1][0]
    assert "No &lt;b&gt;weights&lt;/b&gt;." in banner
    (*_, last) = events.ask("x", Talk(), SimpleNamespace(session_hash="s"))
    assert last[4]["visible"] is True


@pytest.mark.parametrize(
    ("action", "value"), [("select", "x"), ("select", None), ("delete", "nobody"), ("dismiss", "x"), ("?", [])]
)
def test_nonsense_from_the_browser_changes_nothing(page, action, value):
    doc_id = page.add()
    page.act(action, value)
    assert doc_id in page.scripted.known


def test_samples_are_ingested_and_kept(page):
    path = page.tmp_path / "pump.pdf"
    page.add()
    page.scripted.known.clear()
    page.act("samples")
    end = time.monotonic() + 5
    while page.uploads.busy() and time.monotonic() < end:
        time.sleep(0.02)
    assert path.exists()
    assert [document.name for document in page.scripted.known.values()] == ["pump.pdf"]
