"""The one prompt: numbered passages, or only their best quotes for a small model, and the question."""

from __future__ import annotations

from collections.abc import Sequence

from rag_chat.sentences import readable
from rag_chat.types import PARAGRAPH, Brief

INSTRUCTIONS = (
    "You answer questions about documents. Use only the numbered passages. Answer in one to three short sentences and"
    " keep to the passages' own words and numbers. If the passages do not contain the answer, say exactly:"
    " The documents do not say."
)
SUMMARY_INSTRUCTIONS = (
    "You sum up a document. The numbered passages are one of each of its sections, in order. Say in at most one short"
    " sentence a passage what the document is about, only from the passages and in their own words and numbers."
)
REWRITE_INSTRUCTIONS = (
    "You are given the last turns of a conversation and a new question. Write the new question again, as one that is"
    " understood without them: put in what its pronouns and gaps stand for, and change nothing else. Write only it."
)
LONGEST_ANSWER = 300  # characters of an earlier answer
QUOTES_INSTRUCTIONS = "Answer in one short sentence in the words of the text, or say: The documents do not say."
QUOTES = 1  # that a small model is shown: it shortens better than it chooses (model card of smollm2-answerer)


def from_passages(brief: Brief) -> tuple[str, str]:
    """(system, user) for a model that can read whole passages."""
    if brief.before:
        said = "\n".join(f"Question: {turn.question}\nAnswer: {turn.answer[:LONGEST_ANSWER]}" for turn in brief.before)
        return REWRITE_INSTRUCTIONS, f"{said}\n\nNew question: {brief.question}"
    numbered = "\n\n".join(
        f"[{p.number}] {p.candidate.document}, {_place(p.candidate.page_label)}\n{readable(p.chunk.text)}"
        for p in brief.passages
    )
    return SUMMARY_INSTRUCTIONS if brief.summary else INSTRUCTIONS, f"{numbered}\n\nQuestion: {brief.question}"


def _place(label: str) -> str:
    return label if PARAGRAPH in label else f"page {label}"


def from_quotes(brief: Brief) -> tuple[str, str]:
    """(system, user) for a small model: the best quote only."""
    return QUOTES_INSTRUCTIONS, about(brief.question, [quote.text for quote in brief.quotes[:QUOTES]])


def about(question: str, quotes: Sequence[str]) -> str:
    """The question stands in front too: a causal model then reads the quotes knowing what is asked."""
    listed = "\n".join(quotes)
    return f"{question}\n\n{listed}\n\n{question}"
