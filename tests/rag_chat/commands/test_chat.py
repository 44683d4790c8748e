"""The conversation in a terminal over a scripted engine: what is shown, what is remembered, what ends."""

import io
import sys

import pytest

from rag_chat.commands import chat
from rag_chat.commands.answering import shown
from rag_chat.errors import BadQuestion
from rag_chat.types import Answer, Candidate, Chunk, Citation, Finished, Passage, Retrieved, Sentence, Span, Token

CHUNK = Chunk("c1", "d1", 0, (Span(3, 0, 16),), "", "Pumps move heat.")
PASSAGE = Passage(1, Candidate(CHUNK, "pump.pdf", "iii", 1, 0.9, 2, 0.5))
CITATION = Citation(1, "pump.pdf", "d1", 3, "iii", "Pumps move heat.", 0, 16, (), 0.9, True)


class Engine:
    """Answers everything alike; refuses "too long", is interrupted by "stop"."""

    def __init__(self):
        self.asked = []

    def ask(self, question, history=(), *, doc_ids=None):
        self.asked.append((question, [turn.question for turn in history], doc_ids))
        if question == "too long":
            raise BadQuestion("The question has too many characters.")
        yield Retrieved(question, (PASSAGE,), ())
        if question == "stop":
            raise KeyboardInterrupt
        yield Token("Pumps move heat. ")
        sentences = (Sentence("Pumps move heat.", 0, True),)
        answer = Answer(
            question, question, "Pumps move heat. [1]", False, sentences, (CITATION,), (PASSAGE,),
            seconds={"embed": 0.01, "rerank": 0.2, "total": 0.5},
        )  # fmt: skip
        yield Finished(answer)


@pytest.fixture
def talk(monkeypatch, capfd):
    def run(*lines, doc_ids=None):
        engine = Engine()
        monkeypatch.setattr(sys, "stdin", io.StringIO("\n".join(lines)))
        chat._converse(engine, ["pump.pdf", "bad\x1b[31m.pdf"], doc_ids)
        return engine.asked, capfd.readouterr()

    return run


def test_an_answer_is_shown_with_document_page_quote_and_times(capfd):
    shown(Engine().ask("what moves heat?"))
    out = capfd.readouterr().out
    assert "Pumps move heat. [1]" in out
    assert "[1] pump.pdf, page iii (3 of the file)" in out
    assert "“Pumps move heat.”" in out
    assert "rerank 0.20 s" in out and "total 0.50 s" in out


def test_each_question_knows_the_ones_before_until_new(talk):
    asked, _ = talk("one", "two", "/new", "three")
    assert asked == [("one", [], None), ("two", ["one"], None), ("three", [], None)]


def test_the_choice_of_documents_holds_for_every_question(talk):
    asked, _ = talk("one", "two", doc_ids=["d1"])
    assert [doc_ids for *_, doc_ids in asked] == [["d1"], ["d1"]]


def test_quit_ends_and_blank_lines_ask_nothing(talk):
    asked, _ = talk("", "  ", "/quit", "never asked")
    assert asked == []


def test_a_refused_or_stopped_question_ends_itself_not_the_conversation(talk):
    asked, printed = talk("too long", "stop", "one")
    assert [question for question, *_ in asked] == ["too long", "stop", "one"]
    assert asked[-1][1] == []  # neither became part of the conversation
    assert "too many characters" in printed.err and "Stopped." in printed.err


def test_unknown_commands_show_the_help_and_names_cannot_drive_the_terminal(talk):
    _, printed = talk("/what", "/documents")
    assert "/quit leaves" in printed.err
    assert "pump.pdf" in printed.out and "\x1b" not in printed.out
