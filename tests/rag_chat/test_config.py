import os
import tomllib

import pytest

from rag_chat import config
from rag_chat.config import PROFILES, Settings
from rag_chat.errors import BadSetting


@pytest.fixture(autouse=True)
def bare(monkeypatch, tmp_path):
    """No settings but the test's own."""
    for name in [name for name in os.environ if name.startswith(config.PREFIX)]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def toml(tmp_path, text):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    return path


def test_argument_before_environment_before_file_before_default(monkeypatch, tmp_path):
    file = toml(tmp_path, "candidates = 20\npassages = 3\nport = 9000\n")
    monkeypatch.setenv("RAG_CHAT_CANDIDATES", "30")
    monkeypatch.setenv("RAG_CHAT_PASSAGES", "4")
    settings = config.load(file, candidates=40)
    assert (settings.candidates, settings.passages, settings.port, settings.max_new_tokens) == (40, 4, 9000, 160)


def test_an_argument_of_none_and_an_empty_variable_are_not_given(monkeypatch, tmp_path):
    monkeypatch.setenv("RAG_CHAT_PORT", "")
    assert config.load(toml(tmp_path, "port = 9000\ncandidates = 20\n"), candidates=None).port == 9000
    assert config.load(toml(tmp_path, "candidates = 20\n"), candidates=None).candidates == 20


def test_the_default_file_is_read_where_it_is_and_may_be_absent(tmp_path):
    assert config.load().port == 7860
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "rag.toml").write_text("port = 8123\n")
    assert config.load().port == 8123


def test_an_unknown_key_names_the_nearest_and_where_it_stands(monkeypatch, tmp_path):
    with pytest.raises(BadSetting, match=r"'candidats' in the file 'mine.toml'; the nearest that exists is 'candid"):
        config.load(toml(tmp_path, "candidats = 3\n"))
    monkeypatch.setenv("RAG_CHAT_PASAGES", "3")
    with pytest.raises(BadSetting, match=r"'pasages' in the environment; the nearest that exists is 'passages'"):
        config.load()


@pytest.mark.parametrize(
    ("arguments", "key", "value"),
    [
        ({"port": 70000}, "port", "70000"),
        ({"mode": "fastest"}, "mode", "fastest"),
        ({"passages": "x"}, "passages", "x"),
    ],
)
def test_a_bad_value_is_one_sentence_with_key_and_value(arguments, key, value):
    with pytest.raises(BadSetting) as caught:
        config.load(**arguments)
    message = str(caught.value)
    assert f"'{key}' cannot take the value '{value}'" in message
    assert message.endswith(".")
    assert "\n" not in message
    assert caught.value.exit_code == 2


def test_a_bad_value_in_the_environment_is_named_too(monkeypatch):
    monkeypatch.setenv("RAG_CHAT_CANDIDATES", "0")
    with pytest.raises(BadSetting, match="'candidates' cannot take the value '0'"):
        config.load()


def test_a_secret_in_a_file_is_refused_without_being_repeated(tmp_path):
    with pytest.raises(BadSetting, match="RAG_CHAT_GENERATOR_KEY") as caught:
        config.load(toml(tmp_path, 'generator_key = "sk-verysecret"\n'))
    assert "sk-verysecret" not in str(caught.value)


def test_a_secret_never_shows(monkeypatch):
    monkeypatch.setenv("RAG_CHAT_GENERATOR_KEY", "sk-verysecret")
    settings = config.load()
    assert settings.generator_key.get_secret_value() == "sk-verysecret"
    assert "sk-verysecret" not in f"{settings!r} {settings} {settings.model_dump_json()}"


@pytest.mark.parametrize("content", [b"port = ", b"\xff\xfe"])
def test_a_file_that_is_not_toml(tmp_path, content):
    path = tmp_path / "broken.toml"
    path.write_bytes(content)
    with pytest.raises(BadSetting, match=r"'broken.toml' is not TOML"):
        config.load(path)


def test_a_file_that_is_not_there_or_is_a_folder(tmp_path):
    with pytest.raises(BadSetting, match=r"No settings file '.*gone.toml' is there"):
        config.load(tmp_path / "gone.toml")
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(BadSetting, match=r"'folder.toml' cannot be read"):
        config.load(tmp_path / "folder.toml")


def test_a_model_named_goes_before_the_profiles():
    small, quality = config.load(), config.load(profile="quality", reranker="none")
    assert (small.embedder_name, small.reranker_name, small.generator_name) == PROFILES["small"]
    assert (quality.embedder_name, quality.generator_name) == (PROFILES["quality"][0], PROFILES["quality"][2])
    assert quality.reranker_name == "none"


def test_the_settings_stay_few_and_take_the_same_names_in_a_file(tmp_path):
    assert len(Settings.model_fields) <= 35
    assert config.load(toml(tmp_path, 'host = "0.0.0.0"\n')).host == tomllib.loads('host = "0.0.0.0"')["host"]
