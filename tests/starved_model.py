"""A process in which the language model gets too little memory to load, then to answer, then enough again.

What it says each time goes to standard output as one JSON list.
"""

import json
import resource
import sys
from collections.abc import Callable
from pathlib import Path

import torch
import transformers.models.llama.modeling_llama  # noqa: F401 what is loaded later must find room too
from values import passage, quote

from rag_chat import weights
from rag_chat.chat import prompt
from rag_chat.config import Settings
from rag_chat.errors import ModelFailed
from rag_chat.generation.local import LocalGenerator
from rag_chat.types import Brief

TEXT = "The tide gate opens at five in the morning."
LONG = " ".join(f"{TEXT} In year {year} it did not." for year in range(400))
MB = 2**20


def brief(text: str) -> Brief:
    return Brief("When does the tide gate open?", (passage(text),), (quote(text),))


def with_room(megabytes: int, work: Callable[[], object]) -> str:
    held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (held + megabytes * MB, resource.RLIM_INFINITY))
    try:
        return str(work())
    except ModelFailed as error:
        return str(error)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def load() -> LocalGenerator:
    found = weights.find("SmolLM2-135M-Instruct", offline=True)
    return LocalGenerator(found, (prompt.from_quotes, prompt.from_passages), cache=Settings().cache, most=24)


if __name__ == "__main__":
    torch.ones(64, 64, dtype=torch.bfloat16) @ torch.ones(64, 64, dtype=torch.bfloat16)
    # Enough for the tokenizer, whose own code ends the process where it gets none, and too little for the weights.
    said = [with_room(200, load)]
    generator = load()
    list(generator.generate(brief(TEXT)))
    said.append(with_room(40, lambda: list(generator.generate(brief(LONG)))))
    said.append("".join(generator.generate(brief(TEXT))))
    sys.stdout.write(json.dumps(said))
