"""What asks nothing gets one friendly sentence; everything else is searched for, in whatever script it is written."""

from __future__ import annotations

import pytest
from fakes import ScriptedGenerator
from tide_gate import GATE, QUESTION, answer_of

from rag_chat.chat.small_talk import REPLY, asks_nothing
from rag_chat.generation.quoting import QuotingGenerator
from rag_chat.types import Finished, Turn

PUMP = Turn("What is the guarantee period of the circulation pump?", "Thirty months.")


@pytest.mark.parametrize(
    "said",
    "Thanks!|thank you very much|Thanks for your help.|OK|No, that’s all, thanks|Hello?|?|…|👍🏽|Good morning|谢谢！"
    "|Спасибо|ありがとうございます。".split("|"),
)
def test_courtesies_and_signs_ask_nothing(said):
    assert asks_nothing(said, [])
    assert asks_nothing(said, [PUMP])


@pytest.mark.parametrize(
    "asked",
    "What is this about?|What is it?|Is it good?|Who is she?|Thanks, and in 2019?|2019?|E31?|Yes, but why?|tides"
    "|Okay, who chairs the board?|Was ist das?|这是关于什么的？|什么？|ما هذا؟|यह क्या है?|นี่คืออะไร".split("|"),
)
def test_what_asks_for_something_is_searched(asked):
    assert not asks_nothing(asked, [])
    assert not asks_nothing(asked, [PUMP])


def test_a_bare_why_asks_for_something_only_after_something_was_said():
    assert asks_nothing("Why?", []) and asks_nothing("what", [])
    assert not asks_nothing("Why?", [PUMP])


def test_the_reply_comes_alone_and_nothing_was_searched(engine):
    (last,) = engine(ScriptedGenerator()).ask(
        "Thanks!", [Turn(QUESTION, GATE)]
    )  # a generator that was asked would fail
    assert isinstance(last, Finished)
    answer = last.answer
    assert (answer.text, answer.abstained, answer.standalone_question) == (REPLY, True, "")
    assert answer.passages == answer.candidates == answer.citations == ()


def test_a_question_after_thanks_follows_the_one_before_them(engine):
    said = [Turn("Where is grain moved?", "By rail.", "Where is grain moved?"), Turn("Thanks!", REPLY)]
    found = answer_of(engine(QuotingGenerator()), "And in 2021, how many tons?", said)
    assert found.standalone_question == "Where is grain moved? And in 2021, how many tons?"
    assert answer_of(engine(QuotingGenerator()), "Why?", [Turn("Hi", REPLY)]).text == REPLY
