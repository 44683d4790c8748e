import sqlite3
from contextlib import closing

import numpy as np
import pytest

from rag_chat.library import backup, full_text
from rag_chat.library.catalog import Built, Catalog
from rag_chat.types import Chunk, Document, Page, Span


@pytest.fixture
def catalog(tmp_path):
    made = Catalog(tmp_path)
    add(made, "a", "Grain was moved by rail to the quay.", "Élan at the tide gate.", "東京都の人口は多い。")
    add(made, "b", "Rails are made of steel.", "The pump's guarantee is 4.2 years.", heading="Zeppelins")
    yield made
    made.close()


def add(catalog, doc_id, *texts, heading=""):
    catalog.add(*row(doc_id, *texts, heading=heading))


def row(doc_id, *texts, heading=""):
    chunks = [Chunk(f"{doc_id}{i}", doc_id, i, (Span(1, 0, len(t)),), heading, t) for i, t in enumerate(texts)]
    document = Document(doc_id, f"{doc_id}.pdf", "", 1, len(chunks), 1, "", ())
    return document, [Page(1, "1", " ".join(texts))], chunks, np.ones((len(chunks), 4), dtype=np.float32)


def found(catalog, question, most=9, doc_ids=None):
    return [chunk_id for chunk_id, _ in catalog.word_matches(question, most, doc_ids)]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What moves grain?", ["a0"]),  # stems
        ("rail moved", ["a0", "b0"]),  # both words before one
        ("elan", ["a1"]),  # accents
        ("人口の都", ["a2"]),  # one of the pairs of characters
        ("zeppelin", ["b0", "b1"]),  # of the heading
        ("4.2", ["b1"]),
        ("What is the?", []),
        ('") OR * NEAR(', []),
        ("½ \u0301 '", []),
        ("", []),
    ],
)
def test_words_find_their_chunks_best_first(catalog, question, expected):
    assert found(catalog, question) == expected


WRITTEN = {
    "terminate": "termi\u00adnate",
    "office": "o\ufb03ce",
    "grain": "gr\u200bain",
    "wharf": "ｗｈａｒｆ",
    "warehouse": "ware-\nhouse",
    "tide": "t\U000e0041ide",
    "élan": "e\u0301lan",
    "lipitor": "Lipitor™",
}


@pytest.mark.parametrize(("typed", "written"), list(WRITTEN.items()), ids=list(WRITTEN))
def test_a_word_is_found_however_it_is_written(tmp_path, typed, written):
    with closing(Catalog(tmp_path)) as catalog:
        add(catalog, "a", f"They {written} it.")
        add(catalog, "b", f"They {typed} it.")
        for question in (written, typed):
            assert sorted(found(catalog, question)) == ["a0", "b0"] == sorted(catalog.saying(question))


def test_the_index_of_an_older_version_is_made_anew(tmp_path, monkeypatch):
    with monkeypatch.context() as older:
        older.setattr(full_text, "parted", lambda text: text)
        with closing(Catalog(tmp_path)) as catalog:
            add(catalog, "a", "They termi\u00adnate it.", heading="O\ufb03ce")
            catalog._rows("ALTER TABLE documents DROP COLUMN repaired")
            catalog._rows("ALTER TABLE documents DROP COLUMN kept")
            catalog._rows("UPDATE meta SET value = '4' WHERE key = 'schema'")
            assert found(catalog, "terminate") == []
    with closing(Catalog(tmp_path)) as catalog:
        assert found(catalog, "terminate") == found(catalog, "office") == ["a0"]
        catalog.delete("a")
        vocabulary = "CREATE VIRTUAL TABLE temp.left_over USING fts5vocab('main', 'chunk_words', 'row')"
        assert [catalog._rows(sql) for sql in (vocabulary, "SELECT term FROM temp.left_over")] == [[], []]


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("rail", "ab"),
        ("the tide gate", "a"),  # all the words in one chunk
        ("grain gate", ""),
        ("grain and the gate", "a"),  # each in a chunk of one document
        ("grain and steel", ""),
        ("grain or steel", "ab"),
        ("quay, tides or pumps", "ab"),
        ("grain and steel or the pump", "b"),
        ("the or of", ""),
        ("", ""),
    ],
)
def test_a_document_is_found_once_by_what_it_mentions(catalog, subject, expected):
    assert "".join(sorted(chunk_id[0] for chunk_id in catalog.saying(subject))) == expected


