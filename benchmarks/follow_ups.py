"""Short questions after another one: which are taken for follow-ups, and what they are answered with.

    python -m benchmarks.follow_ups [--questions FILE.jsonl ...] [--samples DIR]
    python -m benchmarks.follow_ups --data DIR [--library DIR]

Each line has a question, what was asked and answered before it, and the document, pages and words that answer it; none
where no document does. Questions that stand alone come after one that has nothing to do with them. Quotes only, no
language model: the first quote is what counts. "Raw" is the bare question searched through both stages, with nothing
known of what was said before it.

With --data the questions are about 32 annual and quarterly reports (`benchmarks.financebench` says what DIR holds),
where a bare question fits many: page numbers were taken from the reports, the evidence is the figure or the words.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import door, financebench
from benchmarks.demo import SAMPLES
from ingest.pipeline import Ingestor
from rag_chat import config
from rag_chat.build import App, open_app
from rag_chat.chat.engine import Engine
from rag_chat.errors import BadDataset
from rag_chat.types import Answer, Finished, Passage, Turn

QUESTIONS = [Path("tests/data/short_questions.jsonl"), Path("tests/data/follow_ups.jsonl")]
OF_REPORTS = Path("tests/data/report_follow_ups.jsonl")
KINDS = {
    "alone": "stand alone",
    "follow-up": "short follow-ups",
    "leaning": "follow-ups",
    "chain": "chains of three",
    "report": "follow-ups, reports",
    "report-chain": "chains of three, reports",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One line; `evidence` is verbatim text of the pages but for its blanks, '' where no document answers."""

    text: str
    kind: str
    before: tuple[Turn, ...]
    document: str
    pages: frozenset[int]
    evidence: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """`found`: evidence among the passages, None where there is none, `raw`: among those of the bare question; `right`:
    quoted first, or rightly refused."""

    asked: Asked
    searched: str
    found: bool | None
    raw: bool | None
    right: bool


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=Path, nargs="+", default=QUESTIONS)
    parser.add_argument("--samples", type=Path, default=SAMPLES, help="a folder of PDFs")
    parser.add_argument("--data", type=Path, help="the folder that holds financebench/")
    parser.add_argument("--library", type=Path, default=financebench.LIBRARY, help="where its reports are, or will be")
    parser.add_argument("--each", action="store_true", help="a line for each question, too")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        library = Path(scratch) / "library" if given.data is None else given.library
        asked = [one for path in (given.questions if given.data is None else [OF_REPORTS]) for one in questions(path)]
        app = open_app(config.load(library=library, generator="quoting"), exclusive=True)
        try:
            if given.data is None:
                _add(app, given.samples)
            else:
                financebench.add(app, financebench.folder_in(given.data))
            outcomes = [outcome(app.engine, one) for one in asked]
        finally:
            app.close()
    if given.each:
        for one in outcomes:
            door.note(f"{'right' if one.right else 'WRONG'}  raw: {one.raw}  found: {one.found}  {one.searched}")
    print(table(outcomes))


def _add(app: App, samples: Path) -> None:
    with Ingestor(app.library, app.embedder, app.settings) as ingestor:
        for report in ingestor.add_all(sorted(samples.glob("*.pdf"))):
            door.note(f"{report.document}: {report.status}")


def questions(path: Path) -> list[Asked]:
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            row = json.loads(line)
            before = tuple(Turn(turn["question"], turn["answer"]) for turn in row["history"])
            pages = frozenset(row["pages"] if "pages" in row else [row["page"]])
            kind = row.get("kind", "leaning")
            found.append(Asked(row["question"], kind, before, row["document"], pages, row["evidence"]))
        except (ValueError, KeyError, TypeError) as error:
            raise BadDataset(f"Line {number} of '{path.name}' has no question, history and evidence.") from error
    return found


def outcome(engine: Engine, asked: Asked) -> Outcome:
    answer = next(event.answer for event in engine.ask(asked.text, asked.before) if isinstance(event, Finished))
    if not asked.evidence:
        return Outcome(asked, answer.standalone_question, None, None, answer.abstained)
    found, raw = _among(answer.passages, asked), _among(engine.search(asked.text).passages, asked)
    return Outcome(asked, answer.standalone_question, found, raw, _quoted(answer, asked))


def table(outcomes: Sequence[Outcome]) -> str:
    rows = []
    for kind, name in KINDS.items():
        mine = [one for one in outcomes if one.asked.kind == kind]
        answerable = [one for one in mine if one.found is not None]
        if mine:
            kept = [one.searched == one.asked.text for one in mine]
            rows.append(
                [
                    name,
                    str(len(mine)),
                    _share(kept),
                    _share([bool(one.raw) for one in answerable]),
                    _share([bool(one.found) for one in answerable]),
                    _share([one.right for one in answerable]),
                    _share([one.right for one in mine if one.found is None]),
                ]
            )
    heads = ["questions", "n", "searched as asked", "evidence in the five, raw", "evidence in the five"]
    return door.markdown([*heads, "first quote right", "rightly refused"], rows)


def _among(passages: Sequence[Passage], asked: Asked) -> bool:
    return any(
        passage.candidate.document == asked.document
        and asked.pages & set(range(passage.chunk.first_page, passage.chunk.last_page + 1))
        for passage in passages
    )


def _quoted(answer: Answer, asked: Asked) -> bool:
    wanted = "".join(asked.evidence.split())
    first = "".join(answer.citations[0].quote.split()) if answer.citations else ""
    return bool(first) and (wanted in first or first in wanted)


def _share(hits: Sequence[bool]) -> str:
    return f"{sum(hits) / len(hits):.2f}" if hits else "–"


if __name__ == "__main__":
    door.run(main)
