"""The local model in its own process, killed, stopped and hung in the midst of an answer; the installed model runs."""

import os
import signal
import time
from contextlib import closing

import pytest
from briefs import BRIEF, WRITERS, long_story

from rag_chat import weights
from rag_chat.config import Settings
from rag_chat.errors import ModelFailed, RagChatError
from rag_chat.generation import apart
from rag_chat.generation.apart import GeneratorApart
from rag_chat.generation.dense_copy import dense_copy
from rag_chat.weights import Weights

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def generator():
    found = weights.find("SmolLM2-135M-Instruct", offline=True)
    return GeneratorApart(found, WRITERS, cache=Settings().cache, most=60)


def test_it_answers_in_pieces_and_says_whether_it_is_trusted(generator):
    pieces = list(generator.generate(BRIEF))
    assert len(pieces) > 1 and "five" in "".join(pieces)
    assert generator.name == "SmolLM2-135M-Instruct" and generator.trusted is False


@pytest.fixture(scope="module")
def talker():
    """The same model without this project's adapter, asked for a long story."""
    copy = dense_copy(weights.find("SmolLM2-135M-Instruct", offline=True).path, Settings().cache)
    return GeneratorApart(weights.find(str(copy)), (long_story,) * 2, cache=Settings().cache, most=1000)


@pytest.mark.parametrize(
    ("sign", "said"),
    [(signal.SIGKILL, "was ended by the system, as happens where memory runs out; close"), (signal.SIGSEGV, "SIGSEGV")],
)
def test_one_that_dies_ends_its_answer_with_a_sentence_and_the_next_has_a_fresh_one(talker, sign, said):
    before = talker._ready().pid
    with closing(talker.generate(BRIEF)) as pieces, pytest.raises(ModelFailed, match=said):
        next(pieces)
        os.kill(before, sign)
        list(pieces)
    with closing(talker.generate(BRIEF)) as pieces:
        assert next(pieces)
    assert talker._child.pid != before


def test_one_that_died_between_two_questions_is_told_and_then_replaced(generator):
    os.kill(generator._ready().pid, signal.SIGKILL)
    with pytest.raises(ModelFailed, match="ask again"):
        list(generator.generate(BRIEF))
    assert "five" in "".join(generator.generate(BRIEF))


def test_one_that_hangs_is_given_up_and_replaced(generator, monkeypatch):
    before = generator._ready().pid
    os.kill(before, signal.SIGSTOP)
    monkeypatch.setattr(apart, "PATIENCE_S", 1.0)
    with pytest.raises(ModelFailed, match="wrote nothing for 1 s; ask again"):
        list(generator.generate(BRIEF))
    monkeypatch.undo()
    assert not os.path.exists(f"/proc/{before}")
    assert "five" in "".join(generator.generate(BRIEF))


def test_an_answer_that_is_stopped_leaves_the_model_as_it_was(talker):
    with closing(talker.generate(BRIEF)) as pieces:
        first = [next(pieces), next(pieces)]
        before, started = talker._child.pid, time.monotonic()
    assert time.monotonic() - started < 4
    with closing(talker.generate(BRIEF)) as pieces:
        assert [next(pieces), next(pieces)] == first
    assert talker._child.pid == before


def test_ctrl_c_while_an_answer_is_stopped_leaves_nothing_of_it_to_the_next(talker, monkeypatch):
    with closing(talker.generate(BRIEF)) as pieces:
        first = [next(pieces), next(pieces)]
    pieces = talker.generate(BRIEF)
    next(pieces)
    said = talker._said
    monkeypatch.setattr(talker, "_said", lambda *_: signal.raise_signal(signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        pieces.close()
    monkeypatch.setattr(talker, "_said", said)
    with closing(talker.generate(BRIEF)) as pieces:
        assert [next(pieces), next(pieces)] == first


def test_an_error_of_ours_comes_through_with_its_own_words(tmp_path):
    (tmp_path / "adapter_config.json").write_text('{"base_model_name_or_path": "no-such-base"}')
    made = GeneratorApart(Weights("adapter", "folder", tmp_path), WRITERS, cache=tmp_path, most=8)
    with pytest.raises(RagChatError, match="No model 'no-such-base' is here"):
        _ = made.trusted


def test_what_cannot_be_loaded_is_said_where_it_is_waited_for(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    made = GeneratorApart(Weights("broken", "folder", tmp_path), WRITERS, cache=tmp_path, most=8)
    with pytest.raises(ModelFailed, match="The language model 'broken' cannot be loaded"):
        _ = made.trusted


def test_one_that_is_still_loading_keeps_nobody_waiting_who_wants_to_end():
    found = weights.find("SmolLM2-135M-Instruct", offline=True)
    made = GeneratorApart(found, WRITERS, cache=Settings().cache, most=8)
    started = time.monotonic()
    del made
    assert time.monotonic() - started < 0.5


def test_it_goes_with_whoever_made_it():
    found = weights.find("SmolLM2-135M-Instruct", offline=True)
    made = GeneratorApart(found, WRITERS, cache=Settings().cache, most=8)
    child = made._ready().pid
    del made
    assert not os.path.exists(f"/proc/{child}")
