"""The truth about documents: one SQLite file with pages, chunks and their vectors, and the original files beside it.

The only file with SQL about documents. A document exists for everyone else when its row says `ready`, which one
commit makes true together with all its pages and chunks. Knows nothing about models or the vector index. Limit:
one connection behind a lock, so readers in one process wait for each other.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rag_chat.library import decode, files, full_text, schema, spelling, token_vectors
from rag_chat.library.database import Database
from rag_chat.library.files import Files
from rag_chat.library.scope import condition
from rag_chat.library.token_vectors import TokenCodes
from rag_chat.token_codes import Codes
from rag_chat.types import Chunk, Document, Kind, Outline, Page, PageRange, Span, Vectors, WordBox

_ROW = "doc_id, state, name, title, size, added, pages, chunks, kind, kept, repaired"
_DOCUMENT = "doc_id, name, title, pages, chunks, size, added, kind, repaired"
_CHUNK = "c.id, c.doc_id, c.ordinal, c.spans, c.heading, c.text"
_READY = "chunks c JOIN documents d ON d.doc_id = c.doc_id AND d.state = 'ready'"
_PAGE = "p.number, p.label, p.text, p.state, p.hidden"
_PAGES = f"SELECT {_PAGE} FROM pages p JOIN documents d ON d.doc_id = p.doc_id AND d.state = 'ready'"
_OF_NOTE = "state <> 'text' OR hidden"  # pages that a report names
_INDEX = f"CREATE INDEX IF NOT EXISTS pages_of_note ON pages (doc_id, number, state, hidden) WHERE {_OF_NOTE}"
_AT_ONCE = 500  # bound variables in one statement


@dataclass(frozen=True, slots=True)
class Built:
    """With what the vectors and chunks of a library were made; a library holds one kind only."""

    embedder: str
    dimension: int
    chunk_tokens: int
    overlap: int


class Catalog:
    """Opens or makes the catalog of a library folder. Safe to use from several threads."""

    def __init__(self, folder: Path, *, file_name: str = "catalog.sqlite") -> None:
        self.path = folder / file_name
        self._files = Files(folder / "files")
        self._database = Database(self.path)
        self._rows, self._transaction = self._database.rows, self._database.transaction
        self._listed: tuple[object, list[Document]] = (None, [])
        with self._database.use() as db:
            db.executescript(schema.TABLES)
            schema.migrate(self._database)
            db.execute(_INDEX)
            full_text.prepare(db)
            token_vectors.prepare(db)

    # -- reading

    def documents(self) -> list[Document]:
        """Read anew where anything in the file has changed: every search asks for them, some times over."""
        with self._database.use() as db:
            version = (self._rows("PRAGMA data_version"), db.total_changes)  # others' commits, and our own
            if version != self._listed[0]:
                self._listed = (version, self._all_documents())
            return list(self._listed[1])

    def _all_documents(self) -> list[Document]:
        rows = self._rows(f"SELECT {_DOCUMENT} FROM documents WHERE state = 'ready' ORDER BY rowid")
        noted: dict[str, list[tuple[int, str, int]]] = {}
        for doc_id, *page in self._rows(f"SELECT doc_id, number, state, hidden FROM pages WHERE {_OF_NOTE}"):
            noted.setdefault(doc_id, []).append(tuple(page))
        return [decode.document(row, noted.get(row[0], ())) for row in rows]

    def document(self, doc_id: str) -> Document | None:
        rows = self._rows(f"SELECT {_DOCUMENT} FROM documents WHERE state = 'ready' AND doc_id = ?", doc_id)
        noted = f"SELECT number, state, hidden FROM pages WHERE ({_OF_NOTE}) AND doc_id = ?"
        return decode.document(rows[0], self._rows(noted, doc_id)) if rows else None

    def page(self, doc_id: str, number: int) -> Page | None:
        rows = self._rows(f"{_PAGES} WHERE p.doc_id = ? AND p.number = ?", doc_id, number)
        return decode.page(rows[0]) if rows else None

    def labels(self, places: Iterable[tuple[str, int]]) -> dict[tuple[str, int], str]:
        """What is printed on these pages, by document id and number."""
        return self._of_pages("label", places)

    def texts(self, places: Iterable[tuple[str, int]]) -> dict[tuple[str, int], str]:
        """The text of these pages, by document id and number."""
        return self._of_pages("text", places)

    def _of_pages(self, column: str, places: Iterable[tuple[str, int]]) -> dict[tuple[str, int], str]:
        flat = json.dumps([list(place) for place in places])
        rows = self._rows(
            f"SELECT p.doc_id, p.number, p.{column} FROM json_each(?) AS place JOIN pages p"
            " ON p.doc_id = place.value ->> 0 AND p.number = place.value ->> 1", flat,
        )  # fmt: skip
        return {(doc_id, number): value for doc_id, number, value in rows}

    def pages(self, doc_id: str) -> list[Page]:
        return [decode.page(row) for row in self._rows(f"{_PAGES} WHERE p.doc_id = ? ORDER BY p.number", doc_id)]

    def words(self, doc_id: str, number: int) -> tuple[WordBox, ...]:
        """The places of a recognised page's words; none where the page has text of its own."""
        rows = self._rows("SELECT boxes FROM words WHERE doc_id = ? AND number = ?", doc_id, number)
        boxes = json.loads(rows[0][0]) if rows else []
        return tuple(WordBox(start, end, (x0, y0, x1, y1)) for start, end, x0, y0, x1, y1 in boxes)

    def outline(self, doc_id: str) -> list[Outline]:
        rows = self._rows("SELECT page, start, path FROM outline WHERE doc_id = ? ORDER BY ordinal", doc_id)
        return [Outline(page, start, tuple(json.loads(path))) for page, start, path in rows]

    def heading(self, doc_id: str, place: Span) -> Outline | None:
        """What the beginning of the place stands under."""
        entry = "doc_id = ? AND (page, start) <= (?, ?) ORDER BY ordinal DESC LIMIT 1"
        rows = self._rows(f"SELECT page, start, path FROM outline WHERE {entry}", doc_id, place.page, place.start)
        return Outline(rows[0][0], rows[0][1], tuple(json.loads(rows[0][2]))) if rows else None

    def chunks(self, ids: Sequence[str]) -> dict[str, Chunk]:
        """The chunks of ready documents among these ids; what is not there is left out."""
        found: dict[str, Chunk] = {}
        for start in range(0, len(ids), _AT_ONCE):
            part = list(ids[start : start + _AT_ONCE])
            rows = self._rows(f"SELECT {_CHUNK} FROM {_READY} WHERE c.id IN ({_marks(part)})", *part)
            found.update((row[0], decode.chunk(row)) for row in rows)
        return found

    def chunks_at(self, doc_id: str, ordinals: range) -> list[Chunk]:
        """Those of a document's chunks that are there, in their order."""
        rows = self._rows(
            f"SELECT {_CHUNK} FROM {_READY} WHERE c.doc_id = ? AND c.ordinal >= ? AND c.ordinal < ? ORDER BY c.ordinal",
            doc_id, ordinals.start, ordinals.stop,
        )  # fmt: skip
        return [decode.chunk(row) for row in rows]

    def all_chunks(self, doc_ids: Sequence[str] | None = None) -> list[Chunk]:
        where, values = condition(doc_ids)
        rows = self._rows(f"SELECT {_CHUNK} FROM {_READY} WHERE {where} ORDER BY d.rowid, c.ordinal", *values)
        return [decode.chunk(row) for row in rows]

    def chunk_count(self, doc_ids: Sequence[str] | None = None, pages: PageRange | None = None) -> int:
        where, values = condition(doc_ids, pages)
        return int(self._rows(f"SELECT count(*) FROM {_READY} WHERE {where}", *values)[0][0])

    def chunk_ids(self) -> set[str]:
        return {row[0] for row in self._rows(f"SELECT c.id FROM {_READY}")}

    def vectors(self, doc_id: str) -> tuple[list[str], Vectors]:
        """Ids and (n, dim) float32 rows of unit length, in the chunks' order."""
        rows = self._rows(f"SELECT c.id, c.vector FROM {_READY} WHERE c.doc_id = ? ORDER BY c.ordinal", doc_id)
        if not rows:
            return [], np.zeros((0, 0), dtype=np.float32)
        flat = np.frombuffer(b"".join(row[1] for row in rows), dtype="<f4")
        return [row[0] for row in rows], flat.reshape(len(rows), -1).astype(np.float32)

    def vectors_of(self, ids: Sequence[str]) -> dict[str, Vectors]:
        """The vector, (dim,) float32 of unit length, of each of these chunks that is there."""
        found: dict[str, Vectors] = {}
        for start in range(0, len(ids), _AT_ONCE):
            part = list(ids[start : start + _AT_ONCE])
            rows = self._rows(f"SELECT c.id, c.vector FROM {_READY} WHERE c.id IN ({_marks(part)})", *part)
            found.update((row[0], np.frombuffer(row[1], dtype="<f4").astype(np.float32)) for row in rows)
        return found

    def vectors_on(self, doc_ids: Sequence[str] | None, pages: PageRange) -> dict[str, Vectors]:
        """The vector of every chunk on these pages."""
        where, values = condition(doc_ids, pages)
        rows = self._rows(f"SELECT c.id, c.vector FROM {_READY} WHERE {where}", *values)
        return {row[0]: np.frombuffer(row[1], dtype="<f4").astype(np.float32) for row in rows}

    def word_matches(
        self, question: str, most: int, doc_ids: Sequence[str] | None = None, pages: PageRange | None = None
    ) -> list[tuple[str, float]]:
        """(chunk id, BM25) of the chunks that share words with the question, best first."""
        with self._database.use() as db:
            return full_text.matches(db, question, most, doc_ids, pages)

    def saying(self, question: str, doc_ids: Sequence[str] | None = None, pages: PageRange | None = None) -> list[str]:
        """The chunk of each document that says all the question's words best, by BM25."""
        with self._database.use() as db:
            return full_text.saying(db, question, doc_ids, pages)

    def spelled(self, question: str, pieces: Callable[[Sequence[str]], list[int]]) -> str:
        """The question with the words that no document has mended by one slip; see `spelling`."""
        with self._database.use() as db:
            return spelling.spelled(db, question, pieces)

    def kept_tokens(self, ids: Sequence[str], encoder: str) -> dict[str, Codes]:
        """What this encoder made of these chunks, as far as it is kept."""
        found: dict[str, Codes] = {}
        for start in range(0, len(ids), _AT_ONCE):
            with self._database.use() as db:
                found.update(token_vectors.read(db, ids[start : start + _AT_ONCE], encoder))
        return found

    def all_tokens(
        self, encoder: str, doc_ids: Sequence[str] | None = None, pages: PageRange | None = None
    ) -> dict[str, Codes]:
        """The same of every chunk of these documents and pages."""
        with self._database.use() as db:
            return token_vectors.read_all(db, encoder, doc_ids, pages)

    def keep_tokens(self, found: Mapping[str, Codes], encoder: str) -> None:
        with self._transaction() as db:
            token_vectors.keep(db, found, encoder)

    def has_all_tokens(self, encoder: str, doc_ids: Sequence[str] | None = None) -> bool:
        """Whether every chunk of these documents has what this encoder made of it."""
        with self._database.use() as db:
            return token_vectors.are_whole(db, encoder, doc_ids)

    def tokens_missing(self) -> int:
        """Chunks without token vectors in documents that say that they have them."""
        with self._database.use() as db:
            return token_vectors.missing(db)

    def file(self, doc_id: str) -> Path:
        """Where the original bytes are."""
        return self._files.path(doc_id)

    def file_is_whole(self, doc_id: str) -> bool:
        """Whether the file has the bytes that were kept: the document's own, but for one that came with a password."""
        kept = self._rows("SELECT kept FROM documents WHERE doc_id = ?", doc_id)
        return files.digest(self.file(doc_id)) == ((kept and kept[0][0]) or doc_id)

    # -- writing

    def keep_file(self, doc_id: str, source: Path, kind: Kind = "pdf", *, sha256: str | None = None) -> str:
        """The hash of what is kept, for `add`; see `Files.keep`."""
        return self._files.keep(doc_id, source, kind, sha256=sha256)

    def add(
        self, document: Document, pages: Sequence[Page], chunks: Sequence[Chunk], vectors: Vectors,
        outline: Sequence[Outline] = (), *, replaces: Sequence[str] = (), tokens: TokenCodes | None = None,
        kept: str = "",
    ) -> None:  # fmt: skip
        """The document with everything of it, in the one commit that hides those it replaces."""
        doc_id = document.doc_id
        d = document
        row = (doc_id, "ready", d.name, d.title, d.size, d.added, len(pages), len(chunks), d.kind, kept, d.repaired)
        with self._transaction() as db:
            db.execute("DELETE FROM documents WHERE doc_id = ?", (doc_id,))
            db.execute(f"INSERT INTO documents ({_ROW}) VALUES ({_marks(row)})", row)
            db.executemany(
                "INSERT INTO pages VALUES (?, ?, ?, ?, ?, ?)",
                ((doc_id, p.number, p.label, p.text, p.state, p.hidden) for p in pages),
            )
            db.executemany(
                "INSERT INTO words VALUES (?, ?, ?)",
                ((doc_id, p.number, json.dumps([(w.start, w.end, *w.box) for w in p.words])) for p in pages if p.words),
            )
            db.executemany(
                "INSERT INTO outline VALUES (?, ?, ?, ?, ?)",
                ((doc_id, i, o.page, o.start, json.dumps(o.path)) for i, o in enumerate(outline)),
            )
            db.executemany("INSERT INTO chunks VALUES (?, ?, ?, ?, ?, ?, ?)", decode.rows_of(chunks, vectors))
            if tokens is not None:
                token_vectors.add(db, doc_id, [chunk.id for chunk in chunks], tokens)
            db.executemany("UPDATE documents SET state = 'deleting' WHERE doc_id = ?", ((old,) for old in replaces))

    def stage(self, chunks: Sequence[Chunk], vectors: Vectors, tokens: TokenCodes | None = None) -> None:
        """Keeps a rebuilt document's chunks aside until `adopt_staged` puts all of them in the old ones' place."""
        with self._transaction() as db:
            db.executemany(
                "INSERT OR REPLACE INTO staged VALUES (?, ?, ?, ?, ?, ?, ?)", decode.rows_of(chunks, vectors)
            )
            if tokens is not None:
                token_vectors.stage(db, [chunk.id for chunk in chunks], tokens)

    def adopt_staged(self, built: Built) -> None:
        with self._transaction() as db:
            db.execute("DELETE FROM chunks")
            db.execute("INSERT INTO chunks SELECT s.* FROM staged s JOIN documents d ON d.doc_id = s.doc_id")
            db.execute(
                "UPDATE documents SET chunks = (SELECT count(*) FROM chunks c WHERE c.doc_id = documents.doc_id)"
            )
            token_vectors.adopt(db)
            db.execute("DELETE FROM staged")
            self._write_built(db, built)

    def drop_staged(self) -> None:
        with self._transaction() as db:
            db.execute("DELETE FROM staged")
            token_vectors.drop_staged(db)

    def hide(self, doc_id: str) -> None:
        """First half of a deletion: nobody sees the document any more, and the next opening ends an interrupted one."""
        with self._transaction() as db:
            db.execute("UPDATE documents SET state = 'deleting' WHERE doc_id = ?", (doc_id,))

    def delete(self, doc_id: str) -> None:
        """Removes every row and the original file."""
        self._files.remove(doc_id)
        with self._transaction() as db:
            db.execute("DELETE FROM documents WHERE doc_id = ?", (doc_id,))
            full_text.forget(db)
        self._database.empty_log()

    def rows_left(self, doc_id: str) -> int:
        """What the catalog still holds of a document in any state; 0 proves a deletion.

        Words and token vectors know chunks only: those of a chunk that is gone count for every document.
        """
        tables = ("documents", "pages", "words", "chunks", "outline", "staged")
        with self._database.use() as db:
            rows = sum(
                db.execute(f"SELECT count(*) FROM {t} WHERE doc_id = ?", (doc_id,)).fetchone()[0] for t in tables
            )
            return int(rows) + full_text.strays(db) + token_vectors.strays(db)

    def word_faults(self) -> tuple[int, int]:
        """Chunks that the word index lacks, and chunks of which it still has words though they are gone."""
        with self._database.use() as db:
            return full_text.lacking(db), full_text.strays(db)

    def refill_words(self) -> None:
        """Makes the word index anew from the chunks."""
        with self._transaction() as db:
            full_text.refill(db)

    def damage(self) -> str | None:
        """What SQLite finds wrong with the file itself; None where it is whole."""
        found = "; ".join(str(row[0]) for row in self._rows("PRAGMA quick_check(3)"))
        return None if found == "ok" else found

    def is_deleting(self) -> bool:
        """Whether a deletion was interrupted, which `sweep` ends."""
        return bool(self._rows("SELECT 1 FROM documents WHERE state <> 'ready' LIMIT 1"))

    def sweep(self) -> None:
        """Ends what interrupted work left: half-deleted documents, files of documents that never became ready."""
        deleting = self.is_deleting()
        with self._transaction() as db:
            db.execute("DELETE FROM documents WHERE state <> 'ready'")
            db.execute("DELETE FROM staged")
            token_vectors.drop_staged(db)
            if deleting:
                full_text.forget(db)
        if deleting:
            self._database.empty_log()
        self._files.sweep({row[0] for row in self._rows("SELECT doc_id FROM documents")})

    # -- what the library was built with

    def built(self) -> Built | None:
        values = dict(self._rows("SELECT key, value FROM meta"))
        if "embedder" not in values:
            return None
        return Built(values["embedder"], *(int(values[key]) for key in ("dimension", "chunk_tokens", "overlap")))

    def set_built(self, built: Built) -> None:
        with self._transaction() as db:
            self._write_built(db, built)

    def _write_built(self, db: sqlite3.Connection, built: Built) -> None:
        values = {"embedder": built.embedder, "dimension": built.dimension}
        values |= {"chunk_tokens": built.chunk_tokens, "overlap": built.overlap}
        db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", [(k, str(v)) for k, v in values.items()])

    # -- life

    def close(self) -> None:
        self._database.close()


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
