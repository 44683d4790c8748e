"""The engine over a real library (PDFium, SQLite, vectors)."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakes import HashEmbedder, OverlapReranker, ScriptedGenerator
from pdfs import write_pdf
from tide_gate import HARBOR, PUMP

from ingest.pipeline import Ingestor
from rag_chat import build, config
from rag_chat.chat.engine import Engine, Stages
from rag_chat.chat.evidence import Evidence
from rag_chat.chat.search import WEAK, Limits, Route, Search
from rag_chat.chat.support import ExactSupport
from rag_chat.config import Settings
from rag_chat.index.connect import open_library
from rag_chat.rerank.keep_order import KeepOrder
from rag_chat.retrieval.dense import DenseRetriever
from rag_chat.retrieval.hybrid import HybridRetriever
from rag_chat.retrieval.saying import SayingRetriever

SAMPLES = Path(__file__).resolve().parents[3] / "data" / "samples"


@pytest.fixture(scope="session")
def samples_library(tmp_path_factory):
    """The folder of a library of the sample documents, made with the real encoder once for all who open it."""
    settings = config.load(library=tmp_path_factory.mktemp("samples") / "library", offline=True)
    encoder = build.embedder(settings)
    opened = build.library(settings, encoder, exclusive=True)
    with Ingestor(opened, encoder, settings) as ingestor:
        assert all(report.status == "ready" for report in ingestor.add_all(sorted(SAMPLES.glob("*.pdf"))))
    opened.close()
    return settings.library


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    root, embedder = tmp_path_factory.mktemp("engine"), HashEmbedder()
    opened = open_library(root / "library", "hash", embedder.dimension, chunk_tokens=250, overlap=40, exclusive=True)
    with Ingestor(opened, embedder, Settings()) as ingestor:
        for name, pages in (("harbor", HARBOR), ("pump", PUMP)):
            assert ingestor.add(write_pdf(root / f"{name}.pdf", pages)).status == "ready"
    yield opened
    opened.close()


@pytest.fixture
def engine(library):
    """Makes an engine; without a generator of its own, one that must not be asked."""

    def make(generator=None, reranker=None, catalog=None, evidence=None, weak=WEAK, **limits):
        embedder, known = HashEmbedder(), catalog or library.catalog
        reranker = reranker or OverlapReranker()
        dense = DenseRetriever(embedder, library.store, known)
        routes = {
            "dense": Route(dense, KeepOrder()),
            "rerank": Route(dense, reranker, weak=weak),
            "exhaustive": Route(dense, reranker, weak=weak),
            "hybrid": Route(HybridRetriever(embedder, library.store, known), reranker, weak=weak),
            "late-interaction": Route(HybridRetriever(embedder, library.store, known), OverlapReranker()),
        }
        stages = Stages(
            catalog=known,
            embedder=embedder,
            search=Search(
                known,
                routes,
                Limits(**limits),
                SayingRetriever(embedder, library.store, known),
                lambda texts: [2] * len(texts),  # no word is whole in the vocabulary
            ),
            evidence=evidence or Evidence(OverlapReranker()),
            generator=generator or ScriptedGenerator(),
            support=ExactSupport(),
            place_quote=lambda doc_id, page, start, end: ((float(page), float(start), float(end), 1.0),),
        )
        return Engine(stages, Limits(**limits))

    return make


@pytest.fixture
def doc_ids(library):
    return {document.name: document.doc_id for document in library.catalog.documents()}
