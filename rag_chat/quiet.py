"""Keeps foreign libraries from writing to the terminal, calling home, and doing while they load what nobody needs."""

from __future__ import annotations

import gc
import inspect
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def libraries() -> None:
    """Call before importing transformers; harmless twice."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")  # safe: this project's processes are spawned, not forked
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("TQDM_DISABLE", "1")  # unpacking a GGUF draws a bar of its own
    from transformers.utils import logging

    # MiniLM's file carries a position_ids buffer that newer code does not expect: a long harmless report.
    logging.set_verbosity_error()
    logging.disable_progress_bar()


@contextmanager
def loading() -> Iterator[None]:
    """Around the import of a large library: all that it makes stays, so that looking for garbage among it, a seventh
    of the time of importing torch, transformers and gradio, finds nothing."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextmanager
def no_stubs() -> Iterator[None]:
    """Around the import of gradio, which each time writes a .pyi beside every component of its own: 1.6 of 3.7 s. It
    leaves a component out whose class has no file, as one that was typed in a console."""
    getfile = inspect.getfile

    def file_of(it: Any) -> str:
        if str(getattr(it, "__module__", "")).startswith("gradio."):
            raise OSError
        return getfile(it)

    inspect.getfile = file_of  # type: ignore[assignment]
    try:
        yield
    finally:
        inspect.getfile = getfile
