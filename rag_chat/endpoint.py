"""JSON to and from a configured model server: time limits, retries with growing pauses, errors in one sentence.

Text leaves this machine here and in `generation/remote.py` only. The key is sent and never shown.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import Any

import httpx
from pydantic import SecretStr

from rag_chat.errors import BadSetting, RemoteFailed

TIMEOUT = httpx.Timeout(60.0, connect=10.0)  # seconds, of one try
TRIES = 4
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 20.0  # seconds; doubled from try to try, a server's own Retry-After is kept to
PASSING = frozenset({408, 409, 425, 429, 500, 502, 503, 504})  # statuses that may be gone at the next try


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server said: any status below 500 that no try can change, and the JSON of it (None where it is none)."""

    status: int
    body: Any


class Endpoint:
    """One URL of a server. `role` says in errors what it is for ("reranker"), `setting` what would replace it."""

    def __init__(self, url: str, role: str, setting: str, key: SecretStr | None = None) -> None:
        self.url = url.rstrip("/")
        self._role = role
        self._setting = setting
        self._client = httpx.Client(timeout=TIMEOUT, headers=authorization(key, role))

    def post(self, body: dict[str, Any]) -> Any:
        """The JSON of a good answer. Raises RemoteFailed for any other."""
        return self.good(self.try_post(body))

    def good(self, reply: Reply) -> Any:
        """Its JSON. Raises RemoteFailed where the server refused."""
        if reply.status != 200:
            raise RemoteFailed(f"The {self._role} server at {self.url} {refusal(reply.status)}")
        return reply.body

    def try_post(self, body: dict[str, Any]) -> Reply:
        """The last answer after at most TRIES tries. Raises RemoteFailed where no answer comes."""
        for attempt in range(TRIES):
            last, asked = attempt + 1 == TRIES, 0.0
            try:
                response = self._client.post(self.url, json=body)
            except httpx.TransportError as error:
                if last or isinstance(error, httpx.UnsupportedProtocol):
                    raise self._unreachable(error) from error
            except httpx.InvalidURL as error:
                raise self._unreachable(error) from error
            else:
                if last or response.status_code not in PASSING:
                    return Reply(response.status_code, self._json(response))
                asked = asked_for(response)
            rest(attempt, asked)
        raise AssertionError("the last try returns or raises")

    def misfit(self, what: str) -> RemoteFailed:
        """The error for an answer that is JSON but not of the agreed form."""
        return RemoteFailed(f"The {self._role} server at {self.url} sent {what}; check its address and its log.")

    def _json(self, response: httpx.Response) -> Any:
        try:
            return response.json()
        except ValueError as error:
            if response.status_code == 200:
                raise self.misfit("something that is no JSON") from error
            return None

    def _unreachable(self, error: Exception) -> RemoteFailed:
        return RemoteFailed(
            f"The {self._role} server at {self.url} {unreachable(error)}"
            f" Leave the setting `{self._setting}` out to do without it."
        )


def authorization(key: SecretStr | None, role: str) -> dict[str, str]:
    """The header that a key goes in. Raises BadSetting for one that no header can hold."""
    if key is None:
        return {}
    said = key.get_secret_value().strip()
    if not said.isascii() or not said.isprintable():
        raise BadSetting(f"The key for the {role} server holds a character that no key can have; copy it once more.")
    return {"Authorization": f"Bearer {said}"}


def refusal(status: int) -> str:
    """What to do about a status, as the end of a sentence about the server."""
    if status in PASSING:
        return f"answered with status {status}, which may pass; wait a moment and try again."
    return f"answered with status {status}; check its address, the model's name and the key."


def unreachable(error: Exception) -> str:
    """Why there was no answer at all, as the end of a sentence about the server."""
    if isinstance(error, httpx.UnsupportedProtocol):
        return "cannot be asked, as its address must begin with http:// or https://."
    return f"cannot be reached ({type(error).__name__}); is it running?"


def rest(attempt: int, asked: float) -> None:
    """Waits after a try, the first being 0; `asked` is how long the server wants to be left alone."""
    pause = max(FIRST_PAUSE * 2**attempt, asked)
    time.sleep(min(LONGEST_PAUSE, pause) * random.uniform(0.75, 1.0))  # so that clients do not come back at once


def asked_for(response: httpx.Response) -> float:
    """Seconds that the server wants to be left alone; 0 where it gives a date or nothing."""
    try:
        return max(0.0, float(response.headers.get("retry-after", "0")))
    except ValueError:
        return 0.0
