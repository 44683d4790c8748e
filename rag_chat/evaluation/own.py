"""A retrieval set out of the user's own library: the questions that were rated, and the passages that were praised.

Limit: what nobody was shown is not judged and counts as not relevant, as in every set made of clicks; so it favours
the mode that was in use when the ratings were given.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rag_chat.errors import BadDataset
from rag_chat.evaluation.beir import Dataset
from rag_chat.library.conversations import Feedback
from rag_chat.types import Chunk

NAME = "own library"


def dataset(chunks: Sequence[Chunk], feedback: Iterable[Feedback]) -> Dataset:
    """The whole library as corpus. Raises BadDataset where nothing that was praised is in it."""
    places: dict[str, list[str]] = {}
    for chunk in chunks:
        places.setdefault(chunk.text, []).append(chunk.id)
    qrels: dict[str, dict[str, int]] = {}
    for row in feedback:
        for chunk_id in places.get(row.passage, ()):  # copies of a passage answer as well
            qrels.setdefault(row.question, {})[chunk_id] = 1
    if not qrels:
        raise BadDataset(
            "Nothing has been rated yet that is still in the library; mark good answers or passages on the page first."
        )
    return Dataset(NAME, {chunk.id: chunk.text for chunk in chunks}, {question: question for question in qrels}, qrels)
