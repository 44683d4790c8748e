import pytest
from fakes import HashEmbedder
from values import chunk

from rag_chat import config
from rag_chat.config import PROFILES
from rag_chat.errors import LibraryMismatch
from rag_chat.index.connect import open_library
from rag_chat.library.remembered import settings_of
from rag_chat.types import Document, Page

GERMAN = "Die Kaution beträgt drei Monatsmieten."


@pytest.fixture
def built_with(tmp_path):
    """Makes a library with one document, as this embedder would have made it."""

    def make(embedder, documents=1):
        library = opened(tmp_path, embedder)
        for _ in range(documents):
            document = Document("d", "miete.md", "", 1, 1, 9, "", ())
            vectors = HashEmbedder().encode_passages([GERMAN])
            source = tmp_path / "miete.md"
            source.write_text(GERMAN, encoding="utf-8")
            library.add(document, [Page(1, "1", GERMAN)], [chunk(GERMAN)], vectors, outline=(), source=source)
        library.close()
        return tmp_path / "library"

    return make


def opened(tmp_path, embedder):
    return open_library(tmp_path / "library", embedder, 64, chunk_tokens=250, overlap=40, exclusive=True)


def test_a_library_is_opened_with_the_profile_it_was_built_with(built_with):
    folder = built_with(PROFILES["multilingual"][0])
    settings = settings_of(config.load(library=folder))
    assert (settings.embedder_name, settings.reranker_name, settings.generator_name) == PROFILES["multilingual"]
    assert settings.english_encoder == ""
    assert settings_of(config.load(library=folder, reranker="none")).reranker_name == "none"


def test_a_setting_wins_and_the_refusal_names_both(built_with, monkeypatch, tmp_path):
    folder = built_with(PROFILES["multilingual"][0])
    monkeypatch.setenv("RAG_CHAT_PROFILE", "small")
    settings = settings_of(config.load(library=folder))
    assert settings.profile == "small"
    with pytest.raises(
        LibraryMismatch, match=r"profile 'multilingual'.* say the profile 'small' or.* leave the setting out"
    ):
        opened(tmp_path, settings.embedder_name)


@pytest.mark.parametrize(
    ("embedder", "documents"), [("all-MiniLM-L6-v2", 1), ("my/own", 1), (PROFILES["multilingual"][0], 0)]
)
def test_otherwise_the_settings_stay(built_with, embedder, documents):
    settings = config.load(library=built_with(embedder, documents), profile=None)
    assert settings_of(settings) is settings


def test_no_library_is_made_by_asking(tmp_path):
    settings = config.load(library=tmp_path / "none")
    assert settings_of(settings) is settings
    assert not (tmp_path / "none").exists()
