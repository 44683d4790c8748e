"""The next document is read while the one before it is embedded; what comes of it is the same as without."""

import threading
import time
from dataclasses import replace

import pytest
from fakes import HashEmbedder
from pdfs import prose, with_bombs, write_pdf
from readers import readers
from scripted_engine import ScriptedBackend

from ingest import ahead
from ingest.pipeline import Ingestor
from rag_chat.index import verify
from rag_chat.library.incoming import Incoming
from rag_chat.web.backend import Loading
from rag_chat.web.uploads import Uploads


class Reading:
    """The real `parse`, which says when it begins and ends with which file, and can be held at a page."""

    def __init__(self, parse):
        self._parse = parse
        self.events: list[str] = []
        self.begun, self.held, self.go_on = threading.Event(), threading.Event(), threading.Event()
        self.hold_at = 0

    def __call__(self, path, limits, sandbox, **options):
        self.events.append(f"{path.name} begins")
        self.begun.set()
        tell = options.pop("progress")

        def progress(done, total):
            tell(done, total)
            if done == self.hold_at:
                self.held.set()
                assert self.go_on.wait(20)

        try:
            return self._parse(path, limits, sandbox, progress=progress, **options)
        finally:
            self.events.append(f"{path.name} ends")


@pytest.fixture
def reading(monkeypatch):
    watched = Reading(ahead.parse)
    monkeypatch.setattr(ahead, "parse", watched)
    return watched


class Watched(HashEmbedder):
    """Calls `meanwhile` while it embeds its first document."""

    def __init__(self):
        super().__init__()
        self.meanwhile = lambda: None

    def encode_passages(self, texts, progress=None):
        self.meanwhile()
        self.meanwhile = lambda: None
        return super().encode_passages(texts, progress)


@pytest.fixture
def embedder():
    return Watched()


@pytest.fixture
def files(tmp_path):
    return [write_pdf(tmp_path / f"{name}.pdf", [prose(4, seed=name)] * 4) for name in ("a", "b", "c")]


