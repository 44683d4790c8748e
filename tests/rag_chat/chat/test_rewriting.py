"""Follow-ups written anew by a model behind a server, scripted on this machine."""

from __future__ import annotations

import time

import pytest
from chat_server import event, running
from fakes import ScriptedGenerator

from rag_chat.chat import prompt
from rag_chat.chat.rewriting import LONGEST, rewritten
from rag_chat.generation.quoting import QuotingGenerator
from rag_chat.generation.remote import RemoteGenerator
from rag_chat.types import Turn

BEFORE = [Turn(f"Question {n}?", f"Answer {n}. " + "x" * 500) for n in range(5)]
DONE = b"data: [DONE]\n\n"


@pytest.fixture
def server():
    with running() as started:
        yield started


def ask(server, seconds=5.0):
    generator = RemoteGenerator(server.url, "a-model", prompt.from_passages)
    return rewritten("How is that indexed?", BEFORE, generator, seconds)


def test_a_model_is_shown_the_last_turns_and_its_line_is_the_question(server):
    server.parts = [event("“How is the rent "), event("of the lease indexed?”\n"), event("Because it asks."), DONE]
    assert ask(server) == "How is the rent of the lease indexed?"
    ((_, _, body),) = server.requests
    system, user = (message["content"] for message in body["messages"])
    assert system == prompt.REWRITE_INSTRUCTIONS
    assert user.startswith("Question: Question 2?\nAnswer: Answer 2.") and len(user) < 1200
    assert user.endswith("\n\nNew question: How is that indexed?")


def test_a_model_that_is_late_is_not_waited_for_and_is_stopped(server):
    server.parts, server.pause = [event("How ")] * 50, 0.1
    started = time.monotonic()
    assert ask(server, seconds=0.2) == ""
    assert time.monotonic() - started < 2
    assert server.dropped.wait(5)


@pytest.mark.parametrize(
    ("status", "parts"), [(500, []), (200, [event(" \n "), DONE]), (200, [event("How " * LONGEST), DONE]), (200, [])]
)
def test_what_is_no_question_is_done_without(server, status, parts):
    server.status, server.parts = status, parts
    assert ask(server) == ""


def test_quotes_cannot_write_a_question():
    assert rewritten("How is that indexed?", BEFORE, QuotingGenerator()) == ""


def test_the_model_is_closed_after_its_line():
    generator = ScriptedGenerator().enqueue("How is the rent indexed?\n", "And", "so", "on.")
    assert rewritten("How is that indexed?", BEFORE, generator) == "How is the rent indexed?"
    assert generator.closed == 1
