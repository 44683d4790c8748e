"""The whole run, from a file of pairs to an adapter that the local generator merges."""

import json

import pytest
import torch
from fakes import HashEmbedder
from safetensors.torch import load_file

from rag_chat.config import Settings
from rag_chat.errors import BadDataset
from rag_chat.generation.adapter import ADAPTER_FILE, BASE_HASH, CONFIG_FILE
from rag_chat.training.adapter_trainer import AdapterRecipe
from rag_chat.training.answerer import lessons_from, run
from rag_chat.training.pairs import gather
from rag_chat.training.run_folder import CHECKPOINT_FILE
from rag_chat.weights import PACKAGED

THINGS = "grain rail tide pump heat coal ship road fish wind salt sand rope lamp".split()


def rows(count):
    return [
        {
            "question": f"Where does the {THINGS[i % 14]} of part {i} go?",
            "passage": f"The {THINGS[i % 14]} of part {i} is old. The {THINGS[i % 14]} of part {i} goes to quay {i}.",
            "answer": f"quay {i}",
        }
        for i in range(count)
    ]


@pytest.fixture
def pairs(tmp_path):
    path = tmp_path / "pairs.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows(70)))
    return path


def test_lessons_are_built_once_and_follow_the_seed(tmp_path, pairs):
    embedder = HashEmbedder()
    first = lessons_from(gather([pairs]).pairs, tmp_path, embedder, 0)
    encoded = len(embedder.encoded)
    assert len(first) == 70
    assert lessons_from(gather([pairs]).pairs, tmp_path, embedder, 0) == first
    assert len(embedder.encoded) == encoded
    assert (
        lessons_from(gather([pairs]).pairs, tmp_path, embedder, 1) != first
    )  # nor are they taken for those of another seed
    pairs.write_text("".join(json.dumps(row) + "\n" for row in rows(60)))
    assert len(lessons_from(gather([pairs]).pairs, tmp_path, embedder, 0)) == 60


def test_pairs_that_cannot_be_quoted_are_counted_out(tmp_path):
    path = tmp_path / "pairs.jsonl"
    unfit = [row | {"answer": "elsewhere"} for row in rows(90)[30:]]
    path.write_text("".join(json.dumps(row) + "\n" for row in [*rows(30), *unfit]))
    with pytest.raises(BadDataset, match=r"90 pairs give 30 lessons.*at least 50 whose `answer` stands in the passage"):
        lessons_from(gather([path]).pairs, tmp_path, HashEmbedder(), 0)
    assert not (tmp_path / "lessons.jsonl").exists()


def test_a_line_without_a_passage_is_named(tmp_path):
    path = tmp_path / "pairs.jsonl"
    path.write_text(json.dumps(rows(1)[0]) + "\n" + json.dumps({"question": "Where?"}) + "\n")
    with pytest.raises(BadDataset, match=r"Line 2 of 'pairs.jsonl'"):
        lessons_from(gather([path]).pairs, tmp_path, HashEmbedder(), 0)


@pytest.mark.slow
def test_an_interrupted_run_goes_on_to_the_same_adapter(tmp_path, pairs, monkeypatch):
    monkeypatch.setattr("rag_chat.training.answerer.CHECKPOINT_EVERY", 1)
    recipe, cache = AdapterRecipe(steps=2, lessons=2, warmup=1, untouched_layers=28), Settings().cache
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    taught = run([pairs], whole, HashEmbedder(), recipe, cache=cache)
    assert taught.lessons == 67  # 3 of 70 are kept aside
    assert taught.after != taught.before

    def stop(what, done, total):
        if what == "training":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run([pairs], cut, HashEmbedder(), recipe, cache=cache, progress=stop)
    assert (cut / CHECKPOINT_FILE).exists()
    assert not (cut / ADAPTER_FILE).exists()
    heard = []
    run([pairs], cut, HashEmbedder(), recipe, cache=cache, progress=lambda *step: heard.append(step))
    assert heard == [("training", 2, 2)]
    expected = load_file(whole / ADAPTER_FILE)
    assert all(torch.equal(weight, expected[name]) for name, weight in load_file(cut / ADAPTER_FILE).items())
    assert all(weight.dtype == torch.float16 for weight in expected.values())
    settings = json.loads((whole / CONFIG_FILE).read_text())
    assert settings[BASE_HASH] == PACKAGED["SmolLM2-135M-Instruct"].sha256
    assert settings["layers_to_transform"] == [28, 29]
