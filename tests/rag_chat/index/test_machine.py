"""Any order of adding, replacing, deleting, rebuilding, crashing, tearing the index and restarting, against a model.

The model is a set of document ids. A crash stops every part of the library at its n-th call and for good, as a kill
does within one process; real kills are in test_crashes and in the benchmark.
"""

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import library_work as work
import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from rag_chat.index import verify
from rag_chat.library.catalog import Built

IDS = st.sampled_from([f"{name}{version}" for name in "ab" for version in range(3)])
STEPS = st.integers(1, 9)


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

    @initialize()
    def first_start(self):
        self.library = work.open_at(self.root / "library")

    @rule(doc_id=IDS)
    def add(self, doc_id):
        if doc_id not in self.there:
            work.add(self.library, doc_id)
            self.there.add(doc_id)

    @precondition(lambda self: self.there)
    @rule(new=IDS, data=st.data())
    def replace(self, new, data):
        old = data.draw(st.sampled_from(sorted(self.there)))
        if new not in self.there:
            work.add(self.library, new, replaces=(old,))
            self.there = (self.there - {old}) | {new}

    @precondition(lambda self: self.there)
    @rule(data=st.data())
    def delete(self, data):
        doc_id = data.draw(st.sampled_from(sorted(self.there)))
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
        parts = {name: Stopping(getattr(self.library, name), left) for name in ("catalog", "store", "seal")}
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
        self.restart()
        found = {document.doc_id for document in self.library.catalog.documents()}
        assert found in (self.there, after)
        self.there = found

    @rule()
    def restart(self):
        self.library.close()
        self.library = work.open_at(self.root / "library")

    @rule(keep=st.floats(0, 0.9))
    def tear_the_index_and_restart(self, keep):
        self.library.close()
        for path in (self.root / "library" / "chroma").rglob("*.bin"):
            path.write_bytes(path.read_bytes()[: int(keep * path.stat().st_size)])
        self.library = work.open_at(self.root / "library")

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

    def teardown(self):
        self.library.close()
        shutil.rmtree(self.root)


LibraryMachine.TestCase.settings = settings(
    max_examples=6, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
TestLibraryMachine = LibraryMachine.TestCase
