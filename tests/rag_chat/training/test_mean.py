"""The mean of two runs' weights."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from rag_chat import cli


def run(folder, value, *, card="card.json", base="b", width=2, seed=0):
    folder.mkdir()
    save_file({"head": torch.full((width,), value, dtype=torch.float16)}, folder / "weights.safetensors")
    (folder / card).write_text(json.dumps({"threshold": 0.1 * value, "base_sha256": base, "recipe": {"seed": seed}}))
    return ["--of", str(folder)]


def test_the_mean_has_the_first_ones_card_and_both_recipes(tmp_path, capfd):
    one, other = run(tmp_path / "a", 1.0), run(tmp_path / "b", 4.0, seed=3)
    assert cli.run(["train", "mean", *one, *other, "--out", str(tmp_path / "out")]) == 0
    found = load_file(tmp_path / "out" / "weights.safetensors")["head"]
    assert found.dtype == torch.float16
    assert found.tolist() == [2.5, 2.5]
    card = json.loads((tmp_path / "out" / "card.json").read_text())
    assert card == {"threshold": 0.1, "base_sha256": "b", "recipe": {"mean_of": [{"seed": 0}, {"seed": 3}]}}


@pytest.mark.parametrize("changed", [{"base": "c"}, {"width": 3}, {"card": "combination.json"}])
def test_what_does_not_belong_together_is_refused(tmp_path, capfd, changed):
    one, other = run(tmp_path / "a", 1.0), run(tmp_path / "b", 4.0, **changed)
    assert cli.run(["train", "mean", *one, *other, "--out", str(tmp_path / "out")]) == 2
    assert capfd.readouterr().err == "'b' holds other weights than 'a'; give runs of the same kind.\n"
    assert not (tmp_path / "out").exists()


def test_a_folder_without_weights_and_a_single_run_are_refused(tmp_path, capfd):
    one = run(tmp_path / "a", 1.0)
    assert cli.run(["train", "mean", *one, "--of", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    assert "holds no reranker or reader; give a folder that rag-chat train made." in capfd.readouterr().err
    assert cli.run(["train", "mean", *one, "--out", str(tmp_path / "out")]) == 2
    assert "give --of DIR twice or more" in capfd.readouterr().err
    (tmp_path / "a" / "weights.safetensors").write_bytes(b"no such thing")
    assert cli.run(["train", "mean", *one, *one, "--out", str(tmp_path / "out")]) == 2
    assert "The weights in 'a' are damaged" in capfd.readouterr().err
