"""Do the boxes of a citation hold its quote? Read back by pdfminer from the PDF itself.

    python -m benchmarks.citations [--data DIR] [--library DIR] [--limit N] [--every N]

Asks the questions of data/samples, or with --data those of DIR/financebench (see benchmarks.financebench), quotes only.
Two rows: what the answers cite, nothing being refused, so that each question has citations; and every sentence of the
passages that were read for them, each of which an answer may cite. `--every N` checks each Nth sentence of the whole
library instead of asking anything.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from benchmarks import door, financebench
from benchmarks.boxes import BoxReader
from ingest.pipeline import Ingestor
from rag_chat import config
from rag_chat.build import App, open_app
from rag_chat.sentences import split
from rag_chat.types import Chunk, Excerpt, Finished

SAMPLES = Path(__file__).parents[1] / "data" / "samples"
RIGHT, UNPLACED, WRONG, PICTURE = "the quote", "no box", "something else", "a picture"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="the folder that holds financebench/; the samples where not given")
    parser.add_argument("--library", type=Path, help="where the documents are, or will be, ingested")
    parser.add_argument("--limit", type=int, help="only the first N questions")
    parser.add_argument("--every", type=int, help="check each Nth sentence of the library, without asking")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        default = financebench.LIBRARY if given.data else Path(scratch)
        settings = config.load(library=given.library or default, generator="quoting", evidence_threshold=0.0)
        app = open_app(settings, exclusive=True)
        try:
            asked = _filled(app, given.data)[: given.limit]
            print(table(_rows(app, asked, given.every)))
        finally:
            app.close()


def _rows(app: App, asked: list[str], every: int | None) -> dict[str, Counter[str]]:
    if every:
        return {f"each {every}th sentence": checked(app, sentences(app, app.library.catalog.all_chunks(), every))}
    answers = [event.answer for text in asked for event in app.engine.ask(text) if isinstance(event, Finished)]
    cited = ((c.doc_id, excerpt) for answer in answers for c in answer.citations for excerpt in c.excerpts)
    read = {passage.chunk.id: passage.chunk for answer in answers for passage in answer.passages}
    door.note(f"{len(answers)} questions, {len(read)} passages")
    return {"cited": checked(app, cited), "sentences of the passages": checked(app, sentences(app, read.values()))}


def _filled(app: App, data: Path | None) -> list[str]:
    """The library's documents are there; the questions to ask of them."""
    if data is not None:
        financebench.add(app, data / "financebench")
        return [question.text for question in financebench.questions(data / "financebench" / "tune_questions.jsonl")]
    with Ingestor(app.library, app.embedder, app.settings) as ingestor:
        for report in ingestor.add_all(sorted(SAMPLES.glob("*.pdf"))):
            door.note(f"{report.document}: {report.status}, {report.pages} pages")
    lines = (SAMPLES / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["question"] for line in lines]


def sentences(app: App, chunks: Iterable[Chunk], every: int = 1) -> Iterator[tuple[str, Excerpt]]:
    """Document and excerpt of each `every`th sentence, boxed as a citation of it would be."""
    catalog, number = app.library.catalog, 0
    for chunk in chunks:
        for start, end in split(chunk.text):
            number += 1
            if number % every:
                continue
            for span in chunk.spread(start, end):
                page = catalog.page(chunk.doc_id, span.page)
                assert page is not None  # its chunk is there
                quote = page.text[span.start : span.end]
                boxes = app.pages.boxes(catalog.file(chunk.doc_id), span.page, span.start, span.end, quote=quote)
                yield chunk.doc_id, Excerpt(span.page, page.label, quote, span.start, span.end, boxes)


def checked(app: App, excerpts: Iterator[tuple[str, Excerpt]]) -> Counter[str]:
    """How many boxes hold the quote, are not there, or hold something else; what is not right is named."""
    readers: dict[str, BoxReader] = {}
    found: Counter[str] = Counter()
    for doc_id, excerpt in excerpts:
        if app.library.catalog.words(doc_id, excerpt.page):
            found[PICTURE] += 1  # recognised: the PDF has no letters there that anybody could read back
            continue
        if doc_id not in readers:
            readers[doc_id] = BoxReader(app.library.catalog.file(doc_id))
        reader = readers[doc_id]
        if not excerpt.boxes:
            kind, read = UNPLACED, ""
        else:
            kind = RIGHT if reader.holds(excerpt.page, excerpt.boxes, excerpt.quote) else WRONG
            read = reader.text(excerpt.page, excerpt.boxes)
        found[kind] += 1
        if kind != RIGHT:
            document = app.library.catalog.document(doc_id)
            door.note(f"{document.name if document else doc_id} p. {excerpt.page}: {excerpt.quote!r}, {kind}: {read!r}")
    return found


def table(rows: dict[str, Counter[str]]) -> str:
    lines = []
    for what, found in rows.items():
        read = found.total() - found[PICTURE]
        counts = [read, found[PICTURE], found[UNPLACED], found[WRONG]]
        lines.append([what, *map(str, counts), f"{found[RIGHT] / read:.2%}" if read else "–"])
    return door.markdown(
        ("quotes", "read back", "on pictures, not read", "no box drawn", "another text", "the quote"), lines
    )


if __name__ == "__main__":
    door.run(main)
