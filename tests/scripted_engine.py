"""A scripted engine over real PDFs: what the page needs to be developed and tested without models."""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pypdfium2

from rag_chat.errors import BadQuestion, DocumentError
from rag_chat.highlight import PageView
from rag_chat.types import (
    Answer,
    Candidate,
    Chunk,
    Citation,
    Document,
    Event,
    Finished,
    IngestReport,
    Passage,
    Retrieved,
    Sentence,
    Span,
    Token,
    Turn,
)
from rag_chat.web.backend import Backend


@dataclass(frozen=True)
class ScriptedStep:
    stage: str
    done: int
    total: int


@dataclass
class ScriptedBackend:
    """Finds pages by shared words and quotes their best line; words of the question drive it:
    "slow" waits, "nothing" abstains, "broken" raises something foreign."""

    pause: float = 0.0
    files: dict[str, Path] = field(default_factory=dict)
    known: dict[str, Document] = field(default_factory=dict)
    texts: dict[str, list[str]] = field(default_factory=dict)
    asked: list[tuple[str, tuple[Turn, ...], tuple[str, ...] | None]] = field(default_factory=list)
    closed: int = 0  # iterators that were closed before their end
    images: PageView = field(default_factory=PageView)

    def backend(self) -> Backend:
        return Backend(
            engine=self,
            images=self.images,
            documents=lambda: list(self.known.values()),
            document=self.known.get,
            file=lambda doc_id: self.files[doc_id],
            add_document=self.add,
            delete_document=lambda doc_id: [part.pop(doc_id) for part in (self.files, self.known, self.texts)] and None,
            close=self.images.close,
        )

    def add(self, path: Path, name: str, progress) -> IngestReport:
        content = path.read_bytes()
        if not content.startswith(b"%PDF"):
            raise DocumentError(f"'{name}' is not a PDF: it begins with {content[:8]!r}; add the PDF itself.")
        doc_id = hashlib.sha256(content).hexdigest()
        if doc_id in self.known:
            return IngestReport(name, doc_id, "unchanged")
        kept = Path(tempfile.mkdtemp()) / f"{doc_id}.pdf"
        kept.write_bytes(content)
        pdf = pypdfium2.PdfDocument(content)
        self.texts[doc_id] = [sheet.get_textpage().get_text_range().replace("\r\n", " \n") for sheet in pdf]
        for done in range(10):
            progress(ScriptedStep("embed", done + 1, 10))
            time.sleep(self.pause)
        self.files[doc_id] = kept
        blank = tuple(i + 1 for i, text in enumerate(self.texts[doc_id]) if not text.strip())
        self.known[doc_id] = Document(doc_id, name, "", len(pdf), len(pdf), len(content), "2026-01-01T00:00:00Z", blank)
        return IngestReport(name, doc_id, "ready", len(pdf), len(pdf))

    def ask(
        self, question: str, history_: Sequence[Turn] = (), *, doc_ids: Sequence[str] | None = None
    ) -> Iterator[Event]:
        self.asked.append((question, tuple(history_), None if doc_ids is None else tuple(doc_ids)))
        if not question.strip():
            raise BadQuestion("The question is empty; type what you want to know from your documents.")
        if "broken" in question:
            raise ZeroDivisionError("a secret path /srv/data")
        passages = self._passages(question, doc_ids)
        yield Retrieved(question, passages, tuple(passage.candidate for passage in passages))
        time.sleep(self.pause)
        answer = self._answer(question, passages)
        try:
            for word in answer.text.split(" "):
                time.sleep(self.pause + (0.3 if "slow" in question else 0))
                yield Token(f"{word} ")
        except GeneratorExit:
            self.closed += 1
            raise
        yield Finished(answer)

    def _passages(self, question: str, doc_ids: Sequence[str] | None) -> tuple[Passage, ...]:
        words = set(question.lower().strip("?").split())
        found = [
            (len(words & set(text.lower().split())), doc_id, page, text)
            for doc_id, texts in self.texts.items()
            for page, text in enumerate(texts, 1)
            if text.strip() and (not doc_ids or doc_id in doc_ids)
        ]
        found.sort(key=lambda entry: -entry[0])
        return tuple(Passage(number, self._candidate(number, *entry)) for number, entry in enumerate(found[:5], 1))

    def _candidate(self, number: int, overlap: int, doc_id: str, page: int, text: str) -> Candidate:
        end = min(len(text), 900)
        chunk = Chunk(f"{doc_id[:8]}-{page}", doc_id, page, (Span(page, 0, end),), "1 Scripted", text[:end])
        return Candidate(
            chunk,
            self.known[doc_id].name,
            str(page),
            rank=number,
            score=0.95 / number,
            stage1_rank=(number * 7) % 11 + 1,
            stage1_score=0.5 / number,
        )

    def _answer(self, question: str, passages: Sequence[Passage]) -> Answer:
        base = Answer(question, question, "The documents do not say.", True, (), (), tuple(passages))
        if "nothing" in question or not passages:
            return base
        citations, sentences, parts = [], [], []
        for passage in passages[:2]:
            start, end = best_line(passage.chunk.text, question)
            citations.append(self._citation(passage, start, end))
            text = " ".join(passage.chunk.text[start:end].split())
            sentences.append(Sentence(text, len(citations) - 1, True))
            parts.append(f"{text} [{passage.number}]")
        return Answer(
            question, question, " ".join(parts), False, tuple(sentences), tuple(citations), tuple(passages),
            generator="scripted", seconds={"retrieve": 0.031, "rerank": 0.24, "first_token": 0.6, "total": 1.9},
        )  # fmt: skip

    def _citation(self, passage: Passage, start: int, end: int) -> Citation:
        chunk = passage.chunk
        boxes = self.images.boxes(self.files[chunk.doc_id], chunk.first_page, start, end)
        return Citation(
            passage.number, passage.candidate.document, chunk.doc_id, chunk.first_page, str(chunk.first_page),
            chunk.text[start:end], start, end, boxes, 0.9, passage.number == 1,
        )  # fmt: skip


def best_line(text: str, question: str) -> tuple[int, int]:
    """The line that shares most words with the question, as offsets."""
    words, start, best = set(question.lower().split()), 0, (-1, 0, 1)
    for line in text.split(" \n"):
        overlap = len(words & set(line.lower().split()))
        if line.strip() and overlap > best[0]:
            best = (overlap, start, start + len(line))
        start += len(line) + 2
    return best[1], best[2]
