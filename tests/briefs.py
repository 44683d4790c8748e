"""What tests ask the local model; a module of its own, as the model's process imports it."""

from values import passage, quote

from rag_chat.chat import prompt
from rag_chat.types import Brief

WRITERS = (prompt.from_quotes, prompt.from_passages)
TEXT = "The tide gate opens at five in the morning."
BRIEF = Brief("When does the tide gate open?", (passage(TEXT),), (quote(TEXT),))


def long_story(brief: Brief) -> tuple[str, str]:
    return "You write long stories.", "Write a long story about a harbour, a tide gate and a pump, in ten chapters."
