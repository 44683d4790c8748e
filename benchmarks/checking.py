"""What the checks cost: the same questions with and without the reader behind gate and verdicts, in turns, warm.

    python -m benchmarks.checking [--folder DIR] [--rounds N]

Without them the bare sentences of the passages are scored and the best is the quote, nothing is refused, and a sentence
is held against its quote by words alone. DIR holds PDFs and `questions.jsonl`, as `data/samples` does.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections import defaultdict
from pathlib import Path

from benchmarks import door
from benchmarks.known_answers import questions
from ingest.pipeline import Ingestor
from rag_chat import build, config
from rag_chat.chat.engine import Engine, Stages
from rag_chat.chat.evidence import Evidence
from rag_chat.chat.support import ExactSupport, ReadSupport
from rag_chat.highlight import PageView
from rag_chat.types import Finished

STAGES = ("quote", "verify", "total")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path("data/samples"), help="PDFs and questions.jsonl")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    asked = [known.question for known in questions(given.folder / "questions.jsonl") if known.answer]
    with tempfile.TemporaryDirectory() as scratch:
        settings = config.load(library=Path(scratch) / "library")
        models = build.models(settings)
        library = build.library(settings, models.embedder, exclusive=True)
        pages = PageView(lambda path, page: library.catalog.words(path.stem, page))
        try:
            with Ingestor(library, models.embedder, settings) as ingestor:
                for report in ingestor.add_all(sorted(given.folder.glob("*.pdf"))):
                    door.note(f"{report.document}: {report.status}")
            bare = Stages(
                catalog=library.catalog,
                embedder=models.embedder,
                search=build.search(settings, models, library.catalog, library.store),
                evidence=Evidence(models.scorer),
                generator=build.generator(settings),
                support=ExactSupport(),
                place_quote=lambda doc_id, page, a, b: pages.boxes(library.catalog.file(doc_id), page, a, b),
            )
            card = models.reader.card
            checked = Stages(
                bare.catalog, bare.embedder, bare.search,
                Evidence(models.scorer, models.reader, card.quotes, card.threshold),
                bare.generator, ReadSupport(models.reader, card.support), bare.place_quote,
            )  # fmt: skip
            limits = build.limits(settings)
            print(_compared({"with": Engine(checked, limits), "without": Engine(bare, limits)}, asked, given.rounds))
        finally:
            pages.close()
            library.close()


def _compared(engines: dict[str, Engine], asked: list[str], rounds: int) -> str:
    for engine in engines.values():  # what is made once: the language model's cache, the boxes' process
        _seconds(engine, asked[0])
    found: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    for _ in range(rounds):
        for question in asked:
            for name, engine in engines.items():
                for stage, seconds in _seconds(engine, question).items():
                    found[name, stage].append(seconds)
    rows = [[name, *(f"{statistics.median(found[name, s]):.3f} s" for s in STAGES)] for name in engines]
    added = [
        statistics.median(a - b for a, b in zip(found["with", s], found["without", s], strict=True)) for s in STAGES
    ]
    return door.markdown(("checks", *STAGES), [*rows, ["added", *(f"{1000 * s:.0f} ms" for s in added)]])


def _seconds(engine: Engine, question: str) -> dict[str, float]:
    for event in engine.ask(question):
        if isinstance(event, Finished):
            seconds = event.answer.seconds
            return {stage: seconds.get(stage, 0.0) for stage in STAGES}
    raise AssertionError("the engine ends with Finished")


if __name__ == "__main__":
    door.run(main)
