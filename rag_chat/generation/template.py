"""A prompt as token ids through the model's own chat template.

Document and user text is tokenized apart from the template, so that a control token written in a document stays text.
Knows nothing about what is asked or answered. Limit: one system and one user message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

SLOT = "\x00user text\x00"  # stands for document and user text while the template is rendered


def prompt_ids(tokenizer: PreTrainedTokenizerBase, system: str, user: str) -> list[int]:
    messages = [{"role": "system", "content": system}, {"role": "user", "content": SLOT}]
    rendered = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    before, after = str(rendered).split(SLOT)
    return [
        *_ids(tokenizer, before, plain=False),
        *plain_ids(tokenizer, user.replace("\x00", " ")),
        *_ids(tokenizer, after, plain=False),
    ]


def plain_ids(tokenizer: PreTrainedTokenizerBase, text: str) -> list[int]:
    """Text in which nothing is a control token."""
    return _ids(tokenizer, text, plain=True)


def _ids(tokenizer: PreTrainedTokenizerBase, text: str, *, plain: bool) -> list[int]:
    return list(tokenizer(text, add_special_tokens=False, split_special_tokens=plain)["input_ids"])
