"""Every mode of searching over one retrieval set, along the very routes that a search takes.

The corpus stands as one document whose pages are the texts, in a real catalog in a temporary folder; vectors are
searched exactly. So a search's rules about documents' names have nothing to work on here.
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rag_chat.chat.search import Route, Search
from rag_chat.evaluation import metrics
from rag_chat.evaluation.beir import Dataset
from rag_chat.evaluation.retrieval import Progress, Stage
from rag_chat.evaluation.text_library import TextLibrary
from rag_chat.index.in_memory import InMemory
from rag_chat.library.catalog import Catalog
from rag_chat.library.token_vectors import TokenCodes
from rag_chat.trace import Trace
from rag_chat.types import Chunk, Document, Mode, Page, Span, Vectors

BASELINE: tuple[Mode, Stage] = ("dense", "stage1")  # where it did not run, the last stage of the first mode


@dataclass(frozen=True, slots=True)
class Run:
    """What one stage of one mode ranked: ids by query, best first, and the seconds up to there; `note` says what `auto`
    came down to."""

    mode: Mode
    stage: Stage
    rankings: Mapping[str, Sequence[str]]
    seconds: Sequence[float]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the report. `p` is the probability of chance parting it so far in nDCG@10 from dense stage one, or
    from the first mode where that did not run."""

    mode: Mode
    stage: Stage
    measures: Mapping[str, float]  # shares of 1
    ms_per_query: float
    p: float
    note: str = ""


@contextmanager
def library(dataset: Dataset, vectors: Vectors, tokens: TokenCodes | None = None) -> Iterator[TextLibrary]:
    """The set as something to search, gone afterwards; `vectors` and `tokens` in the corpus' order."""
    keys, texts = list(dataset.corpus), list(dataset.corpus.values())
    chunks = [
        Chunk(key, "corpus", i, (Span(i + 1, 0, len(text)),), "", text)
        for i, (key, text) in enumerate(zip(keys, texts, strict=True))
    ]
    pages = [Page(number, str(number), text) for number, text in enumerate(texts, start=1)]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        catalog, store = Catalog(Path(folder)), InMemory()
        try:
            document = Document("corpus", "", "", len(pages), len(chunks), 0, "", ())
            catalog.add(document, pages, chunks, vectors, tokens=tokens)
            store.upsert(keys, ["corpus"] * len(keys), vectors)
            yield TextLibrary(catalog, store)
        finally:
            catalog.close()


def runs(
    dataset: Dataset, routes: Mapping[Mode, Route], modes: Sequence[Mode], candidates: int, progress: Progress
) -> Iterator[Run]:
    """Both stages of each mode; of `dense` the first alone, since its second changes nothing."""
    for mode in modes:
        route, stage1, final = routes[mode], dict[str, list[str]](), dict[str, list[str]]()
        depth = len(dataset.corpus) if mode == "exhaustive" else candidates * route.widened
        spent: list[tuple[float, float]] = []
        for done, (query, text) in enumerate(dataset.queries.items(), start=1):
            start = time.perf_counter()
            first = route.retriever.retrieve(text, depth, trace=Trace())
            middle = time.perf_counter()
            second = route.rerank(text, first)
            spent.append((middle - start, time.perf_counter() - start))
            stage1[query], final[query] = [c.chunk.id for c in first], [c.chunk.id for c in second]
            progress(f"searching by {mode}", done, len(dataset.queries))
        yield Run(mode, "stage1", stage1, [first for first, _ in spent])
        if mode != "dense":
            yield Run(mode, "final", final, [both for _, both in spent])


def auto(dataset: Dataset, searching: Search, candidates: int, progress: Progress) -> Run:
    """`auto` as users get it: the mode that it chooses, and a second try where the first result is weak."""
    final: dict[str, list[str]] = {}
    ran: Counter[Mode] = Counter()
    seconds, retries, kept = [], 0, 0
    for done, (query, text) in enumerate(dataset.queries.items(), start=1):
        start = time.perf_counter()
        found = searching.best(text, Trace(), mode="auto", candidates=candidates)
        seconds.append(time.perf_counter() - start)
        final[query] = [c.chunk.id for c in found.candidates]
        ran[found.mode] += 1
        retries += found.retry is not None
        kept += found.retry is not None and found.retry.kept
        progress("searching by auto", done, len(dataset.queries))
    what = ", ".join(f"{mode} for {count}" for mode, count in ran.most_common())
    return Run("auto", "final", final, seconds, f"{what}; searched again for {retries}, better for {kept}")


def rows(done: Sequence[Run], dataset: Dataset) -> list[Row]:
    found = [metrics.per_query(run.rankings, dataset.qrels) for run in done]
    base = found[_baseline(done)]["ndcg@10"]
    return [
        Row(
            run.mode,
            run.stage,
            metrics.means(values),
            1000 * sum(run.seconds) / max(1, len(run.seconds)),
            metrics.p_value(values["ndcg@10"], base),
            run.note,
        )
        for run, values in zip(done, found, strict=True)
    ]


def _baseline(done: Sequence[Run]) -> int:
    places = [i for i, run in enumerate(done) if (run.mode, run.stage) == BASELINE]
    return places[0] if places else max(i for i, run in enumerate(done) if run.mode == done[0].mode)
