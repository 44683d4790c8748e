"""Runs both stages over a retrieval set and measures each: stage one alone, and the final order.

The set's corpus stands for the library: one text is one chunk. Its vectors are kept in a cache folder under a hash of
the texts and of what the embedder makes of a probe, so that other weights never meet old vectors. Searches by plain
matrix product; fit for some hundred thousand texts.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from rag_chat import front, token_codes
from rag_chat.evaluation.beir import Dataset
from rag_chat.evaluation.metrics import summary
from rag_chat.library.token_vectors import TokenCodes
from rag_chat.protocols import Embedder, Reranker, TokenEncoder
from rag_chat.types import Candidate, Chunk, Mode, Signals, Span, Vectors

Stage = Literal["stage1", "final"]
Progress = Callable[[str, int, int], None]  # what is being done, done, of how many

PROBE = "The quick brown fox reads 42 annual reports."
CANDIDATES = 50
SIGNALS = ("cosine", "maxsim", "joint", "lexical")


@dataclass(frozen=True, slots=True)
class Ranked:
    """What both stages made of one query; `final` is empty where only stage one ran."""

    query_id: str
    stage1: tuple[Candidate, ...]
    final: tuple[Candidate, ...]
    stage1_seconds: float
    final_seconds: float  # of both stages together


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the report; `measures` by name, shares of 1."""

    mode: Mode
    stage: Stage
    measures: dict[str, float]
    ms_per_query: float


class Corpus:
    """The texts of a set with their vectors: (texts, dim) float32, rows of unit length."""

    def __init__(self, dataset: Dataset, vectors: Vectors) -> None:
        self._ids = list(dataset.corpus)
        self._texts = dataset.corpus
        self._vectors = vectors

    def nearest(self, vector: Vectors, top_k: int) -> tuple[Candidate, ...]:
        cosines = self._vectors @ vector
        top_k = min(top_k, len(self._ids))
        best = np.sort(np.argpartition(-cosines, top_k - 1)[:top_k])  # equal texts tie: the corpus' order decides
        order = best[np.argsort(-cosines[best], kind="stable")]
        return tuple(self._candidate(int(row), rank, float(cosines[row])) for rank, row in enumerate(order, start=1))

    def __len__(self) -> int:
        return len(self._ids)

    def _candidate(self, row: int, rank: int, cosine: float) -> Candidate:
        key = self._ids[row]
        text = self._texts[key]
        chunk = Chunk(key, key, 0, (Span(1, 0, len(text)),), "", text)
        return Candidate(chunk, "", "1", rank, cosine, rank, cosine, Signals(cosine=cosine))


def embed_corpus(dataset: Dataset, embedder: Embedder, cache: Path, progress: Progress | None = None) -> Corpus:
    """The texts with vectors read from `cache`, or made and kept there."""
    return Corpus(dataset, corpus_vectors(dataset, embedder, cache, progress))


def corpus_vectors(dataset: Dataset, embedder: Embedder, cache: Path, progress: Progress | None = None) -> Vectors:
    """(texts, dim) float32, rows of unit length, in the corpus' order."""
    texts = list(dataset.corpus.values())
    path = cache / f"corpus-{_fingerprint(dataset, embedder)}.npy"
    if path.is_file():
        kept: Vectors = np.load(path)
        return kept
    report = None if progress is None else (lambda done: progress("embedding the corpus", done, len(texts)))
    vectors = embedder.encode_passages(texts, report)
    cache.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.stem}.new.npy")
    np.save(fresh, vectors)
    fresh.replace(path)
    return vectors


def corpus_tokens(dataset: Dataset, encoder: TokenEncoder, progress: Progress | None = None) -> TokenCodes:
    """The texts' token vectors, in the corpus' order, as a library keeps them."""
    texts = [front.before("", "", text) for text in dataset.corpus.values()]
    report = None if progress is None else (lambda done: progress("making token vectors", done, len(texts)))
    return TokenCodes(token_codes.key(encoder), token_codes.encoded(encoder, texts, report))


def rank_all(
    dataset: Dataset, corpus: Corpus, embedder: Embedder, reranker: Reranker | None, *, candidates: int = CANDIDATES
) -> Iterator[Ranked]:
    """Both stages for every query, in the order of the set."""
    for query_id, text in dataset.queries.items():
        start = time.perf_counter()
        first = corpus.nearest(embedder.encode_query(text), candidates)
        middle = time.perf_counter()
        final = tuple(reranker.rerank(text, first)) if reranker is not None else ()
        yield Ranked(query_id, first, final, middle - start, time.perf_counter() - start)


def rows(ranked: Sequence[Ranked], dataset: Dataset, mode: Mode) -> list[Row]:
    """A row a stage that ran."""
    made = [Row(mode, "stage1", _measure(ranked, dataset, "stage1"), _ms(r.stage1_seconds for r in ranked))]
    if any(r.final for r in ranked):
        made.append(Row(mode, "final", _measure(ranked, dataset, "final"), _ms(r.final_seconds for r in ranked)))
    return made


def signal_measures(ranked: Sequence[Ranked], dataset: Dataset) -> dict[str, dict[str, float]]:
    """The measures of the candidates ordered by each signal alone; a signal that the reranker lacks is left out."""
    found = {}
    for name in SIGNALS:
        run = {r.query_id: _ordered_by(r.final, name) for r in ranked}
        if any(run.values()):
            found[name] = summary(run, dataset.qrels)
    return found


def counted(ranked: Iterable[Ranked], total: int, progress: Progress | None) -> list[Ranked]:
    """All of `ranked`, with a report after each query."""
    done = []
    for one in ranked:
        done.append(one)
        if progress is not None:
            progress("answering the queries", len(done), total)
    return done


def _measure(ranked: Sequence[Ranked], dataset: Dataset, stage: Stage) -> dict[str, float]:
    run: Mapping[str, list[str]] = {
        r.query_id: [c.chunk.id for c in (r.stage1 if stage == "stage1" else r.final)] for r in ranked
    }
    return summary(run, dataset.qrels)


def _ordered_by(candidates: Sequence[Candidate], signal: str) -> list[str]:
    values = [(getattr(c.signals, signal), c) for c in candidates]
    if any(value is None for value, _ in values):
        return []
    return [c.chunk.id for _, c in sorted(values, key=lambda pair: (-pair[0], pair[1].stage1_rank or 0))]


def _fingerprint(dataset: Dataset, embedder: Embedder) -> str:
    digest = hashlib.sha256(embedder.name.encode())
    digest.update(embedder.encode_passages([PROBE]).tobytes())
    for text in dataset.corpus.values():
        digest.update(text.encode() + b"\0")
    return digest.hexdigest()[:32]


def _ms(spent: Iterable[float]) -> float:
    times = list(spent)
    return 1000 * sum(times) / len(times) if times else 0.0
