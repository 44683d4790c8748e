"""Retries, pauses and errors against a real server on this machine."""

import socket
from types import SimpleNamespace

import pytest
from json_server import running
from pydantic import SecretStr

from rag_chat import endpoint
from rag_chat.endpoint import Endpoint
from rag_chat.errors import BadSetting, RemoteFailed

KEY = "sk-verysecret"


@pytest.fixture
def server():
    with running() as found:
        found.respond = lambda path, body: (200, {"said": body["text"]})
        yield found


@pytest.fixture(autouse=True)
def pauses(monkeypatch):
    """Counted, not slept; other threads of this process, Gradio's for one, sleep as they like."""
    slept = []
    monkeypatch.setattr(endpoint, "time", SimpleNamespace(sleep=slept.append))
    return slept


def post(server, path="/v1/x"):
    return Endpoint(f"{server.url}{path}", "reranker", "reranker_url", SecretStr(KEY)).post({"text": "früh"})


def test_json_goes_there_and_back_with_the_key(server):
    assert post(server) == {"said": "früh"}
    assert server.asked == [("/v1/x", {"text": "früh"}, f"Bearer {KEY}")]


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again_after_growing_pauses(server, pauses, status):
    server.first = [(status, {})] * 3
    assert post(server) == {"said": "früh"}
    assert len(server.asked) == 4
    assert len(pauses) == 3
    assert 0.375 <= pauses[0] <= 0.5 and 0.75 <= pauses[1] <= 1.0 and 1.5 <= pauses[2] <= 2.0


def test_a_servers_own_wish_is_kept_to_but_not_for_ever(server, pauses):
    server.first, server.headers = [(429, {})], {"Retry-After": "7"}
    post(server)
    assert 5.25 <= pauses[0] <= 7
    server.first, server.headers = [(429, {})], {"Retry-After": "86400"}
    post(server)
    assert pauses[1] <= endpoint.LONGEST_PAUSE
    server.first, server.headers = [(429, {})], {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}
    post(server)
    assert pauses[2] <= 0.5


def test_in_the_end_the_status_is_named(server):
    server.respond = lambda path, body: (503, {})
    with pytest.raises(
        RemoteFailed, match=r"The reranker server at http.* answered with status 503, which may pass; wait"
    ) as caught:
        post(server)
    assert len(server.asked) == endpoint.TRIES
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("status", [302, 400, 401, 404, 413])
def test_what_will_not_pass_is_not_tried_again(server, pauses, status):
    server.first = [(status, b"<html>no</html>")]
    with pytest.raises(RemoteFailed, match=f"status {status}"):
        post(server)
    assert (len(server.asked), pauses) == (1, [])


def test_what_is_no_json_fails_in_one_sentence(server):
    server.first = [(200, b"<html>Sign in</html>")]
    with pytest.raises(RemoteFailed, match="sent something that is no JSON; check"):
        post(server)


def test_nothing_listens(pauses):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    with pytest.raises(RemoteFailed, match=r"cannot be reached \(ConnectError\); is it running\? Leave .*reranker_url"):
        Endpoint(url, "reranker", "reranker_url").post({})
    assert len(pauses) == endpoint.TRIES - 1


@pytest.mark.parametrize("url", ["http://[", "http://127.0.0.1:99999"])
def test_an_address_that_is_none(url):
    with pytest.raises(RemoteFailed, match="cannot be reached"):
        Endpoint(url, "reranker", "reranker_url").post({})


@pytest.mark.parametrize("url", ["localhost:1/v1", "ftp://127.0.0.1/v1", ""])
def test_an_address_of_another_kind_is_tried_once(url, pauses):
    with pytest.raises(RemoteFailed, match="must begin with http:// or https://"):
        Endpoint(url, "reranker", "reranker_url").post({})
    assert pauses == []


@pytest.mark.parametrize("key", ["schl\u00fcssel", "two\nlines"])
def test_a_key_that_no_header_can_hold_is_refused_unseen(key):
    with pytest.raises(BadSetting, match="no key can have") as refused:
        Endpoint("http://127.0.0.1:1", "reranker", "reranker_url", SecretStr(key))
    assert key not in str(refused.value)


def test_the_key_is_no_part_of_what_is_shown(server):
    assert KEY not in repr(vars(Endpoint(server.url, "reranker", "reranker_url", SecretStr(KEY))))
