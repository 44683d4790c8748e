"""A reranker behind a URL: Cohere, Jina, vLLM and whatever else speaks their `rerank`, and TEI's form of it.

`reranker_url` is the whole address, such as https://api.cohere.com/v2/rerank or http://127.0.0.1:8080/rerank. A server
that refuses the common form with status 422 is asked in TEI's (`texts` for `documents`, 32 at once) from then on.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from rag_chat import front
from rag_chat.endpoint import Endpoint
from rag_chat.scoring import reordered, sigmoid
from rag_chat.types import Candidate

COMMON_AT_ONCE, TEI_AT_ONCE = 500, 32  # documents in one request; TEI's own default limit
UNPROCESSABLE = 422


class RemoteReranker:
    """Its own score alone orders; it is shown as the server gives it, a logit as its sigmoid."""

    def __init__(self, endpoint: Endpoint, model: str) -> None:
        self.name = model
        self.pairs_per_second = 0.0
        self._endpoint = endpoint
        self._is_tei = False

    def rerank(self, query: str, candidates: Sequence[Candidate]) -> list[Candidate]:
        if not candidates:
            return []
        start = time.perf_counter()
        scores = self._all(query, [front.of(c) for c in candidates])
        self.pairs_per_second = len(candidates) / (time.perf_counter() - start)
        marked = [replace(c, signals=replace(c.signals, joint=s)) for c, s in zip(candidates, scores, strict=True)]
        ordered = reordered(marked, scores)
        return [replace(c, score=s) for c, s in zip(ordered, _shares([c.score for c in ordered]), strict=True)]

    def score(self, question: str, texts: Sequence[str]) -> list[float]:
        """0..1 for each text, in the order given. Raises RemoteFailed where the server does not do its part."""
        return _shares(self._all(question, texts))

    def _all(self, question: str, texts: Sequence[str]) -> list[float]:
        """The server's own scores."""
        scores: list[float] = []
        while len(scores) < len(texts):
            at_once = TEI_AT_ONCE if self._is_tei else COMMON_AT_ONCE
            scores += self._ask(question, list(texts[len(scores) : len(scores) + at_once]))
        return scores

    def _ask(self, question: str, texts: list[str]) -> list[float]:
        """Scores of these texts, or of the first few where the server turns out to be one that takes only so many."""
        if not self._is_tei:
            common = {"model": self.name, "query": question, "documents": texts, "top_n": len(texts)}
            reply = self._endpoint.try_post(common)
            if reply.status != UNPROCESSABLE:
                return self._scores(self._endpoint.good(reply), len(texts))
            self._is_tei = True
        texts = texts[:TEI_AT_ONCE]
        return self._scores(self._endpoint.post({"query": question, "texts": texts, "truncate": True}), len(texts))

    def _scores(self, body: Any, count: int) -> list[float]:
        scores: list[float | None] = [None] * count
        try:
            for place, score in _results(body):
                scores[place] = score
            if not all(math.isfinite(score) for score in scores if score is not None):
                raise ValueError(scores)
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
            raise self._endpoint.misfit("something that is no list of scores") from error
        found = [score for score in scores if score is not None]
        if len(found) != count:
            raise self._endpoint.misfit(f"{len(found)} scores for {count} texts")
        return found


def _shares(scores: Sequence[float]) -> list[float]:
    """The scores where all lie in 0..1; else they are logits, which cut to it would be told apart no longer."""
    return list(scores) if all(0 <= score <= 1 for score in scores) else [sigmoid(score) for score in scores]


def _results(body: Any) -> Iterator[tuple[int, float]]:
    """(place, score) of Cohere's, Jina's and vLLM's `results`, or of TEI's bare list."""
    for row in body if isinstance(body, list) else body["results"]:
        place = int(row["index"])
        if place < 0:
            raise IndexError(place)
        yield place, float(row["relevance_score"] if "relevance_score" in row else row["score"])
