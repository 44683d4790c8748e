"""Boxes over the samples, read back by pdfminer: every place that a citation could show holds its words."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from fakes import HashEmbedder
from pdfs import write_pdf

from benchmarks.boxes import BoxReader, fold
from benchmarks.citations import RIGHT, UNPLACED, WRONG, checked, sentences, table
from ingest.pipeline import Ingestor
from rag_chat.config import Settings
from rag_chat.highlight import PageView
from rag_chat.index.connect import open_library

SAMPLES = Path(__file__).parents[2] / "data" / "samples"


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """A library of the samples, and the product's own view of pages; no models."""
    embedder = HashEmbedder()
    library = open_library(
        tmp_path_factory.mktemp("samples"), "hash", embedder.dimension, chunk_tokens=250, overlap=40, exclusive=True
    )
    with Ingestor(library, embedder, Settings()) as ingestor:
        assert {report.status for report in ingestor.add_all(sorted(SAMPLES.glob("*.pdf")))} == {"ready"}
    pages = PageView()
    yield SimpleNamespace(library=library, pages=pages)
    pages.close()
    library.close()


def test_boxes_of_the_samples_hold_their_sentences(app):
    found = checked(app, sentences(app, app.library.catalog.all_chunks(), every=12))
    assert found[WRONG] == 0, table({"every 12th": found})
    assert found[RIGHT] > 60
    assert found[UNPLACED] <= 0.02 * found.total(), table({"every 12th": found})


def test_turned_page_is_read_in_its_own_direction(app):
    lease = next(d for d in app.library.catalog.documents() if d.name == "lease-contract.pdf")
    chunks = app.library.catalog.all_chunks([lease.doc_id])
    places = [place for place in sentences(app, chunks, every=2) if place[1].page == 5]
    found = checked(app, iter(places))
    assert found[RIGHT] >= 3 and found[WRONG] == 0


def test_box_beside_the_words_is_seen_to_be_wrong(tmp_path):
    path = write_pdf(tmp_path / "x.pdf", [["The tide gate opens.", "Grain is moved."]])
    view = PageView()
    (box,) = view.boxes(path, 1, 0, 20)
    view.close()
    reader = BoxReader(path)
    assert reader.holds(1, [box], "The tide gate \nopens.")
    lower = (box[0], box[1] - 14, box[2], box[3] - 14)
    assert not reader.holds(1, [lower], "The tide gate opens.")
    assert "Grain" in reader.text(1, [lower])
    assert not reader.holds(1, [(*box[:2], box[2] - 30, box[3])], "The tide gate opens.")


def test_forms_of_a_letter_and_joined_words_are_the_same():
    assert fold("ﬁnd the hydro\x02gen  line") == fold("find the hydro-\ngen line")
