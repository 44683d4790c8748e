import hashlib

import pytest

from rag_chat import weights
from rag_chat.errors import ModelFailed, WeightsMissing


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


def test_a_folder_goes_before_everything_else(tmp_path):
    (tmp_path / "all-MiniLM-L6-v2").mkdir()
    found = weights.find("all-MiniLM-L6-v2", offline=True)
    assert (found.source, found.present, found.location) == ("folder", True, "all-MiniLM-L6-v2")


@pytest.mark.parametrize("name", sorted(weights.PACKAGED))
def test_a_default_comes_from_its_package(name):
    found = weights.find(name, offline=True)
    assert (found.name, found.source, found.present) == (name, "package", True)
    assert weights.PACKAGED[name].file in [file.name for file in found.files()]


def test_the_projects_own_reranker_is_a_folder_with_its_card():
    found = weights.find("minilm-interaction", offline=True)
    assert found.source == "project"
    assert found.path == weights.SHIPPED / "minilm-interaction"


def test_a_hub_id_is_taken_as_such_and_is_not_here_until_it_was_downloaded():
    found = weights.find("nobody/no-such-model")
    assert (found.source, found.path, found.location) == ("hub", None, "nobody/no-such-model")
    assert not found.present
    assert found.files() == []


def test_offline_no_hub_is_asked():
    with pytest.raises(WeightsMissing, match=r"'nobody/no-such-model'.*RAG_CHAT_OFFLINE.*Name a folder"):
        weights.find("nobody/no-such-model", offline=True)


@pytest.mark.parametrize("name", ["MiniLM", "./gone/model", "/gone/model", "~/gone", "data/models/mine", "a b/c", "x/"])
def test_what_can_be_no_hub_id_is_refused_with_the_names_that_exist(name):
    with pytest.raises(
        WeightsMissing, match=r"neither a folder, nor one of SmolLM2-135M-Instruct, all-MiniLM"
    ) as caught:
        weights.find(name)
    assert f"'{name}'" in str(caught.value)


def test_only_files_that_hold_parameters_count(tmp_path):
    (tmp_path / "model" / "deep").mkdir(parents=True)
    for file in ("config.json", "model.safetensors", "deep/more.safetensors", "training_args.bin", "README.md"):
        (tmp_path / "model" / file).write_bytes(b"x")
    found = weights.find(str(tmp_path / "model"))
    assert [file.name for file in found.files()] == ["more.safetensors", "model.safetensors"]


@pytest.mark.parametrize("file", ["pytorch_model.bin", "deep/pytorch_model-00001-of-00002.bin", "model.pt", "x.ckpt"])
def test_pickled_parameters_are_refused_unless_safetensors_lie_beside_them(tmp_path, file):
    (tmp_path / "model" / "deep").mkdir(parents=True)
    path = tmp_path / "model" / file
    path.write_bytes(b"x")
    with pytest.raises(ModelFailed, match=rf"{path.name}, a kind of file that can run code; convert it"):
        weights.find(str(tmp_path / "model"))
    path.with_name("model.safetensors").write_bytes(b"x")
    assert weights.find(str(tmp_path / "model")).source == "folder"


def test_the_hash_is_of_the_whole_file(tmp_path):
    (tmp_path / "file").write_bytes(b"abc" * 100_000)
    assert weights.sha256(tmp_path / "file") == hashlib.sha256(b"abc" * 100_000).hexdigest()


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(weights.PACKAGED))
def test_the_packaged_files_are_the_pinned_ones(name):
    found = weights.find(name, offline=True)
    (file,) = [file for file in found.files() if file.name == weights.PACKAGED[name].file]
    assert weights.sha256(file) == weights.PACKAGED[name].sha256


def test_a_hash_is_that_of_the_file_or_the_pinned_one(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"abc")
    assert weights.hash_of(weights.find(str(tmp_path))) == hashlib.sha256(b"abc").hexdigest()
    assert weights.hash_of(weights.find("all-MiniLM-L6-v2")) == weights.PACKAGED["all-MiniLM-L6-v2"].sha256
    with pytest.raises(WeightsMissing, match="'some/model' are not on this machine"):
        weights.hash_of(weights.Weights("some/model", "hub", None))
