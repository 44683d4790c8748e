"""How long a search takes in a library of 100,000 chunks: embed, retrieve and rerank, by mode.

    python -m benchmarks.scale --data DIR [--library DIR] [--reports DIR] [--chunks N] [--mode M]... [--limit N]

The texts are real: the reports that `benchmarks.financebench` ingested (with the vectors that are kept there), then the
texts of DIR/retrieval and DIR/pairs that are English, forty to a document, cut as a PDF's pages are and embedded by
stage one's own encoder. That takes a quarter of an hour once; what is interrupted goes on the next time. Questions are
those of the same sets. The first of each mode is not counted.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import itertools
import json
import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks import door, financebench
from ingest.chunk import Limit, cut
from rag_chat import build, config
from rag_chat.config import Settings
from rag_chat.errors import NotFound
from rag_chat.library.catalog import Catalog
from rag_chat.protocols import Embedder
from rag_chat.types import Document, Mode, Page

LIBRARY = Path("data/cache/scale")
MODES: tuple[Mode, ...] = ("dense", "rerank", "hybrid", "late-interaction")
STAGES = ("embed", "retrieve", "rerank", "total")
OTHER_LANGUAGES = ("_de", "_es", "_zh", "jaquad_train", "multi_")
A_DOCUMENT = 40  # texts
A_SET = 20  # questions of each set


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="holds retrieval/, pairs/ and financebench/")
    parser.add_argument("--library", type=Path, default=LIBRARY, help="where the chunks are, or will be, kept")
    parser.add_argument("--reports", type=Path, default=financebench.LIBRARY, help="made by benchmarks.financebench")
    parser.add_argument("--chunks", type=int, default=100_000)
    parser.add_argument("--mode", action="append", choices=MODES, help="only this mode; repeatable")
    parser.add_argument("--limit", type=int, help="only the first N questions")
    arguments = parser.parse_args()
    settings = config.load(library=arguments.library, generator="quoting")
    fill(settings, arguments.data, arguments.reports, arguments.chunks)
    asked = questions(arguments.data)[: arguments.limit]
    app = build.open_app(settings, exclusive=True)
    try:
        chunks, documents = app.library.store.count(), app.library.catalog.documents()
        door.note(f"{chunks} chunks in {len(documents)} documents, {len(asked)} questions")
        rows = []
        for mode in arguments.mode or MODES:
            spent = [app.engine.search(question, mode=mode).seconds for question in [asked[0], *asked]][1:]
            rows.append([mode, *(_both([s.get(stage, 0.0) for s in spent]) for stage in STAGES)])
            door.note(" ".join(rows[-1]))
        print(door.markdown(("mode", *(f"{stage}, ms" for stage in STAGES)), rows))
    finally:
        app.close()


def fill(settings: Settings, data: Path, reports: Path, wanted: int) -> None:
    """Adds documents to the catalog until it holds so many chunks; the vector index is made when it is opened."""
    settings.library.mkdir(parents=True, exist_ok=True)
    catalog = Catalog(settings.library)
    try:
        missing = wanted - catalog.chunk_count()
        if missing <= 0:
            return
        if (reports / "catalog.sqlite").is_file():
            missing -= _copied(reports, catalog)
        embedder = build.embedder(settings)
        for document, pages in _texts(data):
            if missing <= 0:
                break
            if catalog.document(document.doc_id) is None:
                missing -= _added(catalog, embedder, settings, document, pages)
                door.note(f"{document.name}: {missing} chunks to go")
    finally:
        catalog.close()


def questions(data: Path) -> list[str]:
    """Some of each set, in turns, so that a smaller number of them still is of all."""
    found = [[q.text for q in financebench.questions(data / "financebench" / "tune_questions.jsonl")[:A_SET]]]
    for folder in sorted((data / "retrieval").iterdir()):
        if not folder.name.endswith(OTHER_LANGUAGES):
            found.append([row["text"] for row in itertools.islice(_rows(folder / "queries.jsonl.gz"), A_SET)])
    return [question for turn in itertools.zip_longest(*found) for question in turn if question]


def _copied(reports: Path, catalog: Catalog) -> int:
    """The reports' chunks with their vectors; how many those are."""
    source = Catalog(reports)
    try:
        new = [d for d in source.documents() if catalog.document(d.doc_id) is None]
        for document in new:
            chunks = source.all_chunks([document.doc_id])
            _, vectors = source.vectors(document.doc_id)
            catalog.add(document, source.pages(document.doc_id), chunks, vectors)
        return sum(document.chunks for document in new)
    finally:
        source.close()


def _added(catalog: Catalog, embedder: Embedder, settings: Settings, document: Document, pages: Sequence[Page]) -> int:
    limit = Limit(min(settings.chunk_tokens, embedder.longest), settings.chunk_overlap_tokens)
    cuts = cut(document.doc_id, document.name, pages, [], limit=limit, count=embedder.token_counts)
    vectors = embedder.encode_passages([c.embedded for c in cuts])
    catalog.add(document, pages, [c.chunk for c in cuts], vectors)
    return len(cuts)


def _texts(data: Path) -> Iterator[tuple[Document, list[Page]]]:
    """Documents of forty texts each, a page a text, every text once."""
    seen: set[str] = set()
    files = [*sorted(data.glob("retrieval/*/corpus.jsonl.gz")), *sorted(data.glob("pairs/*.jsonl.gz"))]
    if not files:
        raise NotFound("No retrieval/NAME/corpus.jsonl.gz is in --data; name the folder that holds them.")
    for path in files:
        name = path.parent.name if path.stem.startswith("corpus") else path.name.removesuffix(".jsonl.gz")
        if name.endswith(OTHER_LANGUAGES) or name.startswith(OTHER_LANGUAGES):
            continue
        texts = (f"{row.get('title') or ''}\n{row.get('passage', row.get('text'))}".strip() for row in _rows(path))
        new = [text for text in dict.fromkeys(texts) if text not in seen]
        seen.update(new)
        for start in range(0, len(new), A_DOCUMENT):
            part = new[start : start + A_DOCUMENT]
            pages = [Page(i, str(i), text) for i, text in enumerate(part, start=1)]
            doc_id = hashlib.sha256("\0".join(part).encode()).hexdigest()
            yield Document(doc_id, f"{name}_{start // A_DOCUMENT + 1}.pdf", "", len(pages), 0, 0, "", ()), pages


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)


def _both(seconds: Sequence[float]) -> str:
    """Median and 95th percentile, in milliseconds."""
    return f"{1000 * statistics.median(seconds):.0f} / {1000 * statistics.quantiles(seconds, n=20)[-1]:.0f}"


if __name__ == "__main__":
    door.run(main)
