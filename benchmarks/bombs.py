"""What others notice while bombs are ingested: questions' times before and meanwhile, and how the process grows.

    python -m benchmarks.bombs --folder DIR       files that are made to do harm

Searches of the sample documents run one after the other in one thread while another ingests every file of the folder,
as in the web app. The reading processes are not counted as growth: they have a limit of their own.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import door
from benchmarks.demo import SAMPLES, questions
from ingest.pipeline import Ingestor, find_files
from rag_chat import config
from rag_chat.build import App, open_app
from rag_chat.errors import NotFound

IDLE_SEARCHES = 30


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, help="a folder of bombs")
    files = find_files([parser.parse_args().folder])
    if not files:
        raise NotFound("No file that could be ingested is in --folder; name a folder of bombs.")
    with TemporaryDirectory() as folder:
        app = open_app(config.load(library=Path(folder) / "library"), exclusive=True)
        try:
            print(_measured(app, files))
        finally:
            app.close()


def _measured(app: App, files: Sequence[Path]) -> str:
    with Ingestor(app.library, app.embedder, app.settings) as ingestor:
        for _ in ingestor.add_all(sorted(SAMPLES.glob("*.pdf"))):
            pass
        asked = itertools.cycle(questions(SAMPLES / "questions.jsonl"))
        list(_searches(app, asked, most=5))  # warm
        idle = list(_searches(app, asked, most=IDLE_SEARCHES))
        before = _resident_mb()
        work = threading.Thread(target=lambda: _ingest(ingestor, files))
        work.start()
        peaks: list[float] = []
        busy = list(_searches(app, asked, while_=work.is_alive, heard=lambda: peaks.append(_resident_mb())))
        work.join()
    rows = [
        ("search, median, s", *(f"{statistics.median(times):.3f}" for times in (idle, busy))),
        ("search, slowest of 20, s", *(f"{statistics.quantiles(times, n=20)[-1]:.3f}" for times in (idle, busy))),
        ("searches", str(len(idle)), str(len(busy))),
        ("the process grew by, MB", "", f"{max(peaks) - before:.0f}"),
    ]
    return door.markdown(("", "idle", f"while {len(files)} bombs are ingested"), rows)


def _ingest(ingestor: Ingestor, files: Sequence[Path]) -> None:
    for report in ingestor.add_all(files):
        door.note(f"{report.document}: {report.code or report.status}, {report.seconds:.1f} s")


def _searches(
    app: App, asked: Iterator[str], *, most: int | None = None, while_: Callable[[], bool] = lambda: True,
    heard: Callable[[], None] = lambda: None,
) -> Iterator[float]:  # fmt: skip
    for number in itertools.count():
        if number == most or not while_():
            return
        start = time.perf_counter()
        app.engine.search(next(asked))
        yield time.perf_counter() - start
        heard()


def _resident_mb() -> float:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


if __name__ == "__main__":
    door.run(main)
