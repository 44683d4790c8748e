"""kill -9 at random moments of ingest, replace and delete; then everything is opened, and compared with what must be.

    python -m benchmarks.kills [--kills 200] [--seed 0]

A worker adds, replaces and deletes small PDFs through the real pipeline (PDFium, SQLite, Chroma; only the embedder
counts words) and says what it begins and what is done. After each kill the library must hold what was done, the work
in hand wholly or not at all, and nothing else: no row, vector or file of another document.
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks import door
from ingest import slabs
from ingest.pipeline import Ingestor
from rag_chat import config
from rag_chat.errors import LibraryError
from rag_chat.index import verify
from rag_chat.index.connect import Library, open_library
from rag_chat.progress import WITHOUT_READER, Progress
from rag_chat.types import Vectors

DIMENSION = 16
NAMES = tuple(f"d{number}.pdf" for number in range(6))
WHILE_OPENING = 0.2  # of the kills
LONGEST_LIFE = 1.5  # seconds from its first word to its end
SLAB = 20  # texts, so that of most documents some are kept when they are cut off

State = dict[str, int]  # which version of each document there is


class WordCounts:
    """An Embedder: how often words of each hash occur."""

    name = "word counts"
    dimension = DIMENSION
    longest = 8192

    def encode_query(self, text: str) -> Vectors:
        vector: Vectors = self.encode_passages([text])[0]
        return vector

    def encode_passages(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        vectors = np.full((len(texts), DIMENSION), 0.1, dtype=np.float32)
        for row, text in enumerate(texts):
            for word in text.split():
                vectors[row, zlib.crc32(word.encode()) % DIMENSION] += 1
        unit: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]


@dataclass
class Tally:
    kills: int = 0
    during: dict[str, int] = field(default_factory=dict)
    lost: int = 0
    orphans: int = 0
    faults: list[str] = field(default_factory=list)

    def table(self) -> str:
        rows = [(f"killed {what}", str(count)) for what, count in sorted(self.during.items())]
        rows += [("documents lost or wrong", str(self.lost)), ("files left over", str(self.orphans))]
        rows.append(("faults of the library", str(len(self.faults))))
        return door.markdown((f"{self.kills} kills", "times"), rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--worker", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker is not None:
        work(given.worker, given.seed)
        return
    with TemporaryDirectory() as folder:
        tally = run(Path(folder), given.kills, given.seed)
    print(tally.table())
    for fault in tally.faults:
        door.note(fault)
    if tally.lost or tally.orphans or tally.faults:
        raise LibraryError(f"Something was lost or left over; look at it with --seed {given.seed}.")


def run(folder: Path, kills: int, seed: int) -> Tally:
    """So many kills of workers on one library; what is wrong afterwards."""
    chance, tally, state = random.Random(seed), Tally(), State()
    for number in range(kills):
        state, begun = _one_life(folder, state, chance, seed * 100_000 + number)
        tally.kills += 1
        during = begun.split()[0] if begun else "between"
        tally.during[during] = tally.during.get(during, 0) + 1
        state = _inspected(folder, state, begun, tally)
        door.note(f"{number + 1}: killed during {begun or 'nothing'}, {len(state)} documents")
    return tally


def _one_life(folder: Path, state: State, chance: random.Random, seed: int) -> tuple[State, str]:
    """What was done when a worker was killed, and what it had begun."""
    line = [sys.executable, "-m", "benchmarks.kills", "--worker", str(folder), "--seed", str(seed)]
    started = time.monotonic()
    state = dict(state)
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        begun = "opening"
        if chance.random() >= WHILE_OPENING:
            process.stdout.readline()
            begun, started = "", time.monotonic()
        wait = chance.uniform(0, LONGEST_LIFE) - (time.monotonic() - started)
        killer = threading.Timer(max(0.0, wait), process.send_signal, (signal.SIGKILL,))
        killer.start()
        for said in process.stdout:
            word, _, what = said.strip().partition(" ")
            if word == "done":
                state = _after(state, what)
            begun = what if word == "begin" else ""
        killer.join()
    return state, begun


def _after(state: State, work: str) -> State:
    what, name = work.split()
    if what == "delete":
        return {other: version for other, version in state.items() if other != name}
    return state | {name: state.get(name, 0) + 1}


def _inspected(folder: Path, state: State, begun: str, tally: Tally) -> State:
    """The state that the library is in; what is wrong with it is counted."""
    library = _open(folder)
    try:
        found = {d.name: int(d.title.rpartition(" ")[2]) for d in library.catalog.documents()}
        possible = [state, _after(state, begun)] if len(begun.split()) == 2 else [state]
        tally.lost += found not in possible
        tally.orphans += len(list((folder / "library" / "files").iterdir())) != len(found)
        begun_of = {path.name for path in (folder / "library").glob("begun/*")}
        tally.orphans += len(begun_of & {document.doc_id for document in library.catalog.documents()})
        tally.faults += [*verify.faults(library), *_vectors_differ(library)]
    finally:
        library.close()
    return found


def _vectors_differ(library: Library) -> Iterator[str]:
    held = {i: v for ids, rows in library.store.rows() for i, v in zip(ids, rows, strict=True)}  # type: ignore[attr-defined]
    for document in library.catalog.documents():
        for chunk_id, vector in zip(*library.catalog.vectors(document.doc_id), strict=True):
            if chunk_id not in held or not np.allclose(held[chunk_id], vector, atol=1e-4):
                yield f"the vector of {chunk_id} in '{document.name}' is not the catalog's"


def _open(folder: Path) -> Library:
    return open_library(
        folder / "library", WordCounts.name, DIMENSION, chunk_tokens=40, overlap=5, exclusive=True
    )  # fmt: skip


def work(folder: Path, seed: int) -> None:
    """The worker's life: until it is killed."""
    slabs.SLAB = SLAB
    chance, library = random.Random(seed), _open(folder)
    settings = config.load(library=folder / "library", chunk_tokens=40, chunk_overlap_tokens=5)
    print("ready", flush=True)
    following = _write(folder / "following.source", "following", 30)
    with Ingestor(library, WordCounts(), settings) as ingestor:

        def read_ahead(step: Progress) -> None:
            if step.stage in WITHOUT_READER:
                ingestor.read_ahead(following)

        while True:
            name = chance.choice(NAMES)
            there = {d.name: d for d in library.catalog.documents()}
            if name in there and chance.random() < 0.5:
                print(f"begin delete {name}", flush=True)
                library.delete(there[name].doc_id)
                print(f"done delete {name}", flush=True)
                continue
            what = "replace" if name in there else "add"
            version = int(there[name].title.rpartition(" ")[2]) + 1 if name in there else 1
            source = _write(folder / f"{name}.source", f"{name} {version}", chance.randrange(1, 30))
            print(f"begin {what} {name}", flush=True)
            report = ingestor.add(source, name=name, replace_same_name=True, progress=read_ahead)
            ingestor.drop_ahead(following)
            print(f"done {what} {name}" if report.status == "ready" else f"failed {report.error}", flush=True)


