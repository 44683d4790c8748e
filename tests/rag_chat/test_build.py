import os
import subprocess
import sys

import pytest

from rag_chat import build, config
from rag_chat.errors import BadSetting, WeightsMissing
from rag_chat.generation.quoting import QuotingGenerator
from rag_chat.generation.remote import RemoteGenerator
from rag_chat.library.lock import Lock


@pytest.fixture(autouse=True)
def bare(monkeypatch, tmp_path):
    """No settings but the test's own, no hub, and a cache without hub models."""
    for name in [name for name in os.environ if name.startswith(config.PREFIX)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("RAG_CHAT_OFFLINE", "1")
    monkeypatch.chdir(tmp_path)


def test_importing_it_loads_nothing_heavy():
    heavy = "torch transformers sentence_transformers chromadb gradio openvino".split()
    code = f"import sys, rag_chat.build; print([m for m in {heavy} if m in sys.modules])"
    root = str(config.Path(build.__file__).parents[1])
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root, check=True)
    assert found.stdout.strip() == "[]"


def test_quoting_is_a_generator_of_its_own():
    assert isinstance(build.generator(config.load(generator="quoting")), QuotingGenerator)


def test_where_the_profiles_model_is_not_here_quoting_takes_its_place():
    assert isinstance(build.generator(config.load(profile="standard")), QuotingGenerator)


def test_a_model_asked_for_by_name_has_no_silent_fallback():
    with pytest.raises(WeightsMissing, match="'nobody/no-such-model'"):
        build.generator(config.load(generator="nobody/no-such-model"))


def test_a_server_needs_its_models_name():
    with pytest.raises(BadSetting, match="generator_url"):
        build.generator(config.load(generator_url="http://127.0.0.1:1/v1"))
    made = build.generator(config.load(generator_url="http://127.0.0.1:1/v1", generator="qwen"))
    assert isinstance(made, RemoteGenerator)
    assert (made.name, made.trusted) == ("qwen", True)


@pytest.mark.slow
def test_without_a_reranker_stage_ones_order_stays_and_sentences_are_still_scored():
    second, scorer = build.reranker(config.load(reranker="none"))
    assert second.name == "none"
    assert scorer.name == "minilm-interaction"


@pytest.mark.slow
def test_the_default_reranker_scores_passages_and_sentences():
    second, scorer = build.reranker(config.load())
    assert second is scorer
    assert second.name == "minilm-interaction"


@pytest.mark.slow
def test_an_app_opens_answers_and_deletes(tmp_path):
    from pdfs import write_pdf

    from ingest.pipeline import Ingestor

    app = build.open_app(config.load(library=tmp_path / "library", generator="quoting"), exclusive=True)
    try:
        path = write_pdf(tmp_path / "a.pdf", [["The tide gate of Tarnwick opens at five in the morning."]])
        with Ingestor(app.library, app.embedder, app.settings) as ingestor:
            report = ingestor.add(path)
        found = app.engine.search("When does the tide gate open?")
        assert [p.candidate.document for p in found.passages] == ["a.pdf"]
        app.library.delete(report.doc_id)
        assert app.library.catalog.rows_left(report.doc_id) == 0
        assert app.library.store.count(report.doc_id) == 0
    finally:
        app.close()


@pytest.mark.parametrize("role", ["embedder", "reranker"])
def test_a_server_for_any_stage_needs_its_models_name(role):
    with pytest.raises(BadSetting, match=f"`{role}_url` is set but `{role}` is not"):
        getattr(build, role)(config.load(**{f"{role}_url": "http://127.0.0.1:1/v1"}))


@pytest.mark.slow
def test_stages_behind_urls_are_remote_and_their_keys_come_from_the_environment(monkeypatch):
    from json_server import running

    with running() as server:
        server.respond = lambda path, body: (200, {"data": [{"index": 0, "embedding": [0.6, 0.8]}]})
        monkeypatch.setenv("RAG_CHAT_EMBEDDER_KEY", "sk-1")
        made = build.embedder(config.load(embedder_url=f"{server.url}/v1/", embedder="m", profile="quality"))
        assert (made.name, made.dimension) == ("m", 2)
        assert server.asked[0][::2] == ("/v1/embeddings", "Bearer sk-1")
    second, scorer = build.reranker(config.load(reranker_url="http://127.0.0.1:1/rerank", reranker="r"))
    assert (second.name, scorer.name) == ("r", "minilm-interaction")


@pytest.mark.slow
def test_a_model_that_is_missing_leaves_the_library_free(tmp_path):
    settings = config.load(library=tmp_path / "library", reranker="/nowhere", generator="quoting", offline=True)
    with pytest.raises(WeightsMissing, match="'/nowhere'") as told:
        build.open_app(settings, exclusive=True)
    Lock(tmp_path / "library", exclusive=True).close()  # while the error is still held
    assert told.value
