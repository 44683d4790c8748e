from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fakes import HashEmbedder
from pdfs import prose, write_pdf

from ingest import ocr
from ingest.pipeline import Ingestor
from rag_chat.config import Settings
from rag_chat.index.connect import Library, open_library


@pytest.fixture(autouse=True)
def no_recognition(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its models take seconds to load; `test_ocr` has them."""
    monkeypatch.setattr(ocr, "is_installed", lambda: False)


@pytest.fixture
def embedder() -> HashEmbedder:
    return HashEmbedder()


@pytest.fixture
def opened(tmp_path: Path, embedder: HashEmbedder) -> Iterator[Callable[[], Library]]:
    """Opens the test's library, as its owner; what a test leaves open is closed."""
    libraries: list[Library] = []

    def open_it() -> Library:
        library = open_library(
            tmp_path / "library", embedder.name, embedder.dimension, chunk_tokens=60, overlap=15, exclusive=True
        )
        libraries.append(library)
        return library

    yield open_it
    for library in libraries:
        library.close()


@pytest.fixture
def library(opened: Callable[[], Library]) -> Library:
    return opened()


@pytest.fixture
def settings() -> Settings:
    return Settings(chunk_tokens=60, chunk_overlap_tokens=15, max_pages=20, max_file_mb=1, parse_seconds=30)


@pytest.fixture
def ingestor(library: Library, embedder: HashEmbedder, settings: Settings) -> Iterator[Ingestor]:
    with Ingestor(library, embedder, settings) as ingestor:
        yield ingestor


@pytest.fixture
def report_pdf(tmp_path: Path) -> Path:
    outline = [(1, 0, "Cargo"), (2, 0, "Tides"), (2, 1, "Tide gate")]
    pages = [["Cargo", *prose(8)], ["Tide gate", *prose(9, "barley")], [], prose(3, "oat")]
    return write_pdf(tmp_path / "harbor.pdf", pages, outline=outline, title="Harbor report")