def _write(path: Path, title: str, pages: int) -> Path:
    """A PDF whose every page says something else."""
    objects = {1: b"<</Type/Catalog/Pages 2 0 R>>", 3: b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"}
    objects[4] = b"<</Title(%s)>>" % title.encode()
    for number in range(pages):
        lines = b" ".join(b"(%d grain %d quay) Tj T*" % (k, number * k) for k in range(40))
        text = b"BT /F1 9 Tf 12 TL 50 750 Td (%s page %d) Tj T* %s ET" % (title.encode(), number, lines)
        objects[5 + 2 * number] = (
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Resources<</Font<</F1 3 0 R>>>>/Contents %d 0 R>>"
            % (6 + 2 * number)
        )
        objects[6 + 2 * number] = b"<</Length %d>>stream\n%s\nendstream" % (len(text), text)
    kids = b" ".join(b"%d 0 R" % (5 + 2 * number) for number in range(pages))
    objects[2] = b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, pages)
    out, places = b"%PDF-1.7\n", []
    for number, body in sorted(objects.items()):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size, start = len(objects) + 1, len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<</Size %d/Root 1 0 R/Info 4 0 R>>\n" % (size, table, size)
    path.write_bytes(out + b"startxref\n%d\n%%%%EOF\n" % start)
    return path


if __name__ == "__main__":
    door.run(main)