def test_every_document_that_mentions_it_is_found(catalog):
    for number in range(60):
        add(catalog, f"c{number:02}", "Fog came.", "Fog and more fog stayed.")
    assert len(catalog.saying("fog")) == len(catalog.saying("fog or hail")) == 60
    assert catalog.saying("fog", ["c07"]) == ["c071"]  # the chunk that says most of it


def test_it_can_be_held_to_some_documents_and_to_so_many(catalog):
    assert found(catalog, "rail", doc_ids=["b"]) == ["b0"]
    assert found(catalog, "rail", doc_ids=[]) == []
    assert len(found(catalog, "rail", most=1)) == 1


def test_the_rarer_word_weighs_more(catalog):
    scores = dict(catalog.word_matches("rail steel", 9))
    assert scores["b0"] > scores["a0"] > 0


def test_the_index_follows_every_change_of_the_catalog(catalog):
    add(catalog, "a", "Coal alone.")
    assert found(catalog, "grain coal") == ["a0"]
    catalog.hide("a")
    assert found(catalog, "coal") == []
    catalog.delete("a")
    _, _, chunks, vectors = row("b", "Ships of timber.")
    catalog.stage(chunks, vectors)
    catalog.adopt_staged(Built("hash", 4, 250, 40))
    assert found(catalog, "steel timber") == ["b0"]


def test_a_failed_commit_leaves_no_words(catalog):
    document, pages, chunks, vectors = row("c", "Walnut.", "Hazel.")
    with pytest.raises(Exception, match="UNIQUE"):
        catalog.add(document, pages, [chunks[0], chunks[0]], vectors)
    assert found(catalog, "walnut") == []


def test_a_search_does_not_go_through_every_chunk_for_those_of_hidden_documents(catalog, tmp_path):
    searched = []
    with closing(sqlite3.connect(tmp_path / "catalog.sqlite")) as db:
        db.set_trace_callback(searched.append)
        assert full_text.matches(db, "rail", 9)
        db.set_trace_callback(None)
        (search,) = (statement for statement in searched if "MATCH" in statement)
        steps = [step for *_, step in db.execute(f"EXPLAIN QUERY PLAN {search}")]
    assert "SCAN d" in steps and not [step for step in steps if step.startswith("SCAN c ")]


@pytest.mark.parametrize("interrupted", [False, True], ids=["at once", "at the next opening"])
def test_deleted_words_are_gone_from_the_file(catalog, tmp_path, interrupted):
    add(catalog, "c", "Walnut xylophone.")
    if interrupted:
        catalog.hide("c")
        catalog.sweep()
    else:
        catalog.delete("c")
    assert not [p.name for p in tmp_path.iterdir() if p.is_file() and b"xylophon" in p.read_bytes()]


def test_a_catalog_from_before_the_index_is_filled_when_opened(catalog, tmp_path):
    catalog.close()
    with sqlite3.connect(tmp_path / "catalog.sqlite") as db:
        db.executescript("DROP TRIGGER chunk_words_added; DROP TRIGGER chunk_words_removed; DROP TABLE chunk_words;")
    db.close()
    again = Catalog(tmp_path)
    assert found(again, "grain") == ["a0"]
    again.delete("a")
    assert found(again, "grain") == []
    again.close()


def test_all_of_it_can_be_made_anew(catalog):
    with catalog._transaction() as db:
        full_text.refill(db)
    assert found(catalog, "grain") == ["a0"]


def test_a_very_long_question_is_cut_not_refused(catalog):
    assert found(catalog, "grain " + " ".join(f"word{i}" for i in range(5000))) == ["a0"]


def test_a_restored_library_finds_words_where_they_stand(catalog, tmp_path, tmp_path_factory):
    catalog.delete("a")  # leaves a gap in the numbers of the rows
    archive, restored = tmp_path_factory.mktemp("elsewhere") / "library.tar", tmp_path_factory.mktemp("restored")
    backup.write(tmp_path, archive)
    backup.read(archive, restored)
    again = Catalog(restored)
    assert found(again, "steel rails") == ["b0"]
    assert found(again, "guarantee") == ["b1"]
    again.close()
