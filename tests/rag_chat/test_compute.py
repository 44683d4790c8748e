from pathlib import Path

import pytest
import torch

from rag_chat import compute
from rag_chat.compute import SPEEDUP_WANTED, Compute, this_machine


def test_the_choice_is_made_once_and_follows_the_measurement():
    machine = this_machine()
    assert this_machine() is machine
    assert machine.threads == torch.get_num_threads()
    if machine.device == "cpu" and abs(machine.speedup - SPEEDUP_WANTED) > 0.01:
        assert machine.dtype_name == ("bfloat16" if machine.speedup > SPEEDUP_WANTED else "float32")
    assert machine.device == ("cuda" if torch.cuda.is_available() else "cpu")


def test_the_dtype_is_the_one_named():
    assert Compute("cpu", "bfloat16", 2.0, 1).dtype is torch.bfloat16
    assert Compute("cpu", "float32", 1.0, 1).dtype is torch.float32


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is taken unmeasured")
@pytest.mark.parametrize(("half", "name"), [(1.0, "float32"), (0.2, "bfloat16")])
def test_the_faster_dtype_is_taken(half: float, name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(compute, "_computes_bfloat16", lambda: True)
    monkeypatch.setattr(compute, "_matmul_seconds", lambda dtype: half if dtype is torch.bfloat16 else 1.0)
    assert this_machine.__wrapped__().dtype_name == name


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is taken unmeasured")
def test_a_processor_that_lacks_bfloat16_is_not_kept_busy_with_it(monkeypatch: pytest.MonkeyPatch):
    measured: list[torch.dtype] = []
    monkeypatch.setattr(compute, "_computes_bfloat16", lambda: False)
    monkeypatch.setattr(compute, "_matmul_seconds", measured.append)
    assert this_machine.__wrapped__().dtype_name == "float32"
    assert measured == []


@pytest.mark.skipif(not Path("/proc/cpuinfo").exists(), reason="the processor does not say what it has")
def test_bfloat16_is_measured_where_the_processor_has_it():
    flags = Path("/proc/cpuinfo").read_text().split()
    if "avx512_bf16" in flags or "amx_bf16" in flags:
        assert compute._computes_bfloat16()
    elif "avx2" in flags and "avx512bw" not in flags:
        assert not compute._computes_bfloat16()
