"""The remote generator against a real server on this machine."""

import socket

import httpx
import pytest
from chat_server import event, running
from pydantic import SecretStr

from rag_chat import endpoint
from rag_chat.errors import RemoteFailed
from rag_chat.generation import remote
from rag_chat.generation.remote import RemoteGenerator
from rag_chat.types import Brief

BRIEF = Brief("When?", (), ())
KEY = "sk-verysecret"


WHOLE = [
    b": a comment\n\n",
    b'data: {"choices": [{"delta": {"role": "assistant"}}]}\n\n',
    event("At "),
    event("five – früh."),
    event(None, "stop"),
    b'data: {"choices": [], "usage": {"total_tokens": 9}}\n\n',
    b"data: [DONE]\n\n",
    event("never"),
]


@pytest.fixture
def server():
    with running() as started:
        yield started


def generator(url, key=KEY):
    return RemoteGenerator(url, "a-model", lambda brief: ("Be brief.", brief.question), key=SecretStr(key), most=33)


def test_the_text_comes_in_pieces_as_it_is_sent(server):
    server.parts = WHOLE
    assert list(generator(server.url).generate(BRIEF)) == ["At ", "five – früh."]


def test_the_request_is_openais_with_temperature_zero(server):
    server.parts = WHOLE
    list(generator(f"{server.url}/").generate(BRIEF))
    path, headers, body = server.requests[0]
    assert path == "/v1/chat/completions"
    assert headers["Authorization"] == f"Bearer {KEY}"
    assert body == {
        "model": "a-model",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "When?"}],
        "temperature": 0,
        "max_tokens": 33,
        "stream": True,
    }


def test_a_server_that_ends_with_a_reason_instead_of_done_is_believed(server):
    server.parts = [event("At five."), event(None, "length")]
    assert list(generator(server.url).generate(BRIEF)) == ["At five."]


@pytest.fixture
def hasty(monkeypatch):
    monkeypatch.setattr(endpoint, "FIRST_PAUSE", 0.01)


def test_a_server_that_is_busy_for_a_moment_is_asked_again(server, hasty):
    server.busy, server.parts = (429, 503), WHOLE
    assert list(generator(server.url).generate(BRIEF)) == ["At ", "five – früh."]
    assert len(server.requests) == 3


def test_a_server_that_wants_to_be_left_alone_for_long_is_told_of_at_once(server, hasty):
    server.status, server.wanted = 429, "30"
    with pytest.raises(RemoteFailed, match="status 429, which may pass; wait"):
        list(generator(server.url).generate(BRIEF))
    assert len(server.requests) == 1


def test_a_server_that_stays_busy_is_given_up(server, hasty):
    server.status, server.parts = 429, [b"{}"]
    with pytest.raises(RemoteFailed, match="status 429, which may pass"):
        list(generator(server.url).generate(BRIEF))
    assert len(server.requests) == endpoint.TRIES


@pytest.mark.parametrize("status", [401, 404, 500, 302])
def test_another_status_is_named(server, hasty, status):
    server.status, server.parts = status, [b'{"error": "no"}']
    advice = ", which may pass; wait" if status == 500 else "; check its address"
    with pytest.raises(RemoteFailed, match=f"status {status}{advice}") as caught:
        list(generator(server.url).generate(BRIEF))
    assert KEY not in str(caught.value)
    assert len(server.requests) == (endpoint.TRIES if status == 500 else 1)


def cut_inside_the_promised_length(server):
    server.promised, server.parts = 10_000, WHOLE[:3]


def cut_at_the_end_of_a_piece(server):
    server.parts = WHOLE[:3]


@pytest.mark.parametrize("cut", [cut_inside_the_promised_length, cut_at_the_end_of_a_piece])
def test_a_stream_that_is_cut_is_no_whole_answer(server, cut):
    cut(server)
    pieces = generator(server.url).generate(BRIEF)
    assert next(pieces) == "At "
    with pytest.raises(RemoteFailed):
        next(pieces)


@pytest.mark.parametrize(
    "parts",
    [
        [b"<html><body>Sign in</body></html>"],
        [],
        [b"data: <html>\n\n"],
        [b'data: {"error": {"message": "overloaded"}}\n\n'],
        [b"data: [1, 2]\n\n"],
        [b'data: {"choices": [{"delta": null}]}\n\n'],
    ],
)
def test_what_is_no_chat_stream_fails_in_one_sentence(server, parts):
    server.parts = parts
    with pytest.raises(RemoteFailed, match=server.url) as caught:
        list(generator(server.url).generate(BRIEF))
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


def test_a_server_that_falls_silent_is_given_up(server, monkeypatch):
    monkeypatch.setattr(remote, "TIMEOUT", httpx.Timeout(0.3))
    server.parts, server.pause = [event("At ")] * 2, 1.0
    pieces = generator(server.url).generate(BRIEF)
    assert next(pieces) == "At "
    with pytest.raises(RemoteFailed, match=r"cannot be reached \(ReadTimeout\)"):
        next(pieces)


def test_nothing_listens():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
    with pytest.raises(RemoteFailed, match=r"cannot be reached \(ConnectError\); is it running\?"):
        list(generator(url).generate(BRIEF))


@pytest.mark.parametrize("url", ["localhost:8000/v1", "ftp://127.0.0.1/v1", "http://[", "", "http://127.0.0.1:99999"])
def test_an_address_that_is_none(url):
    with pytest.raises(RemoteFailed):
        list(generator(url).generate(BRIEF))


def test_closing_the_answer_closes_the_connection(server):
    server.parts, server.pause = [event("word ")] * 500, 0.01
    pieces = generator(server.url).generate(BRIEF)
    assert next(pieces) == "word "
    pieces.close()
    assert server.dropped.wait(2)


def test_the_key_is_no_part_of_what_is_shown(server):
    assert KEY not in repr(vars(generator(server.url)))
