"""The one prompt: numbered passages, or only their best quotes for a small model, and the question."""

from __future__ import annotations

from rag_chat.sentences import readable
from rag_chat.types import Brief

INSTRUCTIONS = (
    "You answer questions about documents. Use only the numbered passages. Answer in one to three short sentences and"
    " keep to the passages' own words and numbers. If the passages do not contain the answer, say exactly:"
    " The documents do not say."
)
QUOTES_INSTRUCTIONS = (
    "Answer the question in one short sentence, in the words of the text. Use only facts from the text."
)


def from_passages(brief: Brief) -> tuple[str, str]:
    """(system, user) for a model that can read whole passages."""
    numbered = "\n\n".join(
        f"[{p.number}] {p.candidate.document}, page {p.candidate.page_label}\n{readable(p.chunk.text)}"
        for p in brief.passages
    )
    return INSTRUCTIONS, f"{numbered}\n\nQuestion: {brief.question}"


def from_quotes(brief: Brief) -> tuple[str, str]:
    """(system, user) for a small model: the best quotes only, in reading order."""
    ordered = sorted(brief.quotes, key=lambda q: (q.passage.number, q.start))
    return QUOTES_INSTRUCTIONS, f"Text: {' '.join(q.text for q in ordered)}\n\nQuestion: {brief.question}"
