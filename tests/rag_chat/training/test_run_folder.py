"""A run's folder: the same run goes on exactly, another one is told apart, a full disk leaves what was there."""

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import torch
from torch import nn

from rag_chat.errors import BadSetting, DiskFull
from rag_chat.library import files
from rag_chat.training.descent import Descent
from rag_chat.training.run_folder import CHECKPOINT_FILE, LOSSES_FILE, RunFolder, write_whole

RUN = {"pairs": "a1b2", "steps": 3, "fresh": False}


def descent(steps=0, width=4):
    torch.manual_seed(0)
    network = nn.Linear(width, 1)
    made = Descent(network, {"": 0.1}, warmup=1, steps=8)
    for _ in range(steps):
        made.learn(lambda parts: [{"loss": network(torch.ones(width)).sum() ** 2}], 1)
    return made


def begun(out, steps=2):
    RunFolder(out, RUN).save(descent(steps), {"note": 7})
    return out


def test_the_same_run_goes_on_where_it_stood_with_what_was_kept_beside(tmp_path):
    out, fresh = begun(tmp_path / "out"), descent()
    assert RunFolder(out, dict(RUN)).resume(fresh) == {"note": 7}
    assert fresh.step == 2
    assert all(torch.equal(w, descent(2).weights()[name]) for name, w in fresh.weights().items())
    assert [path.name for path in out.iterdir()] == [CHECKPOINT_FILE]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"pairs": "c3"}, "other pairs"),
        ({"steps": 9, "fresh": True}, "steps 3, not 9, fresh False, not True"),
        ({"embedder": "other"}, "other embedder"),
    ],
)
def test_another_run_is_told_apart_in_a_sentence_and_begun_anew_when_asked(tmp_path, changed, told):
    out = begun(tmp_path / "out")
    with pytest.raises(BadSetting) as raised:
        RunFolder(out, RUN | changed)
    assert str(raised.value) == (
        f"'out' holds another run ({told}); name another folder with --out, or give --restart to begin anew there."
    )
    fresh = descent()
    assert RunFolder(out, RUN | changed, restart=True).resume(fresh) == {}
    assert fresh.step == 0


def test_a_checkpoint_of_an_earlier_version_and_a_damaged_one_are_said_so(tmp_path):
    torch.save({"step": 3}, tmp_path / CHECKPOINT_FILE)
    with pytest.raises(BadSetting, match=r"holds another run \(one of an earlier version\)"):
        RunFolder(tmp_path, RUN)
    for content in (b"", b"nothing of the kind", (begun(tmp_path / "whole") / CHECKPOINT_FILE).read_bytes()[:600]):
        (tmp_path / CHECKPOINT_FILE).write_bytes(content)
        with pytest.raises(BadSetting, match=f"The checkpoint in '{tmp_path.name}' is damaged; give --restart"):
            RunFolder(tmp_path, RUN)


def test_losses_are_added_by_a_run_that_goes_on_and_forgotten_by_another(tmp_path):
    folder = RunFolder(tmp_path, RUN)
    for begun_at, step in ((0, 1), (1, 2)):
        with folder.losses(begun_at) as log:
            log(step, {"loss": 0.123456})
    rows = [json.loads(line) for line in (tmp_path / LOSSES_FILE).read_text().splitlines()]
    assert rows == [{"step": 1, "loss": 0.1235}, {"step": 2, "loss": 0.1235}]
    with folder.losses(0) as log:
        log(1, {"loss": 1.0})
    assert len((tmp_path / LOSSES_FILE).read_text().splitlines()) == 1


def test_too_little_room_is_said_before_any_step(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "RESERVE", 10**18)
    with pytest.raises(DiskFull, match=r"^Training needs about 10\d+ MB on the disk of --out, where \d+ MB are free"):
        RunFolder(tmp_path, RUN).resume(descent())


def test_a_full_disk_is_said_so_and_the_last_checkpoint_stays_usable(tmp_path):
    """A limit on file size stands in for the full disk, in a process of its own."""
    code = textwrap.dedent(
        """
        import resource, signal
        from rag_chat.errors import DiskFull
        from test_run_folder import RUN, RunFolder, descent, write_whole

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        out = Path(sys.argv[1])
        folder = RunFolder(out, RUN)
        folder.save(descent(1, width=20_000))
        before = (out / "checkpoint.pt").read_bytes()
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))

        def too_long():
            with folder.losses(1) as log:
                for step in range(10_000):
                    log(step, {"loss": 1.0})

        for write in (
            lambda: folder.save(descent(2, width=20_000)),
            lambda: write_whole(out / "weights.safetensors", bytes(200_000)),
            too_long,
        ):
            try:
                write()
            except DiskFull as error:
                print(error)
        assert (out / "checkpoint.pt").read_bytes() == before
        fresh = descent(width=20_000)
        RunFolder(out, RUN).resume(fresh)
        print(fresh.step, sorted(path.name for path in out.iterdir()))
        """
    )
    here = str(Path(__file__).parent)
    start = f"import sys; from pathlib import Path; sys.path.insert(0, {here!r})\n"
    done = subprocess.run(
        [sys.executable, "-c", start + code, str(tmp_path)], capture_output=True, text=True, timeout=240, check=False
    )
    assert done.stderr == ""
    names = ("checkpoint.pt", "weights.safetensors", "losses.jsonl")
    said = "No space is left for '{}'; free some, then run the same command again: it goes on from its last checkpoint."
    *errors, last = done.stdout.splitlines()
    assert errors == [said.format(name) for name in names]
    assert last == "1 ['checkpoint.pt', 'losses.jsonl']"


def test_what_is_written_whole_leaves_no_half_when_it_is_stopped(tmp_path):
    write_whole(tmp_path / "a.json", b"old")
    (tmp_path / "a.json.new").mkdir()  # cannot be written to
    with pytest.raises(OSError):
        write_whole(tmp_path / "a.json", b"new")
    assert (tmp_path / "a.json").read_bytes() == b"old"
