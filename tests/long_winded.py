"""A prompt that a small model answers at length; a module of its own, as the model's process imports it."""

from rag_chat.types import Brief


def asked(brief: Brief) -> tuple[str, str]:
    return "You write long stories.", "Write a long story about a harbour, a tide gate and a pump, in ten chapters."
