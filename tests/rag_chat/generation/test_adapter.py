"""Merging an adapter without peft gives what peft gives; what does not belong together is refused."""

import json

import pytest
import torch
import toy_llama
from peft import PeftModel
from safetensors.torch import save_file

from rag_chat.errors import ModelFailed
from rag_chat.generation.adapter import ADAPTER_FILE, BASE_HASH, BASE_NAME, CONFIG_FILE, based, merge
from rag_chat.weights import Weights, hash_of

IDS = torch.tensor([[5, 6, 7, 8, 9]])


@pytest.fixture
def base(tmp_path):
    folder = tmp_path / "base"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"the base")
    return Weights("toy", "folder", folder)


@pytest.fixture
def adapter(tmp_path, base):
    folder = tmp_path / "adapter"
    folder.mkdir()
    torch.manual_seed(5)
    found = {}
    for layer, part, rows, columns in ((1, "self_attn.q_proj", 32, 32), (2, "mlp.down_proj", 32, 48)):
        name = f"base_model.model.model.layers.{layer}.{part}"
        found[f"{name}.lora_A.weight"] = torch.randn(4, columns)
        found[f"{name}.lora_B.weight"] = torch.randn(rows, 4)
    save_file(found, folder / ADAPTER_FILE)
    settings = {
        "peft_type": "LORA", "task_type": "CAUSAL_LM", "r": 4, "lora_alpha": 8, BASE_HASH: hash_of(base),
        BASE_NAME: str(base.path),
        "target_modules": "model.layers.(1.self_attn.q_proj|2.mlp.down_proj)",
    }  # fmt: skip
    (folder / CONFIG_FILE).write_text(json.dumps(settings))
    return folder


@pytest.mark.filterwarnings("ignore")  # peft says that it does not know the hash, and uses a deprecated attribute
def test_the_merged_model_is_the_one_that_peft_runs(adapter, base):
    merged = toy_llama.model()
    plain = merged(IDS).logits
    merge(merged, adapter, base)
    wanted = PeftModel.from_pretrained(toy_llama.model(), adapter).eval()(IDS).logits
    assert torch.allclose(merged(IDS).logits, wanted, atol=1e-4)
    assert not torch.allclose(plain, wanted, atol=1e-1)


def test_other_base_weights_are_refused_with_both_hashes(adapter, base):
    wanted = hash_of(base)
    (base.path / "model.safetensors").write_bytes(b"another")
    with pytest.raises(ModelFailed) as caught:
        merge(toy_llama.model(), adapter, base)
    assert wanted in str(caught.value)
    assert hash_of(base) in str(caught.value)


@pytest.mark.parametrize("missing", [ADAPTER_FILE, CONFIG_FILE])
def test_an_incomplete_adapter_is_refused(adapter, base, missing):
    (adapter / missing).unlink()
    with pytest.raises(ModelFailed, match="rag-chat train answerer"):
        merge(toy_llama.model(), adapter, base)


def test_a_pickle_is_not_read(adapter, base):
    torch.save({"x": torch.zeros(1)}, adapter / ADAPTER_FILE)
    with pytest.raises(ModelFailed, match="cannot be loaded"):
        merge(toy_llama.model(), adapter, base)


def test_an_adapter_of_another_shape_is_refused(adapter, base):
    found = {f"base_model.model.model.layers.9.self_attn.q_proj.lora_{x}.weight": torch.zeros(4, 4) for x in "AB"}
    save_file(found, adapter / ADAPTER_FILE)
    with pytest.raises(ModelFailed, match="does not fit"):
        merge(toy_llama.model(), adapter, base)


def test_a_folder_with_an_adapter_names_its_base(adapter, base, tmp_path):
    found, own = based(Weights("mine", "folder", adapter))
    assert (found.path, own) == (base.path, adapter)
    assert based(base) == (base, None)
    (adapter / CONFIG_FILE).write_text("{}")
    with pytest.raises(ModelFailed, match=BASE_NAME):
        based(Weights("mine", "folder", adapter))
