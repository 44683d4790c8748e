"""Any order of adding, replacing, deleting, rebuilding, crashing, tearing the index and restarting, against a model.

The model is a set of document ids, and the vectors of those that are gone. A crash stops every part of the library at
its n-th call and for good, as a kill does within one process; real kills are in test_crashes and in the benchmark.
What the library says of itself is not believed alone: Chroma's own file is read while it is closed.
"""

import hashlib
import shutil
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import library_work as work
import numpy as np
from fakes import HashEmbedder
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from pdfs import write_pdf

from ingest.pipeline import Ingestor
from rag_chat.config import Settings
from rag_chat.index import verify
from rag_chat.library.catalog import Built

IDS = st.sampled_from([f"{name}{version}" for name in "ab" for version in range(3)])
STEPS = st.integers(1, 9)
MACHINE = settings(
    max_examples=4, stateful_step_count=14, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True,
    phases=[Phase.generate],  # a failure is told at once: looking for a shorter one takes longer than a test may
)  # fmt: skip
MOST_PAGES = 3
SETTINGS = Settings(chunk_tokens=60, chunk_overlap_tokens=15, max_pages=MOST_PAGES, max_file_mb=1)
FILES = {  # what a file of the real pipeline comes to
    "short.pdf": "ready",
    "full.pdf": "ready",
    "over.pdf": "E_TOO_MANY_PAGES",
    "large.pdf": "E_TOO_LARGE",
    "damaged.pdf": "E_DAMAGED",
}
CRASHES = [("b1", "add"), ("b2", "replace"), ("", "delete")]
NAMES = st.sampled_from(sorted(FILES))


def write_files(folder):
    """One page, as many as are allowed, and what must never get in."""
    for name, pages in (("short.pdf", 1), ("full.pdf", MOST_PAGES), ("over.pdf", MOST_PAGES + 1)):
        write_pdf(folder / name, [[f"Grain of {name}, part {n}, lies beside quay {n * 7}."] for n in range(pages)])
    (folder / "large.pdf").write_bytes((folder / "short.pdf").read_bytes() + b" " * 1_100_000)
    (folder / "damaged.pdf").write_bytes((folder / "full.pdf").read_bytes()[:300])


class Crash(BaseException):
    """Nothing of ours catches it."""


class Stopping:
    """Passes calls on until `left` is used up; from then on every call is a crash."""

    def __init__(self, part, left):
        self._part, self._left = part, left

    def __getattr__(self, name):
        found = getattr(self._part, name)
        if not callable(found):
            return found

        def call(*args, **options):
            self._left[0] -= 1
            if self._left[0] <= 0:
                raise Crash
            return found(*args, **options)

        return call


