"""The remote embedder against a server that speaks OpenAI's embeddings API."""

import numpy as np
import pytest
from fakes import HashEmbedder
from json_server import running

from rag_chat import weights
from rag_chat.endpoint import Endpoint
from rag_chat.errors import RemoteFailed
from rag_chat.index.remote_embedder import AT_ONCE, PROBE, RemoteEmbedder

TEXTS = [f"Ship {i} carried grain to the quay." for i in range(AT_ONCE + 3)]


def openai(path, body):
    vectors = 3.0 * HashEmbedder().encode_passages(body["input"])
    rows = [{"object": "embedding", "index": i, "embedding": v.tolist()} for i, v in enumerate(vectors)]
    return 200, {"object": "list", "data": rows[::-1], "model": body["model"], "usage": {"total_tokens": 9}}


@pytest.fixture
def server():
    with running() as found:
        found.respond = openai
        yield found


def make(server):
    vocabulary = weights.find("all-MiniLM-L6-v2").path / "tokenizer.json"
    endpoint = Endpoint(f"{server.url}/v1/embeddings", "embedding", "embedder_url")
    return RemoteEmbedder(endpoint, "text-embedding-ada-002", vocabulary)


def test_the_length_of_the_vectors_is_asked_once(server):
    made = make(server)
    assert (made.name, made.dimension) == ("text-embedding-ada-002", 64)
    wanted = {"model": "text-embedding-ada-002", "input": [PROBE], "encoding_format": "float"}
    assert server.asked == [("/v1/embeddings", wanted, "")]


def test_vectors_are_of_unit_length_and_in_the_order_given(server):
    told, made = [], make(server)
    vectors = made.encode_passages(TEXTS, told.append)
    assert np.allclose(vectors, HashEmbedder().encode_passages(TEXTS), atol=1e-6)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1)
    assert told == [AT_ONCE, AT_ONCE + 3]
    assert np.allclose(made.encode_query(TEXTS[7]), vectors[7], atol=1e-6)
    assert made.encode_passages([]).shape == (0, 64)


def test_an_empty_text_is_sent_as_something(server):
    make(server).encode_passages(["", "grain"])
    assert server.asked[-1][1]["input"] == [".", "grain"]


def test_chunks_are_measured_in_word_pieces(server):
    assert make(server).token_counts(["grain", "", "the tide gate " * 500]) == [1, 0, 1500]


def row(index, embedding):
    return {"index": index, "embedding": embedding}


@pytest.mark.parametrize(
    "data",
    [
        [row(0, [1.0] * 64)],  # one for two
        [row(0, [1.0] * 64), row(1, [1.0] * 63)],
        [row(0, [1.0] * 32), row(1, [1.0] * 32)],  # another model than at the start
        [row(0, [float("nan")] * 64), row(1, [1.0] * 64)],
        [row(0, [0.0] * 64), row(1, [1.0] * 64)],
        [row(0, "AAAA"), row(1, "AAAA")],
        [{"embedding": [1.0]}],
        None,
    ],
)
def test_what_are_no_embeddings_of_the_texts_fails_in_one_sentence(server, data):
    made = make(server)
    server.respond = lambda path, body: (200, {"data": data})
    with pytest.raises(RemoteFailed, match=r"The embedding server at .* sent .*check its address and its log\.$"):
        made.encode_passages(TEXTS[:2])
