"""A scripted engine over real PDFs: what the page needs to be developed and tested without models."""

from __future__ import annotations

import hashlib
import itertools
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pypdfium2

from ingest.glyphs import open_document
from ingest.guesses import Guesses
from rag_chat.errors import BadQuestion, DocumentError
from rag_chat.highlight import PageView
from rag_chat.library.catalog import Catalog
from rag_chat.library.conversations import Conversations
from rag_chat.types import (
    Answer,
    Candidate,
    Chunk,
    Citation,
    Document,
    Event,
    Excerpt,
    Finished,
    IngestReport,
    Mode,
    Outline,
    Page,
    Passage,
    Retrieved,
    SearchResult,
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


class ScriptedBackend:
    """A real catalog, and an engine that finds pages by shared words and quotes their best line. Words of the question
    drive it: "endless" writes until it is stopped, "nothing" abstains, "doubt" adds sentences that no quote carries,
    "foreign" has a notice, "broken" raises something foreign. A question that begins with "and " is searched with the
    one before it."""

    def __init__(self, pause: float = 0.0, folder: Path | None = None) -> None:
        self.pause = pause
        self.folder = folder or Path(tempfile.mkdtemp())
        self.folder.mkdir(parents=True, exist_ok=True)
        self.catalog = Catalog(self.folder)
        self.conversations = Conversations(self.catalog)
        self.conversations.sweep()
        self.images = PageView()
        self.guesses = Guesses()
        self.asked: list[tuple[str, tuple[Turn, ...], tuple[str, ...] | None]] = []
        self.searched: list[str | None] = []  # modes
        self.closed = 0  # iterators that were closed before their end

    @property
    def known(self) -> dict[str, Document]:
        return {document.doc_id: document for document in self.catalog.documents()}

    def backend(self) -> Backend:
        return Backend(
            engine=self,
            images=self.images,
            conversations=self.conversations,
            documents=self.catalog.documents,
            document=self.catalog.document,
            file=self.catalog.file,
            add_document=self.add,
            read_ahead=lambda path, name: None,
            drop_ahead=lambda path: None,
            delete_document=self.catalog.delete,
            close=self.close,
        )

    def close(self) -> None:
        self.images.close()
        self.conversations.close()
        self.catalog.close()

    def add(
        self, path: Path, name: str, progress, *, password: str | None = None, **options: object
    ) -> IngestReport:  # fmt: skip
        content = path.read_bytes()
        if not content.startswith(b"%PDF"):
            raise DocumentError(f"'{name}' is not a PDF: it begins with {content[:8]!r}; add the PDF itself.")
        doc_id = hashlib.sha256(content).hexdigest()
        if doc_id in self.known:
            return IngestReport(name, doc_id, "unchanged")
        pdf = self._opened(path, doc_id, password)
        texts = [sheet.get_textpage().get_text_range().replace("\r\n", " \n") for sheet in pdf]
        for done in range(10):
            progress(ScriptedStep("embed", done + 1, 10))
            time.sleep(self.pause)
        blank = tuple(i for i, text in enumerate(texts, 1) if not text.strip())
        document = Document(doc_id, name, "", len(pdf), len(pdf), len(content), "2026-01-01T00:00:00Z", blank)
        self.catalog.keep_file(doc_id, path)
        pages = [Page(number, str(number), text) for number, text in enumerate(texts, 1)]
        outline = [Outline(it.get_dest().get_index() + 1, 0, (it.get_title(),)) for it in pdf.get_toc()]
        self.catalog.add(document, pages, [], np.zeros((0, 1), dtype=np.float32), outline)
        return IngestReport(name, doc_id, "ready", len(pdf), len(pdf))

    def _opened(self, path: Path, doc_id: str, password: str | None) -> pypdfium2.PdfDocument:
        if password is not None:
            self.guesses.check(doc_id)
        try:
            return open_document(path, password)
        except DocumentError as error:
            if error.code == "E_BAD_PASSWORD":
                self.guesses.wrong(doc_id)
            raise

    def search(
        self, query: str, *, mode: Mode | None = None, doc_ids: Sequence[str] | None = None, **limits: object
    ) -> SearchResult:
        self.searched.append(mode)
        passages = self._passages(query, doc_ids)
        found = tuple(passage.candidate for passage in reversed(passages))
        return SearchResult(query, mode or "rerank", found, passages, {"embed": 0.01, "retrieve": 0.02, "total": 0.03})

    def ask(
        self,
        question: str,
        history_: Sequence[Turn] = (),
        *,
        doc_ids: Sequence[str] | None = None,
        pages: object = None,
    ) -> Iterator[Event]:
        self.pages = pages
        self.asked.append((question, tuple(history_), None if doc_ids is None else tuple(doc_ids)))
        if not question.strip():
            raise BadQuestion("The question is empty; type what you want to know from your documents.")
        if "broken" in question:
            raise ZeroDivisionError("a secret path /srv/data")
        searched = f"{history_[-1].question} {question}" if history_ and question.startswith("and ") else question
        passages = self._passages(searched, doc_ids)
        yield Retrieved(searched, passages, tuple(passage.candidate for passage in passages), "rerank")
        time.sleep(self.pause)
        answer = self._answer(question, searched, passages)
        try:
            words = answer.text.split(" ")
            for word in itertools.cycle(words) if "endless" in question else words:
                time.sleep(max(self.pause, 0.05) if "endless" in question else self.pause)
                yield Token(f"{word} ")
        except GeneratorExit:
            self.closed += 1
            raise
        yield Finished(answer)

    def _passages(self, question: str, doc_ids: Sequence[str] | None) -> tuple[Passage, ...]:
        words = set(question.lower().strip("?").split())
        found = [
            (len(words & set(page.text.lower().split())), doc_id, page.number, page.text)
            for doc_id in self.known
            for page in self.catalog.pages(doc_id)
            if page.text.strip() and (not doc_ids or doc_id in doc_ids)
        ]
        found.sort(key=lambda entry: -entry[0])
        return tuple(Passage(number, self._candidate(number, *entry)) for number, entry in enumerate(found[:5], 1))

    def _candidate(self, number: int, overlap: int, doc_id: str, page: int, text: str) -> Candidate:
        end = min(len(text), 900)
        heading = next((entry.path[-1] for entry in self.catalog.outline(doc_id) if entry.page == page), "1 Scripted")
        chunk = Chunk(f"{doc_id[:8]}-{page}", doc_id, page, (Span(page, 0, end),), heading, text[:end])
        return Candidate(
            chunk,
            self.known[doc_id].name,
            str(page),
            rank=number,
            score=0.95 / number,
            stage1_rank=(number * 7) % 11 + 1,
            stage1_score=0.5 / number,
        )

    def _answer(self, question: str, searched: str, passages: Sequence[Passage]) -> Answer:
        base = Answer(
            question, searched, "The documents do not say.", True, (), (), tuple(passages),
            tuple(passage.candidate for passage in passages), "scripted",
            {"retrieve": 0.031, "rerank": 0.24, "total": 1.9}, "rerank",
            ("The question is not in English.",) if "foreign" in question else (),
        )  # fmt: skip
        if "nothing" in question or not passages:
            return base
        citations, sentences, parts = [], [], []
        for passage in passages[:2]:
            start, end = best_line(passage.chunk.text, question)
            citations.append(self._citation(passage, start, end, crossing="crossing" in question))
            text = " ".join(passage.chunk.text[start:end].split())
            sentences.append(Sentence(text, len(citations) - 1, passage.number == 1))
            parts.append(f"{text} [{passage.number}]")
        if "doubt" in question:
            sentences.append(Sentence("The moon is made of cheese.", None, False))
            parts.append("The moon is made of cheese.")
        return replace(
            base, text=" ".join(parts), abstained=False, sentences=tuple(sentences), citations=tuple(citations)
        )

    def _citation(self, passage: Passage, start: int, end: int, *, crossing: bool = False) -> Citation:
        chunk = passage.chunk
        boxes = self.images.boxes(self.catalog.file(chunk.doc_id), chunk.first_page, start, end)
        return Citation(
            passage.number, passage.candidate.document, chunk.doc_id, chunk.first_page, str(chunk.first_page),
            chunk.text[start:end], start, end, boxes, 0.9, passage.number == 1,
            self._overleaf(chunk) if crossing else (),
        )  # fmt: skip

    def _overleaf(self, chunk: Chunk) -> tuple[Excerpt, ...]:
        """The first line of the next page, where there is one."""
        page = self.catalog.page(chunk.doc_id, chunk.first_page + 1)
        if page is None:
            return ()
        quote = page.text.split(" \n")[0].split("\r")[0].split("\n")[0]
        boxes = self.images.boxes(self.catalog.file(chunk.doc_id), page.number, 0, len(quote))
        return (Excerpt(page.number, str(page.number), quote, 0, len(quote), boxes),)


def best_line(text: str, question: str) -> tuple[int, int]:
    """The line that shares most words with the question, as offsets."""
    words, start, best = set(question.lower().split()), 0, (-1, 0, 1)
    for line in text.split(" \n"):
        overlap = len(words & set(line.lower().split()))
        if line.strip() and overlap > best[0]:
            best = (overlap, start, start + len(line))
        start += len(line) + 2
    return best[1], best[2]