class LibraryMachine(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.root = Path(tempfile.mkdtemp())
        self.there = set()
        self.gone = {}  # vectors by chunk id, of what was there once
        write_files(self.root)

    @initialize()
    def first_start(self):
        self.open()

    def open(self):
        self.library = work.open_at(self.root / "library")
        self.ingestor = Ingestor(self.library, HashEmbedder(dimension=work.DIMENSION), SETTINGS)

    def close(self):
        self.ingestor.close()
        self.library.close()

    def leave(self, doc_id):
        """Remembers the first and the last vector of what is about to go."""
        ids, vectors = self.library.catalog.vectors(doc_id)
        self.gone |= {ids[0]: vectors[0], ids[-1]: vectors[-1]}

    # One rule for what people do: hypothesis leaves whole rules out of an example, of few examples' deletions all.
    @rule(what=st.sampled_from(["add", "add a file", "replace", "delete"]), new=IDS, name=NAMES, data=st.data())
    def do(self, what, new, name, data):
        old = data.draw(st.sampled_from(sorted(self.there) or [""]))
        if what == "add a file":
            self.add_a_file(name)
        elif what == "delete" and old:
            self.delete(old)
        elif what == "replace" and old and new not in self.there:
            self.replace(old, new)
        elif new not in self.there:
            self.add(new)

    def add(self, new):
        work.add(self.library, new)
        self.there.add(new)

    def replace(self, old, new):
        self.leave(old)
        work.add(self.library, new, replaces=(old,))
        self.there = (self.there - {old}) | {new}

    def add_a_file(self, name):
        before = len(self.library.catalog.documents())
        report = self.ingestor.add(self.root / name)
        if FILES[name] == "ready":
            assert report.status in ("ready", "unchanged")
            self.there.add(report.doc_id)
        else:
            assert (report.status, report.code) == ("failed", FILES[name])
            assert len(self.library.catalog.documents()) == before

    def delete(self, doc_id):
        self.leave(doc_id)
        proof = self.library.delete(doc_id)
        assert (proof.rows_left, proof.vectors_left, proof.files_left) == (0, 0, 0)
        self.there.discard(doc_id)

    @rule()
    def rebuild(self):
        self.library.catalog.drop_staged()
        for doc_id in self.there:
            self.library.catalog.stage(*work.made(doc_id, 7, seed="rebuilt"))
        self.library.replace_chunks(Built("hash", work.DIMENSION, 60, 15))

    @rule(step=STEPS, new=IDS, what=st.sampled_from(["add", "replace", "delete"]))
    def crash(self, step, new, what):
        left = [step]
        parts = {name: Stopping(getattr(self.library, name), left) for name in ("catalog", "store")}
        mortal = replace(self.library, **parts)
        old = min(self.there, default=None)
        after = {"add": self.there | {new}, "replace": (self.there - {old}) | {new}, "delete": self.there - {old}}[what]
        if (what == "delete" and old is None) or (what != "delete" and new in self.there):
            return
        try:
            if what == "delete":
                mortal.delete(old)
            else:
                work.add(mortal, new, replaces=(old,) if what == "replace" and old else ())
        except Crash:
            pass
        self.close()
        self.open()
        found = {document.doc_id for document in self.library.catalog.documents()}
        assert found in (self.there, after)
        self.there = found

    @rule()
    def restart(self):
        """Between two lives, before the next could mend it: what Chroma's own file holds."""
        wanted = self.library.catalog.chunk_ids()
        self.close()
        with closing(sqlite3.connect(self.root / "library" / "chroma" / "chroma.sqlite3")) as db:
            assert {row[0] for row in db.execute("SELECT embedding_id FROM embeddings")} == wanted
        self.open()

    @rule(keep=st.floats(0, 0.9))
    def tear_the_index_and_restart(self, keep):
        self.close()
        for path in (self.root / "library" / "chroma").rglob("*.bin"):
            path.write_bytes(path.read_bytes()[: int(keep * path.stat().st_size)])
        self.open()

    @invariant()
    def all_of_it_is_there_and_nothing_else(self):
        if not hasattr(self, "library"):
            return
        catalog = self.library.catalog
        assert {document.doc_id for document in catalog.documents()} == self.there
        assert list(verify.faults(self.library)) == []
        assert {path.stem for path in (self.root / "library" / "files").iterdir()} == self.there
        for doc_id in self.there:  # each is found by its own words
            ids, vectors = catalog.vectors(doc_id)
            (best, score), *_ = self.library.store.search(vectors[0], 1)
            assert best == ids[0] and np.isclose(score, 1, atol=1e-3)

    @invariant()
    def what_is_gone_is_found_by_nothing(self):
        if not hasattr(self, "library"):
            return
        wanted = self.library.catalog.chunk_ids()
        assert self.library.store.count() == len(wanted)
        for chunk_id in sorted(self.gone.keys() - wanted):
            found = {name for name, _ in self.library.store.search(self.gone[chunk_id], 3)}
            assert found <= wanted

    def teardown(self):
        self.close()
        shutil.rmtree(self.root)


def test_any_order_of_everything():
    run_state_machine_as_test(LibraryMachine, settings=MACHINE)


def test_everything_once():
    """What chance may leave out of a few examples."""
    machine = LibraryMachine()
    machine.first_start()
    steps = [(machine.add, {"new": new}) for new in ("a0", "a1", "b0")]
    steps += [(machine.add_a_file, {"name": name}) for name in FILES]
    steps += [(machine.replace, {"old": "a0", "new": "a2"}), (machine.delete, {"doc_id": "b0"}), (machine.restart, {})]
    steps += [(machine.crash, {"step": 4, "new": new, "what": what}) for new, what in CRASHES]
    steps += [(machine.rebuild, {}), (machine.tear_the_index_and_restart, {"keep": 0.4})]
    try:
        for step, given in steps:
            step(**given)
            machine.all_of_it_is_there_and_nothing_else()
            machine.what_is_gone_is_found_by_nothing()
        for name in [name for name, said in FILES.items() if said == "ready"]:
            machine.delete(hashlib.sha256((machine.root / name).read_bytes()).hexdigest())
            machine.what_is_gone_is_found_by_nothing()
    finally:
        machine.teardown()
