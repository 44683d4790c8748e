"""Finding the evidence page in 32 annual and quarterly reports at once, for stage one and after reranking.

    python -m benchmarks.financebench --data DIR [--library DIR] [--limit N]

DIR/financebench holds tune.tsv (file, bytes), pdfs/ and tune_questions.jsonl. A question counts as found at k when any
of its evidence pages, in its own document, is among the pages of the first k candidates.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import door
from ingest.pipeline import Ingestor
from rag_chat import config
from rag_chat.build import App, open_app
from rag_chat.errors import BadDataset, NotFound
from rag_chat.types import Candidate

LIBRARY = Path("data/cache/financebench")  # an ignored folder; ingesting takes minutes
DEPTHS = (5, 50)


@dataclass(frozen=True, slots=True)
class Question:
    text: str
    document: str
    pages: frozenset[int]  # physical, from 1


@dataclass(frozen=True, slots=True)
class Found:
    """Ranks of the first candidate that shows an evidence page, None where none of the 50 does."""

    stage1: int | None
    final: int | None
    seconds: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder that holds financebench/")
    parser.add_argument("--library", type=Path, default=LIBRARY, help="where the reports are, or will be, ingested")
    parser.add_argument("--limit", type=int, help="only the first N questions")
    arguments = parser.parse_args()
    folder = arguments.data / "financebench"
    if not (folder / "tune.tsv").is_file():
        raise NotFound("No financebench/tune.tsv is in --data; name the folder that holds it, or skip this benchmark.")
    asked = questions(folder / "tune_questions.jsonl")[: arguments.limit]
    app = open_app(config.load(library=arguments.library, generator="quoting"), exclusive=True)
    try:
        add(app, folder)
        print(table([found(app, question) for question in asked]))
    finally:
        app.close()


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
    names = [line.split("\t")[0] for line in (folder / "tune.tsv").read_text(encoding="utf-8").splitlines() if line]
    start, pages = time.perf_counter(), 0
    with Ingestor(app.library, app.embedder, app.settings) as ingestor:
        for report in ingestor.add_all(path for name in names if (path := folder / "pdfs" / name).suffix == ".pdf"):
            door.note(f"{report.document}: {report.status}, {report.pages} pages, {report.error or ''}")
            pages += report.pages if report.status == "ready" else 0
    spent = time.perf_counter() - start
    if pages:
        door.note(f"{pages} pages in {spent:.0f} s: {pages / spent:.1f} pages/s")
    documents = app.library.catalog.documents()
    door.note(
        f"{len(documents)} documents, {sum(d.pages for d in documents)} pages, {app.library.store.count()} chunks"
    )


def found(app: App, question: Question) -> Found:
    start = time.perf_counter()
    candidates = app.engine.search(question.text, mode="rerank", candidates=max(DEPTHS)).candidates
    spent = time.perf_counter() - start
    right = [c for c in candidates if c.document == question.document and question.pages & _pages(c)]
    return Found(
        stage1=min((c.stage1_rank for c in right if c.stage1_rank is not None), default=None),
        final=min((c.rank for c in right), default=None),
        seconds=spent,
    )


def table(results: Sequence[Found]) -> str:
    def share(ranks: Sequence[int | None], k: int) -> str:
        return f"{sum(rank is not None and rank <= k for rank in ranks) / len(ranks):.2f}" if ranks else "–"

    stages = {"stage one": [r.stage1 for r in results], "after rerank": [r.final for r in results]}
    rows = [[stage, *(share(ranks, k) for k in DEPTHS)] for stage, ranks in stages.items()]
    spent = sum(r.seconds for r in results) / max(1, len(results))
    heads = (f"{len(results)} questions, {spent:.2f} s each", *(f"evidence page in the top {k}" for k in DEPTHS))
    return door.markdown(heads, rows)


def _pages(candidate: Candidate) -> frozenset[int]:
    return frozenset(range(candidate.chunk.first_page, candidate.chunk.last_page + 1))


if __name__ == "__main__":
    door.run(main)