def until(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def threads():
    return [thread for thread in threading.enumerate() if thread.name == "reading ahead"]


def test_next_one_is_read_before_the_one_before_it_is_embedded(ingestor, library, embedder, reading, files):
    embedder.meanwhile = lambda: until(lambda: "b.pdf ends" in reading.events) or reading.events.append("a embedded")
    reports = list(ingestor.add_all(files))
    assert [(r.document, r.status, r.pages) for r in reports] == [(p.name, "ready", 4) for p in files]
    a, b, c = ([f"{p.name} begins", f"{p.name} ends"] for p in files)
    assert reading.events == [*a, *b, "a embedded", *c]  # and never two of them ahead
    assert list(verify.faults(library)) == []
    assert threads() == []


def test_what_was_read_ahead_is_stored_as_if_it_had_been_read_in_its_turn(ingestor, library, files):
    list(ingestor.add_all(files))
    stored = [(c.doc_id, c.text, c.spans) for c in library.catalog.all_chunks()]
    for document in library.catalog.documents():
        library.delete(document.doc_id)
    for path in files:
        ingestor.add(path)
    assert [(c.doc_id, c.text, c.spans) for c in library.catalog.all_chunks()] == stored


def test_errors_come_in_their_turn_and_are_the_same_as_without(ingestor, reading, tmp_path):
    locked = write_pdf(tmp_path / "locked.pdf", [prose(2)], password="secret")
    scan, long = write_pdf(tmp_path / "scan.pdf", [[]]), write_pdf(tmp_path / "long.pdf", [["page"]] * 21)
    (empty := tmp_path / "empty.pdf").touch()
    bad = [locked, scan, tmp_path / "missing.pdf", long, empty]
    good = [write_pdf(tmp_path / f"{number}.pdf", [prose(1, seed=str(number))]) for number in range(5)]
    reports = list(ingestor.add_all(path for pair in zip(good, bad, strict=True) for path in pair))
    assert [r.status for r in reports] == ["ready", "failed"] * 5
    assert [reading.events.count(f"{path.name} begins") for path in bad] == [1, 1, 0, 1, 1]
    alone = [ingestor.add(path) for path in bad]
    said = [(r.document, r.status, r.code, r.error, r.doc_id) for r in reports[1::2]]
    assert said == [(r.document, r.status, r.code, r.error, r.doc_id) for r in alone]


def test_password_and_name_go_along(ingestor, library, tmp_path, files):
    locked = write_pdf(tmp_path / "locked.pdf", [prose(2)], password="secret")
    reports = list(ingestor.add_all([files[0], locked], password="secret"))
    assert [r.status for r in reports] == ["ready", "ready"]
    (note := tmp_path / "7.upload").write_text("# Tide gate\n\nIt opens at five.\n")
    ingestor.read_ahead(note, name="note.txt")
    until(lambda: not threads())
    assert ingestor.add(note, name="note.md").status == "ready"  # as what it was read depends on its name
    assert {c.heading for c in library.catalog.all_chunks() if c.doc_id not in {r.doc_id for r in reports}} == {
        "Tide gate"
    }


def test_what_is_there_already_is_not_read(ingestor, reading, files):
    ingestor.add(files[1])
    reading.events.clear()
    assert [r.status for r in ingestor.add_all(files)] == ["ready", "unchanged", "ready"]
    assert "b.pdf begins" not in reading.events


def test_file_that_was_changed_since_is_read_anew(ingestor, library, files):
    ingestor.read_ahead(files[0])
    until(lambda: not threads())
    write_pdf(files[0], [prose(2, seed="oat")])
    report = ingestor.add(files[0])
    assert (report.status, report.pages) == ("ready", 1)
    assert "oat" in library.catalog.page(report.doc_id, 1).text


def test_progress_goes_on_where_it_is_when_its_turn_comes(ingestor, reading, files):
    reading.hold_at = 2
    ingestor.read_ahead(files[0])
    assert reading.held.wait(20)
    heard = []

    def listen(step):
        heard.append((step.stage, step.done, step.total))
        if step.done:
            reading.go_on.set()

    assert ingestor.add(files[0], progress=listen).status == "ready"
    assert heard[:2] == [("reading", 0, 0), ("reading", 2, 4)]
    assert heard[-1][0] == "storing"


def test_bomb_read_ahead_neither_blocks_nor_fails_the_one_before_it(ingestor, embedder, reading, files, tmp_path):
    bomb = with_bombs(tmp_path / "bomb.pdf", "BBBB")
    reading.begun.clear()
    embedder.meanwhile = lambda: until(lambda: "bomb.pdf begins" in reading.events)
    adding = ingestor.add_all([files[0], bomb])
    start = time.monotonic()
    assert next(adding).status == "ready"
    assert time.monotonic() - start < 10
    assert "bomb.pdf ends" not in reading.events
    adding.close()
    ingestor.drop_ahead(bomb)
    assert threads() == [] and len(readers()) <= 1
    assert ingestor.add(files[1]).status == "ready"


def test_bomb_that_is_stopped_while_it_waits_in_the_pages_queue_is_read_no_more(
    ingestor, library, embedder, reading, files, tmp_path
):
    bomb = with_bombs(tmp_path / "bomb.pdf", "BBBB")
    backend = replace(
        ScriptedBackend(folder=tmp_path / "page").backend(),
        add_document=lambda path, name, progress, **options: ingestor.add(
            path, name=name, progress=progress, **options
        ),
        read_ahead=lambda path, name: ingestor.read_ahead(path, name=name),
        drop_ahead=ingestor.drop_ahead,
    )
    loading = Loading(lambda: backend)
    uploads = Uploads(loading, Incoming(library.folder))

    def stop_the_bomb():
        until(lambda: len(reading.events) == 3)
        uploads.dismiss(uploads.all()[1].id)
        assert threads() == [] and len(readers()) == 1

    embedder.meanwhile = stop_the_bomb
    uploads.add([(path, path.name) for path in (files[0], bomb, files[1])])
    loading.start()
    until(lambda: not uploads.busy())
    assert uploads.all() == []
    assert [d.name for d in library.catalog.documents()] == ["a.pdf", "b.pdf"]


def test_stopped_in_its_turn_its_reader_ends(ingestor, library, reading, tmp_path):
    bomb = with_bombs(tmp_path / "bomb.pdf", ".BBBB")

    def stop(step):
        if step.done:
            raise KeyboardInterrupt

    ingestor.read_ahead(bomb)
    until(lambda: "bomb.pdf begins" in reading.events)
    with pytest.raises(KeyboardInterrupt):
        ingestor.add(bomb, progress=stop)
    assert threads() == [] and readers() == []
    assert library.catalog.documents() == []


def test_another_one_takes_the_place_of_the_one_read_ahead(ingestor, reading, files, tmp_path):
    ingestor.read_ahead(with_bombs(tmp_path / "bomb.pdf", "BBBB"))
    until(lambda: "bomb.pdf begins" in reading.events)
    ingestor.read_ahead(files[0])
    until(lambda: "a.pdf ends" in reading.events)
    assert reading.events.index("bomb.pdf ends") < reading.events.index("a.pdf ends")
    assert len(readers()) == 1


def test_one_whose_turn_has_come_goes_on_while_another_is_read_ahead(ingestor, library, reading, files):
    reading.hold_at = 1
    ingestor.read_ahead(files[0])
    assert reading.held.wait(20)
    heard, reports = [], []
    turn = threading.Thread(target=lambda: reports.append(ingestor.add(files[0], progress=heard.append)))
    turn.start()
    until(lambda: heard)
    time.sleep(0.2)  # it waits for what is left to read
    ingestor.read_ahead(files[1])  # as a document does that is embedded beside it
    reading.go_on.set()
    turn.join(20)
    assert [(r.document, r.status) for r in reports] == [("a.pdf", "ready")]
    assert ingestor.add(files[1]).status == "ready"
    assert reading.events.count("b.pdf begins") == 1 and len(readers()) == 1


def test_closing_ends_the_thread_and_the_process(library, embedder, settings, reading, tmp_path):
    ingestor = Ingestor(library, embedder, settings)
    ingestor.read_ahead(with_bombs(tmp_path / "bomb.pdf", "BBBB"))
    until(lambda: readers() != [])
    start = time.monotonic()
    ingestor.close()
    assert time.monotonic() - start < 2
    assert threads() == [] and readers() == []
    ingestor.read_ahead(tmp_path / "bomb.pdf")
    assert threads() == []
