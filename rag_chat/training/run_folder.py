"""The folder that a run writes to: its checkpoint, its losses by step, and the weights that come of it.

The checkpoint says which run it is of, so that another one never goes on from it. Every file is there whole or not at
all: a full disk or a kill leaves the last checkpoint usable.
"""

from __future__ import annotations

import io
import json
import pickle
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag_chat.errors import BadSetting
from rag_chat.library.files import no_space_is_disk_full, require_room

if TYPE_CHECKING:
    from rag_chat.training.descent import Descent

CHECKPOINT_FILE, LOSSES_FILE = "checkpoint.pt", "losses.jsonl"
FULL = "No space is left for '{name}'; free some, then run the same command again: it goes on from its last checkpoint."
LACKING = "Training needs about {needed} MB on the disk of --out, where {free} MB are free; free some and start again."
FINISHED = "This run had made its {steps} steps before: nothing was trained, the result was measured anew."
Progress = Callable[[str, int, int], None]  # what is being done, done, of how many


class RunFolder:
    """Of one run, which `run` describes: what each thing that shapes it is called, and its value or fingerprint."""

    def __init__(self, out: Path, run: Mapping[str, str | int | float], *, restart: bool = False) -> None:
        """Makes the folder. Raises BadSetting where it holds another run, or is a file; `restart` forgets that one's
        checkpoint."""
        if out.is_file():
            raise BadSetting(f"--out '{out.name}' is a file; name a folder.")
        self.out = out
        self._run = dict(run)
        self._checkpoint = out / CHECKPOINT_FILE
        with no_space_is_disk_full(FULL.format(name=out.name)):
            out.mkdir(parents=True, exist_ok=True)
        if restart:
            self._checkpoint.unlink(missing_ok=True)
        self._state = self._read() if self._checkpoint.exists() else None

    def resume(self, descent: Descent) -> Mapping[str, Any]:
        """Puts the descent where the checkpoint stands, if there is one; gives what was kept `beside` it. Raises
        DiskFull where the disk has no room for the run."""
        there = self._checkpoint.stat().st_size if self._state else 0
        # Two checkpoints, the next one written beside the last, with the best weights in each; and what comes of it.
        require_room(self.out, 3 * descent.size - there, LACKING)
        if self._state is None:
            return {}
        state, self._state = self._state, None
        descent.resume(state["descent"])
        beside: Mapping[str, Any] = state["beside"]
        return beside

    def save(self, descent: Descent, beside: Mapping[str, Any] | None = None) -> None:
        import torch

        content = io.BytesIO()  # torch words the operating system's errors in a way of its own
        torch.save({"run": self._run, "descent": descent.state(), "beside": beside or {}}, content)
        write_whole(self._checkpoint, content.getbuffer())

    @contextmanager
    def losses(self, begun: int) -> Iterator[Callable[[int, Mapping[str, float]], None]]:
        """What writes a step's losses down; those of another run are forgotten where none of this one was `begun`."""
        path = self.out / LOSSES_FILE
        with (
            no_space_is_disk_full(FULL.format(name=path.name)),
            path.open("a" if begun else "w", encoding="utf-8") as log,
        ):

            def write(step: int, losses: Mapping[str, float]) -> None:
                rounded = {name: round(loss, 4) for name, loss in losses.items()}
                log.write(json.dumps({"step": step, **rounded}) + "\n")
                log.flush()

            yield write

    def _read(self) -> dict[str, Any]:
        import torch

        try:
            state: dict[str, Any] = torch.load(self._checkpoint, weights_only=True, map_location="cpu")
        except (RuntimeError, EOFError, pickle.UnpicklingError) as error:
            raise BadSetting(
                f"The checkpoint in '{self.out.name}' is damaged; give --restart to begin anew there."
            ) from error
        before = state.get("run")
        if before != self._run:
            told = _differences(before, self._run) if before else "one of an earlier version"
            raise BadSetting(
                f"'{self.out.name}' holds another run ({told}); name another folder with --out, or give --restart to"
                " begin anew there."
            )
        return state


def write_whole(path: Path, content: bytes | memoryview) -> None:
    """Raises DiskFull; what was there before stays until the new file is whole."""
    fresh = path.with_name(f"{path.name}.new")
    try:
        with no_space_is_disk_full(FULL.format(name=path.name)):
            fresh.write_bytes(content)
            fresh.replace(path)
    except BaseException:  # Ctrl-C too leaves nothing half-written
        fresh.unlink(missing_ok=True)
        raise


def _differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    found = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    return ", ".join(
        f"other {name}" if isinstance(now.get(name), str) else f"{name} {before.get(name)}, not {now.get(name)}"
        for name in found
    )
