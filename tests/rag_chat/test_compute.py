import torch

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
