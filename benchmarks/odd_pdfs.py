"""Damaged, hostile and merely odd PDFs: does each end in a typed state, and is the text there that pdftotext finds?

    python -m benchmarks.odd_pdfs --data DIR [--limit N] [--no-ocr]      the PDFs under DIR/pdfs_odd (MANIFEST.tsv)
    python -m benchmarks.odd_pdfs --folder DIR                any folder of PDFs, such as one of bombs

Similarity is Dice's, over the trigrams of the letters without blanks, so that another order of columns costs little.
pdftotext (poppler) is the second reader; without it only the states are told.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import statistics
import subprocess
import time
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import door
from ingest import ocr
from ingest.parse import parse
from ingest.parsed import Limits
from rag_chat import config
from rag_chat.errors import DocumentError, NotFound
from rag_chat.sandbox import Sandbox
from rag_chat.sentences import readable

COMPARED_PAGES = 30
FEWEST_LETTERS = 40  # of pdftotext's text, below which there is nothing to compare
PDFTOTEXT_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Outcome:
    name: str
    state: str  # "ready", "ready in part", or the failure's code
    seconds: float
    text: str = ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="the folder that holds pdfs_odd/")
    parser.add_argument("--folder", type=Path, help="a folder of PDFs instead")
    parser.add_argument("--limit", type=int, help="only the first N files")
    parser.add_argument("--no-ocr", action="store_true", help="leave scans unread: recognition takes seconds a page")
    given = parser.parse_args()
    if given.no_ocr:
        ocr.is_installed = lambda: False
    paths = _paths(given.data, given.folder)[: given.limit]
    settings = config.load()
    before = _peak_mb()
    outcomes, similarities = [], {}
    with Sandbox(seconds=settings.parse_seconds, memory_mb=settings.parse_memory_mb) as sandbox:
        for path in paths:
            outcome = _outcome(path, Limits(settings.max_file_mb, settings.max_pages), sandbox)
            outcomes.append(outcome)
            if (second := _second_reading(path)) is not None:
                similarities[str(path)] = _dice(second, outcome.text)
            if given.folder:
                door.note(f"{outcome.name}: {outcome.state}, {outcome.seconds:.1f} s")
    print(_table(outcomes, similarities, _peak_mb() - before))


def _paths(data: Path | None, folder: Path | None) -> list[Path]:
    if folder is not None:
        return sorted(path for path in folder.rglob("*") if path.suffix.lower() == ".pdf")
    manifest = data / "pdfs_odd" / "MANIFEST.tsv" if data is not None else None
    if data is None or manifest is None or not manifest.is_file():
        raise NotFound("No pdfs_odd/MANIFEST.tsv is in --data; name the folder that holds it, or use --folder.")
    rows = [line.split("\t") for line in manifest.read_text(encoding="utf-8").splitlines()[1:]]
    return [data / "pdfs_odd" / row[0].replace("/", "+") / row[2] for row in rows]


def _outcome(path: Path, limits: Limits, sandbox: Sandbox) -> Outcome:
    """Any other error than ours ends the benchmark: that is what it is there to find."""
    start = time.perf_counter()
    try:
        pages = parse(path, limits, sandbox).pages
    except DocumentError as error:
        return Outcome(path.name, error.code, time.perf_counter() - start)
    state = "ready in part" if any(page.state == "failed" for page in pages) else "ready"
    text = "\n".join(readable(page.text) for page in pages[:COMPARED_PAGES])
    return Outcome(path.name, state, time.perf_counter() - start, text)


def _second_reading(path: Path) -> str | None:
    """What pdftotext reads; None where it is not installed, fails, or finds next to nothing."""
    if shutil.which("pdftotext") is None:
        return None
    command = ["pdftotext", "-q", "-enc", "UTF-8", "-l", str(COMPARED_PAGES), str(path), "-"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=PDFTOTEXT_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return None
    text = done.stdout.decode("utf-8", "replace")
    return text if done.returncode == 0 and len("".join(text.split())) >= FEWEST_LETTERS else None


def _dice(one: str, other: str) -> float:
    ours, theirs = Counter(_trigrams(one)), Counter(_trigrams(other))
    total = sum(ours.values()) + sum(theirs.values())
    return 2 * sum((ours & theirs).values()) / total if total else 1.0


def _trigrams(text: str) -> Iterator[str]:
    letters = "".join(c for c in unicodedata.normalize("NFKC", text).lower() if c.isalnum())
    return (letters[i : i + 3] for i in range(len(letters) - 2))


def _table(outcomes: Sequence[Outcome], similarities: dict[str, float], growth_mb: float) -> str:
    counts = Counter(outcome.state for outcome in outcomes)
    slowest = max(outcomes, key=lambda outcome: outcome.seconds)
    rows = [(state, str(count)) for state, count in counts.most_common()]
    rows += [("**files**", f"**{len(outcomes)}**"), ("slowest", f"{slowest.seconds:.1f} s ({slowest.name})")]
    rows.append(("growth of this process", f"{growth_mb:.0f} MB"))
    if similarities:
        values = sorted(similarities.values())
        rows.append((f"median similarity with pdftotext, {len(values)} files", f"{statistics.median(values):.3f}"))
        rows.append(("files under 0.5", str(sum(value < 0.5 for value in values))))
        for path, value in sorted(similarities.items(), key=lambda pair: pair[1])[:10]:
            door.note(f"{value:.2f} {path}")
    return door.markdown(("state", "files"), rows)


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    door.run(main)
