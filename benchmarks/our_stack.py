"""The product's own stages under the calls that `benchmarks/speed.py` compares with the plain stack's."""

from __future__ import annotations

import importlib
import time
from collections.abc import Sequence
from pathlib import Path

from ingest.pipeline import Ingestor
from rag_chat import build, compute, config
from rag_chat.errors import DocumentError
from rag_chat.retrieval.dense import DenseRetriever
from rag_chat.trace import Trace
from rag_chat.types import Candidate, Finished


class OurStack:
    """Embedder and reranker, loaded once."""

    def __init__(self, folder: Path) -> None:
        self._embedder = build.embedder(config.load())
        self._reranker = build.reranker(config.load())[0]
        self._candidates: list[Candidate] = []

    def machine(self) -> str:
        """Where and in what the models compute; a busy machine may have measured wrongly."""
        found = compute.this_machine()
        return f"{found.device} in {found.dtype_name} ({found.speedup}x as fast as float32), {found.threads} threads"

    def ingest(self, paths: Sequence[Path], folder: Path) -> tuple[float, int, int]:
        """(seconds, pages, chunks) from files to a searchable library in `folder`."""
        start = time.perf_counter()
        settings = config.load(library=folder)
        library = build.library(settings, self._embedder, exclusive=True)
        try:
            with Ingestor(library, self._embedder, settings) as ingestor:
                reports = list(ingestor.add_all(paths))
        finally:
            library.close()
        for report in reports:
            if report.error is not None:
                raise DocumentError(report.error)
        return time.perf_counter() - start, sum(r.pages for r in reports), sum(r.chunks for r in reports)

    def find(self, question: str, folder: Path, count: int) -> list[str]:
        """Texts of the candidates that `rerank` will score."""
        library = build.library(config.load(library=folder), self._embedder, exclusive=False)
        try:
            retriever = DenseRetriever(self._embedder, library.store, library.catalog)
            self._candidates = retriever.retrieve(question, count, trace=Trace())
        finally:
            library.close()
        return [candidate.chunk.text for candidate in self._candidates]

    def rerank(self, question: str, texts: Sequence[str]) -> float:
        """Seconds for the final order of the candidates; `texts` are theirs."""
        assert len(texts) == len(self._candidates)
        start = time.perf_counter()
        self._reranker.rerank(question, self._candidates)
        return time.perf_counter() - start


class OurApp:
    """Everything that answers, as the web app has it in memory."""

    def __init__(self, folder: Path) -> None:
        importlib.import_module("gradio")  # for an honest size only: the page's code is not what is timed
        self._app = build.open_app(config.load(library=folder))

    def ask(self, question: str) -> dict[str, float]:
        """Seconds by stage; `first_token` counts from the question."""
        for event in self._app.engine.ask(question):
            if isinstance(event, Finished):
                return event.answer.seconds
        raise AssertionError("the engine ends with Finished")
