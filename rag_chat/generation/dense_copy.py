"""A packed model (GGUF) as transformers loads it quickly: unpacked once into safetensors, for every later start."""

from __future__ import annotations

import fcntl
import functools
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rag_chat import quiet
from rag_chat.errors import ModelFailed


def dense_copy(gguf: Path, cache: Path) -> Path:
    """The folder of the copy, made where it is not there (7 s); loading it takes under a second. Of processes that come
    at the same time one makes it, and the others wait. Raises ModelFailed where it cannot be written."""
    from safetensors import SafetensorError

    try:
        return _copied(gguf, cache)
    except (OSError, SafetensorError) as error:
        if isinstance(error, OSError) and error.strerror is None:
            raise  # transformers' own, about the model
        why = error.strerror if isinstance(error, OSError) else "writing it failed, as on a full disk"
        raise ModelFailed(
            f"The language model '{gguf.stem}' cannot be unpacked ({why}); set RAG_CHAT_CACHE to a folder that can be"
            " written and has 300 MB left."
        ) from error


def forget(gguf: Path, cache: Path) -> None:
    """Throws the copy away, as one that cannot be loaded."""
    shutil.rmtree(cache / gguf.stem, ignore_errors=True)


def _copied(gguf: Path, cache: Path) -> Path:
    folder = cache / gguf.stem
    if not (folder / "config.json").exists():
        cache.mkdir(parents=True, exist_ok=True)
        with folder.with_name(f"{gguf.stem}.lock").open("w") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            if not (folder / "config.json").exists():
                with quiet.loading(), _parsed_once():
                    _unpack(gguf, folder)
    return folder


def _unpack(gguf: Path, folder: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    packed = GgufConfig(gguf_file=gguf.name, dequantize=True)
    model = AutoModelForCausalLM.from_pretrained(
        str(gguf.parent),
        gguf_file=gguf.name,
        quantization_config=packed,
        dtype=torch.bfloat16,
        local_files_only=True,
    )
    fresh = folder.with_name(folder.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    model.save_pretrained(fresh)
    AutoTokenizer.from_pretrained(str(gguf.parent), gguf_file=gguf.name).save_pretrained(fresh)
    shutil.rmtree(folder, ignore_errors=True)  # what is left of one that somebody has taken files from
    fresh.replace(folder)  # one step, so that an interrupted copy is never taken for a whole one


@contextmanager
def _parsed_once() -> Iterator[None]:
    """transformers parses the file for the settings, the weights and the tokenizer, 100,000 words each time, and makes
    the same list of names for each of 400 modules: remembered, unpacking takes a third of the time."""
    import gguf

    reader, names = gguf.GGUFReader, gguf.get_tensor_name_map
    gguf.GGUFReader, gguf.get_tensor_name_map = functools.cache(reader), functools.cache(names)
    try:
        yield
    finally:
        gguf.GGUFReader, gguf.get_tensor_name_map = reader, names
