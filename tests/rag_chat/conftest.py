from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from fakes import HashEmbedder
from pdfs import write_pdf

from ingest.pipeline import Ingestor
from rag_chat.config import Settings
from rag_chat.index.connect import open_library
from rag_chat.types import Document


@dataclass(frozen=True)
class SmallLibrary:
    folder: Path
    documents: list[Document]


@pytest.fixture
def small_library(tmp_path: Path) -> Iterator[SmallLibrary]:
    """A real library of three documents, two of them with one name, made with the hash embedder."""
    settings, embedder, folder = Settings(), HashEmbedder(), tmp_path / "library"
    library = open_library(folder, embedder.name, embedder.dimension, chunk_tokens=250, overlap=40, exclusive=True)
    (tmp_path / "other").mkdir()
    paths = [
        write_pdf(tmp_path / "harbor.pdf", [["The tide gate opens at 5 a.m."], ["Grain is moved by rail."]]),
        write_pdf(tmp_path / "pump.pdf", [["Pumps move heat."]]),
        write_pdf(tmp_path / "other" / "pump.pdf", [["Another pump moves water."]]),
    ]
    with Ingestor(library, embedder, settings) as ingestor:
        assert [report.status for report in ingestor.add_all(paths)] == ["ready"] * 3
    documents = library.catalog.documents()
    library.close()
    yield SmallLibrary(folder, documents)
