"""An answer with a passage and a quote, as parts of the page are tested with; and the tags of what they made."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

from rag_chat.library.conversations import Exchange
from rag_chat.types import Answer, Candidate, Chunk, Citation, Document, Passage, Sentence, Span

PAGE = "Tides rise twice a day. The pump lifts 40 litres \na minute. It needs oil."
QUOTE = "The pump lifts 40 litres \na minute."
START = PAGE.index(QUOTE)
DOC_ID = "a" * 64


def passage(number: int = 1, document: str = "pump.pdf", text: str = PAGE, heading: str = "2 Pumps") -> Passage:
    chunk = Chunk(f"c{number}", DOC_ID, number, (Span(4, 0, len(text)),), heading, text)
    return Passage(number, Candidate(chunk, document, "iv", number, 0.934, 14, 0.412))


def citation(**changes) -> Citation:
    made = Citation(1, "pump.pdf", DOC_ID, 4, "iv", QUOTE, START, START + len(QUOTE), ((1, 2, 3, 4),), 0.9, True)
    return replace(made, **changes)


def answer(**changes) -> Answer:
    text = "The pump lifts 40 litres a minute. [1]"
    sentences = (Sentence("The pump lifts 40 litres a minute.", 0, True),)
    passages = (passage(), passage(2, text="Other."))
    made = Answer(
        "How much?", "How much?", text, False, sentences, (citation(),), passages,
        tuple(p.candidate for p in passages), "quoting", {"rerank": 0.3, "total": 0.5}, "rerank",
    )  # fmt: skip
    return replace(made, **changes)


def exchange(number: int = 1, made: Answer | None = None, **changes) -> Exchange:
    found = made or answer()
    return replace(Exchange(number, found.question, state="answered", said=found.text, answer=found), **changes)


def known(doc_id: str) -> Document | None:
    return Document(doc_id, "pump.pdf", "", 22, 9, 100, "2026-01-01T00:00:00+00:00", ()) if doc_id == DOC_ID else None


def nobody(_: str) -> None:
    """Every document has been deleted."""


class Tags(HTMLParser):
    """Every tag with its attributes, and whether each is closed."""

    VOID = ("img", "input", "line")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"</{tag}> closes something else"

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.seen if name == tag]
