"""A causal language model in this process, by transformers: any folder or hub id, or the installed GGUF.

Greedy, through the model's own chat template, with prompt lookup: answers that stay with their passages repeat them,
and such tokens are verified in one step instead of being decoded one by one (about 150 instead of 23 tokens a
second on two cores; the text is the same).
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag_chat import quiet
from rag_chat.compute import this_machine
from rag_chat.errors import ModelFailed
from rag_chat.generation import adapter
from rag_chat.generation.dense_copy import dense_copy, forget
from rag_chat.generation.template import prompt_ids
from rag_chat.types import Brief
from rag_chat.weights import Weights

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerBase

ONE_SENTENCE = 60  # tokens that an answerer of one sentence may write; it stops by itself long before
LOOKUP = 10  # tokens guessed from the prompt at a time
SMALL = 1_000_000_000  # parameters; below this a model is given quotes and only its carried sentences are shown
PATIENCE_S = 120.0  # without a new token for so long the model has failed
LESS = "close other programs, or name a smaller one in RAG_CHAT_GENERATOR ('quoting' needs none)"

PromptWriter = Callable[[Brief], tuple[str, str]]


class LocalGenerator:
    """One model, one answer at a time. `writers` are the prompts for a small and for a larger model."""

    def __init__(self, weights: Weights, writers: tuple[PromptWriter, PromptWriter], *, cache: Path, most: int) -> None:
        quiet.libraries()
        try:
            base, own = adapter.based(weights)
            self._tokenizer, self._model = _load(base, cache)
        except (OSError, ValueError, RuntimeError, ImportError, MemoryError) as error:
            if _ran_out_of_memory(error):
                said = f"The language model '{weights.name}' does not fit into the memory that is free; {LESS}."
                raise ModelFailed(said) from error
            raise ModelFailed(
                f"The language model '{weights.name}' cannot be loaded ({type(error).__name__}): its files are"
                " incomplete or of a kind that transformers does not read."
            ) from error
        if own is not None:
            adapter.merge(self._model, own, base)
        if not self._tokenizer.chat_template:
            raise ModelFailed(f"The model '{weights.name}' has no chat template; name an instruction-tuned model.")
        self.name = weights.name
        self.trusted = self._model.num_parameters() >= SMALL
        self._write = writers[1] if self.trusted else writers[0]
        self._most = most if own is None else min(most, ONE_SENTENCE)
        self._lock = threading.Lock()

    def generate(self, brief: Brief) -> Iterator[str]:
        with self._lock:
            yield from self._stream(self.encode(*self._write(brief)))

    def encode(self, system: str, user: str) -> torch.Tensor:
        """(1, tokens)."""
        import torch

        return torch.tensor([prompt_ids(self._tokenizer, system, user)], device=self._model.device)

    def _stream(self, ids: torch.Tensor) -> Iterator[str]:
        import torch
        from transformers import StoppingCriteria, StoppingCriteriaList, TextIteratorStreamer

        stopped = threading.Event()
        failure: list[BaseException] = []
        patience = PATIENCE_S

        class Stop(StoppingCriteria):
            def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor, **_: Any) -> torch.Tensor:
                return torch.full((input_ids.shape[0],), stopped.is_set(), device=input_ids.device)

        streamer = TextIteratorStreamer(self._tokenizer, skip_prompt=True, skip_special_tokens=True, timeout=PATIENCE_S)

        def work() -> None:
            try:
                self._model.generate(
                    ids,
                    attention_mask=torch.ones_like(ids),
                    do_sample=False,
                    max_new_tokens=self._most,
                    prompt_lookup_num_tokens=LOOKUP,
                    repetition_penalty=1.0,
                    pad_token_id=self._tokenizer.pad_token_id or self._tokenizer.eos_token_id,
                    streamer=streamer,
                    stopping_criteria=StoppingCriteriaList([Stop()]),
                )
            except Exception as error:  # carried over to the reader's thread, where it is raised
                failure.append(error)
                streamer.end()

        thread = threading.Thread(target=work, name="generate", daemon=True)
        thread.start()
        try:
            yield from (piece for piece in streamer if piece)
        except queue.Empty as error:
            failure.append(error)
            patience = 0.0
        finally:  # also when the reader goes away: the model stops at its next token
            stopped.set()
            thread.join(timeout=patience)
        if failure:
            raise _worded(self.name, failure[0]) from failure[0]


def _worded(name: str, error: BaseException) -> ModelFailed:
    if isinstance(error, queue.Empty):
        why = f"wrote nothing for {PATIENCE_S:g} s; ask again, or name a smaller one in RAG_CHAT_GENERATOR."
    elif _ran_out_of_memory(error):
        why = f"ran out of memory while answering; {LESS}, and ask again."
    else:
        why = f"failed while answering ({error})."
    return ModelFailed(f"The language model '{name}' {why}")


def _ran_out_of_memory(error: BaseException) -> bool:
    """Python, torch on either kind of processor and the system each say so in their own way."""
    said = str(error).lower()
    return isinstance(error, MemoryError) or "out of memory" in said or "allocate memory" in said


def _load(weights: Weights, cache: Path) -> tuple[PreTrainedTokenizerBase, Any]:
    if weights.path is None or weights.path.suffix != ".gguf":
        return _loaded(weights.location, local=weights.path is not None)
    from safetensors import SafetensorError

    try:
        return _loaded(str(dense_copy(weights.path, cache)), local=True)
    except (OSError, ValueError, SafetensorError):  # somebody has taken files from the copy, or it was cut short
        forget(weights.path, cache)
        return _loaded(str(dense_copy(weights.path, cache)), local=True)


def _loaded(folder: str, *, local: bool) -> tuple[PreTrainedTokenizerBase, Any]:
    with quiet.loading():
        from transformers import AutoModelForCausalLM, AutoTokenizer

    machine = this_machine()
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=local)
    model: Any = AutoModelForCausalLM.from_pretrained(
        folder, dtype=machine.dtype, local_files_only=local, use_safetensors=True
    )
    model.generation_config.temperature = model.generation_config.top_p = model.generation_config.top_k = None
    return tokenizer, model.to(machine.device).eval()
