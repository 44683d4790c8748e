"""Conversations: questions with their frozen answers, and what people said of them. Tables of their own in the
library's SQLite file.

A question is kept the moment it is asked, its passages when they are found, its answer when it is checked: what a
crash interrupts is there afterwards, as interrupted. A deleted document takes the text of its passages with it; the
quotes of answers stay. Limit: search looks at every turn, which is fast up to some ten thousands.
"""

from __future__ import annotations

import json
import secrets
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias

from rag_chat.errors import NotFound
from rag_chat.library.catalog import Catalog
from rag_chat.library.database import Database
from rag_chat.library.frozen import freeze, freeze_candidates, thaw
from rag_chat.sentences import readable
from rag_chat.types import Answer, Chunk, PageRange

State: TypeAlias = Literal["asking", "answered", "stopped", "failed"]
LONGEST_TITLE = 80  # characters
MOST_CANDIDATES = 50  # kept of a question: what the second stage usually gets
WHOLE_ANSWER = ""  # what a vote is for, where it is not for one passage

_SCHEMA = """
CREATE TABLE IF NOT EXISTS conversations (
    id TEXT PRIMARY KEY, title TEXT NOT NULL, started TEXT NOT NULL, changed TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS turns (
    conversation TEXT NOT NULL REFERENCES conversations ON DELETE CASCADE, number INTEGER NOT NULL,
    asked TEXT NOT NULL, question TEXT NOT NULL, doc_ids TEXT, state TEXT NOT NULL, said TEXT NOT NULL DEFAULT '',
    answer TEXT, candidates TEXT NOT NULL DEFAULT '[]', pages TEXT, PRIMARY KEY (conversation, number));
CREATE TABLE IF NOT EXISTS votes (
    conversation TEXT NOT NULL, number INTEGER NOT NULL, chunk_id TEXT NOT NULL, vote INTEGER NOT NULL,
    at TEXT NOT NULL, PRIMARY KEY (conversation, number, chunk_id),
    FOREIGN KEY (conversation, number) REFERENCES turns ON DELETE CASCADE);
"""
_SUMMARY = (
    "SELECT c.id, c.title, c.started, c.changed, (SELECT count(*) FROM turns t WHERE t.conversation = c.id)"
    " FROM conversations c"
)
_TURN = "SELECT number, asked, question, doc_ids, pages, state, said, answer FROM turns WHERE conversation = ?"


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation in the list. Times are ISO 8601, UTC."""

    id: str
    title: str
    started: str
    changed: str
    turns: int


@dataclass(frozen=True, slots=True)
class Exchange:
    """One question and what came of it.

    `said` is the text so far or the error; `answer` has no candidates unless one exchange alone was asked for, and
    while the state is `asking` or `stopped` it holds nothing but the passages found.
    """

    number: int
    question: str
    asked: str = ""
    doc_ids: tuple[str, ...] | None = None  # the documents that it was restricted to
    pages: PageRange | None = None  # and the pages
    state: State = "asking"
    said: str = ""
    answer: Answer | None = None
    votes: dict[str, int] = field(default_factory=dict)  # by chunk id, `WHOLE_ANSWER` for the answer: 1 or -1


@dataclass(frozen=True, slots=True)
class Feedback:
    """A passage that a person said answers the question, and candidates that nobody said so of, best first."""

    question: str  # standalone
    passage: str
    negatives: tuple[str, ...]
    document: str


class Conversations:
    """Opens or makes the tables in the catalog's file. Safe to use from several threads."""

    def __init__(self, catalog: Catalog) -> None:
        self._page_of = catalog.page
        self._database = Database(catalog.path)
        self._rows, self._transaction = self._database.rows, self._database.transaction
        with self._database.use() as db:
            db.executescript(_SCHEMA)
            if "pages" not in {row[1] for row in db.execute("PRAGMA table_info(turns)")}:  # of a version before
                db.execute("ALTER TABLE turns ADD COLUMN pages TEXT")
            db.create_function("folded", 1, lambda text: (text or "").casefold(), deterministic=True)

    # -- conversations

    def start(self, title: str) -> str:
        """A new conversation's id, which nobody can guess."""
        made, now = secrets.token_urlsafe(12), _now()
        self._run("INSERT INTO conversations VALUES (?, ?, ?, ?)", made, _title(title), now, now)
        return made

    def all(self, search: str = "") -> list[Conversation]:
        """The last changed first; with `search` those that hold it in their title, a question or an answer."""
        if not search.strip():
            return [Conversation(*row) for row in self._rows(f"{_SUMMARY} ORDER BY c.changed DESC, c.rowid DESC")]
        wanted = search.strip().casefold()
        where = (
            " WHERE instr(folded(c.title), ?) OR EXISTS (SELECT 1 FROM turns t WHERE t.conversation = c.id"
            " AND (instr(folded(t.question), ?) OR instr(folded(t.said), ?)))"
        )
        rows = self._rows(f"{_SUMMARY}{where} ORDER BY c.changed DESC, c.rowid DESC", wanted, wanted, wanted)
        return [Conversation(*row) for row in rows]

    def get(self, conversation: str) -> Conversation | None:
        rows = self._rows(f"{_SUMMARY} WHERE c.id = ?", conversation)
        return Conversation(*rows[0]) if rows else None

    def rename(self, conversation: str, title: str) -> None:
        """Raises NotFound for an unknown conversation; an empty title changes nothing."""
        if title.strip():
            self._change("UPDATE conversations SET title = ? WHERE id = ?", _title(title), conversation)

    def delete(self, conversation: str) -> None:
        """Removes it with all its turns and votes. Raises NotFound for an unknown one."""
        self._change("DELETE FROM conversations WHERE id = ?", conversation)
        self._database.empty_log()

    # -- turns

    def exchanges(self, conversation: str) -> list[Exchange]:
        """All of them in order, answers without candidates."""
        votes: defaultdict[int, dict[str, int]] = defaultdict(dict)
        for number, chunk_id, vote in self._rows(
            "SELECT number, chunk_id, vote FROM votes WHERE conversation = ?", conversation
        ):
            votes[number][chunk_id] = vote
        rows = self._rows(f"{_TURN} ORDER BY number", conversation)
        return [self._exchange(row, votes[row[0]]) for row in rows]

    def exchange(self, conversation: str, number: int) -> Exchange | None:
        """One, with its candidates."""
        rows = self._rows(_TURN.replace("answer FROM", "answer, candidates FROM") + " AND number = ?",
                          conversation, number)  # fmt: skip
        if not rows:
            return None
        votes = self._rows(
            "SELECT chunk_id, vote FROM votes WHERE conversation = ? AND number = ?", conversation, number
        )
        return self._exchange(rows[0], dict(votes))

    def ask(
        self, conversation: str, question: str, doc_ids: Sequence[str] | None = None, pages: PageRange | None = None
    ) -> int:
        """Keeps a question before anything is done for it; its number, from 1."""
        with self._transaction() as db:
            (last,) = db.execute("SELECT max(number) FROM turns WHERE conversation = ?", (conversation,)).fetchone()
            number = (last or 0) + 1
            only = None if doc_ids is None else json.dumps(list(doc_ids))
            db.execute(
                "INSERT INTO turns (conversation, number, asked, question, doc_ids, pages, state)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (conversation, number, _now(), question, only, None if pages is None else json.dumps(pages), "asking"),
            )
            db.execute("UPDATE conversations SET changed = ? WHERE id = ?", (_now(), conversation))
        return number

    def keep(
        self, conversation: str, number: int, state: State, *, said: str = "", answer: Answer | None = None
    ) -> None:
        """What has come of a question so far; passages kept before stay where `answer` is None."""
        kept = None if answer is None else freeze(answer)
        candidates = None if answer is None else freeze_candidates(answer.candidates[:MOST_CANDIDATES])
        self._run(
            "UPDATE turns SET state = ?, said = ?, answer = coalesce(?, answer), candidates = coalesce(?, candidates)"
            " WHERE conversation = ? AND number = ?",
            state, said, kept, candidates, conversation, number,
        )  # fmt: skip

    def forget(self, conversation: str, number: int) -> None:
        """Removes one turn, so that its question can be asked again in its place."""
        self._run("DELETE FROM turns WHERE conversation = ? AND number = ?", conversation, number)

    def sweep(self) -> None:
        """What was being answered when the last owner of the library ended is kept as stopped."""
        self._run("UPDATE turns SET state = 'stopped' WHERE state = 'asking'")

    # -- feedback

    def vote(self, conversation: str, number: int, chunk_id: str, vote: int) -> None:
        """1, -1, or 0 to take it back, for the answer or for one of its candidates. Raises NotFound for others."""
        found = self.exchange(conversation, number)
        known = {c.chunk.id for c in found.answer.candidates} if found and found.answer else set()
        if found is None or (chunk_id != WHOLE_ANSWER and chunk_id not in known):
            raise NotFound("No such answer or passage is in the conversation; load the page again.")
        if vote:
            self._run("INSERT OR REPLACE INTO votes VALUES (?, ?, ?, ?, ?)",
                      conversation, number, chunk_id, 1 if vote > 0 else -1, _now())  # fmt: skip
        else:
            self._run("DELETE FROM votes WHERE conversation = ? AND number = ? AND chunk_id = ?",
                      conversation, number, chunk_id)  # fmt: skip

    def feedback(self) -> Iterator[Feedback]:
        """A row for each passage that was marked as answering; where only the answer was praised, for each that it
        cites. What is cited or praised is no negative, what was voted down is the first one. Passages of deleted
        documents are left out."""
        voted = self._rows("SELECT DISTINCT conversation, number FROM votes ORDER BY conversation, number")
        for conversation, number in voted:
            exchange = self.exchange(conversation, number)
            if exchange is not None and exchange.answer is not None:
                yield from _rows_of(exchange.answer, exchange.votes)

    # -- life

    def close(self) -> None:
        self._database.close()

    def _exchange(self, row: tuple[Any, ...], votes: dict[str, int]) -> Exchange:
        number, asked, question, doc_ids, pages, state, said, frozen, *candidates = row
        return Exchange(
            number=number,
            question=question,
            asked=asked,
            doc_ids=None if doc_ids is None else tuple(json.loads(doc_ids)),
            pages=None if pages is None else tuple(json.loads(pages)),
            state=state,
            said=said,
            answer=thaw(frozen, self._page_of, *candidates) if frozen else None,
            votes=votes,
        )

    def _change(self, sql: str, *values: object) -> None:
        with self._transaction() as db:
            if not db.execute(sql, values).rowcount:
                raise NotFound("No such conversation is in the library; it may have been deleted.")

    def _run(self, sql: str, *values: object) -> None:
        with self._transaction() as db:
            db.execute(sql, values)


