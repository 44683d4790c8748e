"""Questions whose answers are known, over documents that nothing was tuned on: right, wrong, refused.

    python -m benchmarks.known_answers [--folder DIR] [--each]

DIR holds PDFs and `questions.jsonl` as `data/unseen` does; an answer of "" means that no document answers. Right means
that the answer holds the known one word for word and cites its page. The settings' own generator answers.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from benchmarks import door
from ingest.pipeline import Ingestor
from rag_chat import config
from rag_chat.build import open_app
from rag_chat.chat.engine import Engine
from rag_chat.errors import BadDataset
from rag_chat.types import Finished

UNSEEN = Path("data/unseen")
OUTCOMES = ("right", "right, cites another page", "wrong", "refused")


@dataclass(frozen=True, slots=True)
class Known:
    """`answer` is '' where no document answers; `page` counts from 1."""

    question: str
    answer: str
    document: str
    page: int
    kind: str

    @property
    def group(self) -> str:
        if not self.answer:
            return "only look answered"
        return "answered by a table" if self.kind == "table" else "answered by prose"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=UNSEEN, help="PDFs and questions.jsonl")
    parser.add_argument("--each", action="store_true", help="a line for each question, too")
    given = parser.parse_args()
    asked = questions(given.folder / "questions.jsonl")
    counts: Counter[tuple[str, str]] = Counter()
    with tempfile.TemporaryDirectory() as scratch:
        app = open_app(config.load(library=Path(scratch) / "library"), exclusive=True)
        try:
            with Ingestor(app.library, app.embedder, app.settings, app.tokens) as ingestor:
                for report in ingestor.add_all(sorted(given.folder.glob("*.pdf"))):
                    door.note(f"{report.document}: {report.status}")
            for one in asked:
                came, said = outcome(app.engine, one)
                counts[one.group, came] += 1
                if given.each:
                    door.note(f"{came}: {one.question} | {one.answer} | {said}")
        finally:
            app.close()
    print(table(asked, counts))


def questions(path: Path) -> list[Known]:
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            row = json.loads(line)
            found.append(Known(row["question"], row["answer"], row["document"], row["page"], row.get("kind", "")))
        except (ValueError, KeyError, TypeError) as error:
            raise BadDataset(f"Line {number} of '{path.name}' has no question, answer, document and page.") from error
    return found


def outcome(engine: Engine, known: Known) -> tuple[str, str]:
    """One of OUTCOMES, and what was said; where nothing answers, every answer is a wrong one."""
    answer = next(event.answer for event in engine.ask(known.question) if isinstance(event, Finished))
    if answer.abstained:
        return "refused", answer.text
    if not known.answer or f" {_plain(known.answer)} " not in f" {_plain(answer.text)} ":
        return "wrong", answer.text
    cited = any((c.document, c.page) == (known.document, known.page) for c in answer.citations)
    return OUTCOMES[0 if cited else 1], answer.text


def table(asked: list[Known], counts: Counter[tuple[str, str]]) -> str:
    groups = Counter(one.group for one in asked)
    rows = [[group, str(n), *(str(counts[group, came]) for came in OUTCOMES)] for group, n in sorted(groups.items())]
    return door.markdown(("questions", "n", *OUTCOMES), rows)


def _plain(text: str) -> str:
    return re.sub(r"\W+", " ", text.lower()).strip()


if __name__ == "__main__":
    door.run(main)
