"""A model behind an OpenAI-compatible URL: llama.cpp, vLLM, Ollama, TGI or a provider. Text leaves this machine."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import httpx
from pydantic import SecretStr

from rag_chat.endpoint import PASSING, TRIES, asked_for, authorization, refusal, rest, unreachable
from rag_chat.errors import RemoteFailed
from rag_chat.types import Brief

TIMEOUT = httpx.Timeout(10.0, read=120.0)  # seconds
PATIENCE = 5.0  # seconds: somebody waits, and cannot stop it meanwhile
PromptWriter = Callable[[Brief], tuple[str, str]]


class RemoteGenerator:
    """Streams `POST {url}/chat/completions` at temperature 0; tries again where a server is busy for the moment."""

    trusted = True

    def __init__(
        self, url: str, model: str, writer: PromptWriter, *, key: SecretStr | None = None, most: int = 160
    ) -> None:
        self.name = model
        self._url = url.rstrip("/")
        self._write = writer
        self._most = most
        self._client = httpx.Client(timeout=TIMEOUT, headers=authorization(key, "language model"))

    def generate(self, brief: Brief) -> Iterator[str]:
        system, user = self._write(brief)
        body = {
            "model": self.name,
            "messages": [{"role": "system", "content": system}, {"role": "user", "content": user}],
            "temperature": 0,
            "max_tokens": self._most,
            "stream": True,
        }
        try:
            for attempt in range(TRIES):
                with self._client.stream("POST", f"{self._url}/chat/completions", json=body) as response:
                    if response.status_code == 200:
                        yield from _pieces(response.iter_lines(), self._url)
                        return
                    asked = asked_for(response)
                    if attempt + 1 == TRIES or response.status_code not in PASSING or asked > PATIENCE:
                        raise RemoteFailed(f"The language model server at {self._url} {refusal(response.status_code)}")
                rest(attempt, asked)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise RemoteFailed(
                f"The language model server at {self._url} {unreachable(error)}"
                " Set `generator` to a local model to do without it."
            ) from error


def _pieces(lines: Iterator[str], url: str) -> Iterator[str]:
    """The text of server-sent events up to [DONE]; what ends before is no whole answer."""
    finished = False
    for line in lines:
        data = line.removeprefix("data:").strip()
        if not line.startswith("data:") or not data:
            continue
        if data == "[DONE]":
            return
        try:
            choices = json.loads(data)["choices"]
            if not choices:  # a chunk with counts or filter results only
                continue
            text = choices[0]["delta"].get("content")
            finished = finished or bool(choices[0].get("finish_reason"))
        except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            raise RemoteFailed(
                f"The language model server at {url} sent something that is no chat chunk; check its address and log."
            ) from error
        if text:
            yield text
    if not finished:
        raise RemoteFailed(
            f"The language model server at {url} stopped in the middle of the answer, or is not OpenAI-compatible;"
            " check its address and log, and ask again."
        )
