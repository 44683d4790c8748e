"""What may be asked at all; the one rule that every door applies before it loads or runs anything."""

from __future__ import annotations

from rag_chat.errors import BadQuestion


def check(question: str, most_characters: int) -> None:
    """Raises BadQuestion for an empty or overlong question, and for one that is not text."""
    if not isinstance(question, str):  # of a Python program, which nothing else holds to it
        raise BadQuestion(f"A question is a text, not of type {type(question).__name__}.")
    try:
        question.encode()
    except UnicodeEncodeError as error:
        said = f"Character {error.start + 1} of the question is no text; type it again, in UTF-8."
        raise BadQuestion(said) from None
    if not question.strip():
        raise BadQuestion("The question is empty; type what you want to know from your documents.")
    if len(question) > most_characters:
        raise BadQuestion(
            f"The question has {len(question):,} characters, more than the {most_characters:,} that are allowed"
            " (setting question_characters); ask a shorter one."
        )
