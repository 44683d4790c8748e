"""How fast: ingest and rerank against the plain stack, question to first token, memory, start-up. Prints Markdown.

    python -m benchmarks.speed [--pdf FILE]... [--questions FILE.jsonl] [--rounds N] [--skip-start]

The stacks take turns in one run, each in its own process, models loaded before the clock starts; medians of the
rounds. Give it a quiet machine: anything else that runs falsifies the ratios.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import door, start_up
from benchmarks.demo import SAMPLES, questions
from benchmarks.worker import Worker
from ingest.pipeline import find_files
from rag_chat import config
from rag_chat.errors import NotFound

PAIRS = 50
BEFORE_GENERATION = ("embed", "retrieve", "rerank", "quote")
HEADS = ("work", "plain stack", "rag_chat", "ratio")


@dataclass(slots=True)
class Times:
    """Seconds of each round of one stack."""

    ingest: list[float] = field(default_factory=list)
    rerank: list[float] = field(default_factory=list)
    pages: int = 0
    chunks: int = 0
    pairs: int = 0

    @property
    def ingest_s(self) -> float:
        return statistics.median(self.ingest)

    @property
    def rerank_s(self) -> float:
        return statistics.median(self.rerank)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pdf", type=Path, action="append", default=[], help="a file or folder; default: the samples")
    parser.add_argument("--questions", type=Path, default=SAMPLES / "questions.jsonl", help="asked of these files")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--limit", type=int, default=10, help="how many of the questions to ask")
    parser.add_argument("--skip-start", action="store_true", help="leave the web app's start-up out")
    arguments = parser.parse_args()
    paths, asked = find_files(arguments.pdf or [SAMPLES]), questions(arguments.questions)[: arguments.limit]
    if not paths or not asked:
        raise NotFound("There is no PDF or no question to measure with; give --pdf and --questions.")
    with tempfile.TemporaryDirectory(prefix="rag-chat-speed-") as temporary:
        folder = Path(temporary)
        plain, ours, library = compared(paths, asked[0], arguments.rounds, folder)
        print(comparison(plain, ours, arguments.rounds))
        print(f"\n{answering(asked, library)}")
        if not arguments.skip_start:
            print(f"\n{starting(library, folder / 'cold')}")


def compared(paths: Sequence[Path], question: str, rounds: int, folder: Path) -> tuple[Times, Times, Path]:
    """Both stacks in turn; also the last library that ours made."""
    door.note("Loading both stacks…")
    stacks = {
        "plain": Worker("benchmarks.plain_stack:PlainStack", folder),
        "ours": Worker("benchmarks.our_stack:OurStack", folder),
    }
    door.note(f"ours computes on {stacks['ours'].call('machine')}")
    times = {name: Times() for name in stacks}
    for number in range(rounds):
        for name, stack in stacks.items():
            made = folder / f"{name}-{number}"
            spent, times[name].pages, times[name].chunks = stack.call("ingest", paths, made)
            times[name].ingest.append(spent)
            door.note(f"round {number + 1}, {name}: ingest {spent:.2f} s, {times[name].pages} pages")
    library = folder / f"ours-{rounds - 1}"
    texts = stacks["ours"].call("find", question, library, PAIRS)
    for number in range(rounds + 1):
        for name, stack in stacks.items():
            spent = stack.call("rerank", question, texts)
            if number:  # the first is the warm-up
                times[name].rerank.append(spent)
    for stack in stacks.values():
        stack.close()
    times["ours"].pairs = len(texts)
    return times["plain"], times["ours"], library


def comparison(plain: Times, ours: Times, rounds: int) -> str:
    rows = [
        ["ingest, s", f"{plain.ingest_s:.2f}", f"{ours.ingest_s:.2f}", _ratio(plain.ingest_s, ours.ingest_s)],
        [
            f"ingest, pages/s ({ours.pages} pages)",
            f"{plain.pages / plain.ingest_s:.1f}",
            f"{ours.pages / ours.ingest_s:.1f}",
            _ratio(plain.ingest_s, ours.ingest_s),
        ],
        ["chunks", str(plain.chunks), str(ours.chunks), ""],
        [
            f"rerank of {ours.pairs}, s",
            f"{plain.rerank_s:.3f}",
            f"{ours.rerank_s:.3f}",
            _ratio(plain.rerank_s, ours.rerank_s),
        ],
    ]
    return f"Medians of {rounds} alternating rounds.\n\n{door.markdown(HEADS, rows)}"


def answering(asked: Sequence[str], library: Path) -> str:
    """Warm time to the first token by stage, and the largest resident memory meanwhile."""
    app = Worker("benchmarks.our_stack:OurApp", library)
    loaded_mb, app.peak_mb = app.peak_mb, 0.0
    app.call("ask", asked[0])
    found = [app.call("ask", question) for question in asked]
    told = [seconds for seconds in found if "first_token" in seconds]
    app.close()
    rows = []
    if told:
        stages = {
            s: statistics.median(t.get(s, 0.0) for t in told) for s in (*BEFORE_GENERATION, "first_token", "total")
        }
        prefill = [t["first_token"] - sum(t.get(s, 0.0) for s in BEFORE_GENERATION) for t in told]
        rows = [[stage, f"{stages[stage]:.3f} s"] for stage in BEFORE_GENERATION]
        rows += [["prefill and first token", f"{statistics.median(prefill):.3f} s"]]
        rows += [["**question to first token**", f"**{stages['first_token']:.3f} s**"]]
        rows += [["whole answer", f"{stages['total']:.3f} s"]]
    rows.append(["resident memory while answering", f"{app.peak_mb:.0f} MB (while loading {loaded_mb:.0f} MB)"])
    heads = (f"{len(told)} answers of {len(asked)} questions, warm, {config.load().generator_name}", "median")
    return door.markdown(heads, rows)


def starting(library: Path, cold_cache: Path) -> str:
    """The first start on a machine, with nothing unpacked, and the next one."""
    rows = []
    for label in ("first start (models not unpacked)", "next start"):
        measured = start_up.measure(Path("app.py"), library, cold_cache)
        rows.append([label, *(f"{s:.1f} s" if s is not None else "–" for s in (measured.page, measured.ready))])
    return door.markdown(("web app", "page open", "models ready"), rows)


def _ratio(plain: float, ours: float) -> str:
    return f"**{plain / ours:.1f}x**"


if __name__ == "__main__":
    door.run(main)
