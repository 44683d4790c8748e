"""Finding the evidence page in 32 annual and quarterly reports, in all of them at once and in the right one.

    python -m benchmarks.financebench --data DIR [--library DIR] [--limit N] [--mode M]... [--plain]

DIR/financebench holds tune.tsv (file, bytes), pdfs/ and tune_questions.jsonl. A question counts as found when any of
its evidence pages, in its own document, is among the pages of the five passages, or of all candidates. `--plain` adds
what the same encoder finds in the quick start's pieces of text (`plain_stack.py`), by cosine alone.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks import door, plain_stack
from ingest.pipeline import Ingestor
from rag_chat import config
from rag_chat.build import App, open_app
from rag_chat.errors import BadDataset, NotFound
from rag_chat.types import Candidate, Mode

LIBRARY = Path("data/cache/financebench")  # an ignored folder; ingesting takes minutes
MODES: tuple[Mode, ...] = ("dense", "rerank", "hybrid", "late-interaction")


@dataclass(frozen=True, slots=True)
class Question:
    text: str
    document: str
    pages: frozenset[int]  # physical, from 1


@dataclass(frozen=True, slots=True)
class Found:
    """Whether the five passages, and all candidates, show an evidence page."""

    passages: bool
    candidates: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class Line:
    """What one mode found, in all documents or in the right one."""

    mode: str
    where: str
    results: Sequence[Found]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder that holds financebench/")
    parser.add_argument("--library", type=Path, default=LIBRARY, help="where the reports are, or will be, ingested")
    parser.add_argument("--limit", type=int, help="only the first N questions")
    parser.add_argument("--mode", action="append", choices=MODES, help="only this mode; repeatable")
    parser.add_argument("--plain", action="store_true", help="also the plain stack's stage one: some minutes more")
    arguments = parser.parse_args()
    folder = folder_in(arguments.data)
    asked = questions(folder / "tune_questions.jsonl")[: arguments.limit]
    app = open_app(config.load(library=arguments.library, generator="quoting"), exclusive=True)
    try:
        add(app, folder)
        measured = [line for mode in arguments.mode or MODES for line in lines(app, asked, mode)]
        print(table([*measured, *(plain_lines(app, folder, asked) if arguments.plain else ())]))
    finally:
        app.close()


def folder_in(data: Path) -> Path:
    """Raises NotFound where the reports are not in `data`."""
    if not (data / "financebench" / "tune.tsv").is_file():
        raise NotFound("No financebench/tune.tsv is in --data; name the folder that holds it, or skip this benchmark.")
    return data / "financebench"


def questions(path: Path) -> list[Question]:
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            row = json.loads(line)
            pages = frozenset(int(evidence["page"]) for evidence in row["evidence"])
            found.append(Question(row["question"], row["document"], pages))
        except (ValueError, KeyError, TypeError) as error:
            raise BadDataset(f"Line {number} of '{path.name}' has no question, document and evidence pages.") from error
    return found


def add(app: App, folder: Path) -> None:
    """Ingests the reports that the library lacks and says how many pages are in it."""
    start, pages = time.perf_counter(), 0
    with Ingestor(app.library, app.embedder, app.settings, app.tokens) as ingestor:
        for report in ingestor.add_all(reports(folder)):
            door.note(f"{report.document}: {report.status}, {report.pages} pages, {report.error or ''}")
            pages += report.pages if report.status == "ready" else 0
    spent = time.perf_counter() - start
    if pages:
        door.note(f"{pages} pages in {spent:.0f} s: {pages / spent:.1f} pages/s")
    documents = app.library.catalog.documents()
    door.note(
        f"{len(documents)} documents, {sum(d.pages for d in documents)} pages, {app.library.store.count()} chunks"
    )


def reports(folder: Path) -> list[Path]:
    names = [line.split("\t")[0] for line in (folder / "tune.tsv").read_text(encoding="utf-8").splitlines() if line]
    return [path for name in names if (path := folder / "pdfs" / name).suffix == ".pdf"]


def lines(app: App, asked: Sequence[Question], mode: Mode) -> Iterator[Line]:
    ids = {document.name: document.doc_id for document in app.library.catalog.documents()}
    yield Line(mode, "all documents", [found(app, question, mode, None) for question in asked])
    yield Line(mode, "the right one", [found(app, question, mode, [ids[question.document]]) for question in asked])


def plain_lines(app: App, folder: Path, asked: Sequence[Question]) -> Iterator[Line]:
    """Of pieces of a page's text, without document or heading in front; nothing but the cosine."""
    texts, places = list[str](), list[tuple[str, int]]()
    for path in reports(folder):
        for page, text in enumerate(plain_stack.page_texts(path), start=1):
            pieces = plain_stack.split(text)
            texts += pieces
            places += [(path.name, page)] * len(pieces)
    door.note(f"{len(texts)} pieces of the plain stack")
    vectors = app.embedder.encode_passages(texts)
    for where in ("all documents", "the right one"):
        results = []
        for question in asked:
            start = time.perf_counter()
            order = np.argsort(-(vectors @ app.embedder.encode_query(question.text)))
            ranked = [places[row] for row in order if where == "all documents" or places[row][0] == question.document]
            hits = [
                name == question.document and page in question.pages for name, page in ranked[: app.settings.candidates]
            ]
            results.append(Found(any(hits[: app.settings.passages]), any(hits), time.perf_counter() - start))
        yield Line("plain stack, cosine", where, results)


def found(app: App, question: Question, mode: Mode, doc_ids: Sequence[str] | None) -> Found:
    start = time.perf_counter()
    result = app.engine.search(question.text, mode=mode, doc_ids=doc_ids)
    spent = time.perf_counter() - start
    passages = any(_shows(passage.candidate, question) for passage in result.passages)
    return Found(passages, any(_shows(candidate, question) for candidate in result.candidates), spent)


def table(measured: Sequence[Line]) -> str:
    rows = [
        [
            line.mode,
            line.where,
            _share([result.passages for result in line.results]),
            _share([result.candidates for result in line.results]),
            f"{sum(result.seconds for result in line.results) / max(1, len(line.results)):.2f}",
        ]
        for line in measured
    ]
    return door.markdown(("mode", "searched", "in the five passages", "among all candidates", "s each"), rows)


def _share(hits: Sequence[bool]) -> str:
    return f"{sum(hits) / len(hits):.2f}" if hits else "–"


def _shows(candidate: Candidate, question: Question) -> bool:
    return candidate.document == question.document and bool(question.pages & _pages(candidate))


def _pages(candidate: Candidate) -> frozenset[int]:
    return frozenset(range(candidate.chunk.first_page, candidate.chunk.last_page + 1))


if __name__ == "__main__":
    door.run(main)
