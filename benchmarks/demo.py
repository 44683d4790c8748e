"""The main job without a browser: `make demo` ingests the samples, asks three questions and prints cited answers.

A door over both packages, as the web app is. Works on a library of its own, so that yours stays as it is.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from benchmarks import door
from ingest.pipeline import Ingestor, find_files
from rag_chat import config
from rag_chat.build import App, open_app
from rag_chat.errors import DocumentError, NotFound
from rag_chat.render import answer_text, seconds_text
from rag_chat.types import Finished

SAMPLES = Path("data/samples")
QUESTIONS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=Path, default=SAMPLES, help="a folder of PDFs with questions.jsonl")
    parser.add_argument("--library", type=Path, help="keep the library here; default: a temporary folder")
    parser.add_argument("--limit", type=int, default=QUESTIONS, help="how many questions to ask")
    arguments = parser.parse_args()
    asked = questions(arguments.samples / "questions.jsonl")[: arguments.limit]
    with tempfile.TemporaryDirectory(prefix="rag-chat-demo-") as temporary:
        door.note("Loading the models…")
        app = open_app(config.load(library=arguments.library or Path(temporary)), exclusive=True)
        try:
            add(app, arguments.samples)
            for question in asked:
                ask(app, question)
        finally:
            app.close()


def questions(path: Path) -> list[str]:
    if not path.is_file():
        raise NotFound(f"The samples hold no {path.name}; make them with: python data/samples/make_samples.py")
    return [json.loads(line)["question"] for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def add(app: App, folder: Path) -> None:
    """Ingests every document of the folder and prints what became of it."""
    print(f"Adding the documents in {folder}:")
    with Ingestor(app.library, app.embedder, app.settings, app.tokens) as ingestor:
        for report in ingestor.add_all(find_files([folder])):
            if report.error is not None:
                raise DocumentError(report.error)
            silent = f", no text on page {', '.join(map(str, report.pages_without_text))}"
            print(
                f"  {report.document}: {report.status}, {report.pages} pages, {report.chunks} chunks,"
                f" {report.seconds:.1f} s{silent if report.pages_without_text else ''}"
            )


def ask(app: App, question: str) -> None:
    print(f"\n{'-' * 100}\n{question}\n")
    for event in app.engine.ask(question):
        if isinstance(event, Finished):
            print(answer_text(event.answer))
            print(f"\n{seconds_text(event.answer.seconds)}")


if __name__ == "__main__":
    door.run(main)
