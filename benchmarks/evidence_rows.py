"""Do the rows of tables that answers rest on stand whole in one chunk, and do their chunks know the table's header?

    python -m benchmarks.evidence_rows --data DIR [--limit N]

DIR/financebench holds pdfs/ and tune_questions.jsonl. A row is a line of words in a question's evidence with the two
or more figures that follow it; letters and digits alone are compared. Rows that the page's text does not have in this
order are counted apart: there the evidence was cut from another reading of the page.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks import door
from ingest.chunk import Cut, Limit, cut
from ingest.parse import parse
from ingest.parsed import Limits, Parsed
from rag_chat import build, config
from rag_chat.errors import NotFound
from rag_chat.sandbox import Sandbox

_FIGURE = re.compile(r"[$€£(\-–—\s]*\d[\d,.]*\s*[%)]*|[$€£%)(\-–—\s]+")
FEWEST_FIGURES = 2


@dataclass
class Tally:
    rows: int = 0
    on_page: int = 0
    in_chunk: int = 0
    chunks: int = 0
    with_header: int = 0

    def table(self) -> str:
        share = f"{self.in_chunk / max(1, self.on_page):.3f}"
        rows = [("rows of evidence", str(self.rows)), ("of them on their page", str(self.on_page))]
        rows.append(("**of those whole in one chunk**", f"**{share}**"))
        rows.append(("chunks", str(self.chunks)))
        rows.append(("chunks that begin inside a table and have its header", str(self.with_header)))
        return door.markdown(("", "count"), rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder that holds financebench/")
    parser.add_argument("--limit", type=int, help="only the first N documents")
    given = parser.parse_args()
    folder = given.data / "financebench"
    if not (folder / "tune_questions.jsonl").is_file():
        raise NotFound("No financebench/tune_questions.jsonl is in --data; name the folder that holds it.")
    evidence = _evidence(folder / "tune_questions.jsonl")
    settings = config.load()
    embedder = build.embedder(settings)
    limit = Limit(min(settings.chunk_tokens, embedder.longest), settings.chunk_overlap_tokens)
    tally = Tally()
    with Sandbox(seconds=settings.parse_seconds, memory_mb=settings.parse_memory_mb) as sandbox:
        for name in sorted(evidence)[: given.limit]:
            parsed = parse(folder / "pdfs" / name, Limits(settings.max_file_mb, settings.max_pages), sandbox)
            cuts = cut("d", name, parsed.pages, parsed.outline, limit=limit, count=embedder.token_counts)
            _count(tally, evidence[name], parsed, cuts)
            door.note(f"{name}: {len(cuts)} chunks; so far {tally.in_chunk} of {tally.on_page}")
    print(tally.table())


def _evidence(path: Path) -> dict[str, list[tuple[int, str]]]:
    """(page, text) of each document's evidence."""
    found: dict[str, list[tuple[int, str]]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        question = json.loads(line)
        found.setdefault(question["document"], []).extend((e["page"], e["text"]) for e in question["evidence"])
    return found


def rows(text: str) -> Iterator[str]:
    """Letters and digits of each row: its label, then its figures."""
    label, figures = "", [""]
    for line in (*text.splitlines(), "end"):
        if _FIGURE.fullmatch(line):
            figures.append(_signs(line))
            continue
        if label and sum(bool(figure) for figure in figures) >= FEWEST_FIGURES:
            yield label + "".join(figures)
        label, figures = _signs(line), []


def _count(tally: Tally, evidence: list[tuple[int, str]], parsed: Parsed, cuts: list[Cut]) -> None:
    tally.chunks += len(cuts)
    tally.with_header += sum(c.chunk.spans[0].header for c in cuts)
    for page, text in evidence:
        signs = _signs(parsed.pages[page - 1].text) if page <= len(parsed.pages) else ""
        chunks = [_signs(c.chunk.text) for c in cuts if c.chunk.first_page <= page <= c.chunk.last_page]
        for row in rows(text):
            tally.rows += 1
            tally.on_page += row in signs
            tally.in_chunk += any(row in chunk for chunk in chunks)


def _signs(text: str) -> str:
    return "".join(c for c in text.lower() if c.isalnum())


if __name__ == "__main__":
    door.run(main)