def _rows_of(answer: Answer, votes: dict[str, int]) -> Iterator[Feedback]:
    good = {chunk_id for chunk_id, vote in votes.items() if vote > 0 and chunk_id != WHOLE_ANSWER}
    numbers = {citation.number for citation in answer.citations if citation.supported}
    cited = {p.chunk.id for p in answer.passages if p.number in numbers}
    if not good and votes.get(WHOLE_ANSWER, 0) > 0:
        good = {chunk_id for chunk_id in cited if chunk_id not in votes}
    there = [c for c in answer.candidates if c.chunk.text]
    right = [c for c in there if c.chunk.id in good]
    wrong = [
        c
        for c in there
        if c.chunk.id not in good
        and (c.chunk.id not in cited or votes.get(c.chunk.id) == -1)
        and not any(_overlap(c.chunk, better.chunk) for better in right)  # it may hold the very same words
    ]
    negatives = tuple(c.chunk.text for c in sorted(wrong, key=lambda c: (votes.get(c.chunk.id, 0), c.rank)))
    for candidate in right:
        yield Feedback(answer.standalone_question, candidate.chunk.text, negatives, candidate.document)


def _overlap(one: Chunk, other: Chunk) -> bool:
    return one.doc_id == other.doc_id and any(
        a.page == b.page and a.start < b.end and b.start < a.end for a in one.spans for b in other.spans
    )


def _title(text: str) -> str:
    shown = readable(text).strip()
    return shown if len(shown) <= LONGEST_TITLE else f"{shown[: LONGEST_TITLE - 1].rstrip()}…"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
