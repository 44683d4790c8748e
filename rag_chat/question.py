"""What may be asked at all; the one rule that every door applies before it loads or runs anything."""

from __future__ import annotations

from typing import Any

from rag_chat.errors import BadQuestion

MOST_CANDIDATES, MOST_PASSAGES = 1000, 50


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


def check_counts(candidates: Any, passages: Any) -> None:
    """Raises BadQuestion for numbers of candidates and of passages that cannot be looked for."""
    for name, number, most in (("candidates", candidates, MOST_CANDIDATES), ("passages", passages, MOST_PASSAGES)):
        if type(number) is not int or not 1 <= number <= most:
            raise BadQuestion(f"{number!r} {name} cannot be looked for; ask for 1 to {most}.")


def check_pages(pages: Any) -> None:
    """Raises BadQuestion for what is no first and last page."""
    two = isinstance(pages, tuple | list) and len(pages) == 2 and all(type(page) is int for page in pages)
    if not two:
        raise BadQuestion(f"Pages {pages!r} are no range; give a first and a last page, such as (10, 20).")
    if not 1 <= pages[0] <= pages[1]:
        raise BadQuestion(f"Pages {pages[0]} to {pages[1]} are none; give a first page from 1 and a last one.")
