"""Where the questions of a tab go: ticked documents, the days on which they were added, pages."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rag_chat import filters
from rag_chat.errors import NotFound
from rag_chat.render import Markup
from rag_chat.types import Document, PageRange

MOST_TICKED = 10_000
FORM = (
    '<details class="narrow"{open}><summary>Pages and dates</summary><form data-where>'
    '<label>Pages <input name="pages" value="{pages}" placeholder="10-20" autocomplete="off"></label>'
    '<label>Added from <input type="date" name="since" value="{since}"></label>'
    '<label>to <input type="date" name="until" value="{until}"></label></form></details>'
)


@dataclass(frozen=True, slots=True)
class Where:
    """Everything empty means everywhere."""

    ticked: tuple[str, ...] = ()  # document ids
    pages: PageRange | None = None
    since: str = ""  # days
    until: str = ""

    def tick(self, ids: Collection[Any]) -> Where:
        return replace(self, ticked=tuple(str(doc_id) for doc_id in ids)[:MOST_TICKED])

    def narrow(self, given: dict[str, Any]) -> Where:
        """With the form's fields in the place of its own. Raises BadSetting for what is no page and no date."""
        pages, since, until = (str(given.get(field, "")).strip() for field in ("pages", "since", "until"))
        return replace(
            self,
            pages=filters.page_range(pages, "Pages") if pages else None,
            since=filters.day(since, "Added from") if since else "",
            until=filters.day(until, "to") if until else "",
        )

    def documents(self, known: Sequence[Document]) -> tuple[str, ...] | None:
        """The ids that a question goes to, None for all. Raises NotFound where the ticks or the days leave none."""
        there = [d for d in known if d.doc_id in self.ticked]
        if self.ticked and not there:  # in another tab; all the others are not what was meant
            raise NotFound("What was ticked under Documents is no longer in the library; tick others, or ask all.")
        if self.since or self.until:
            there = filters.added(there or known, self.since, self.until)
        return tuple(d.doc_id for d in there) or None


def where_html(where: Where, documents: Sequence[Document]) -> Markup:
    """What a question is asked of, in words, because checkboxes alone leave it open; and the fields that narrow it."""
    if not documents:
        return Markup("")
    narrowed = bool(where.pages or where.since or where.until)
    said = _said(where, documents)
    if said is None:
        line = Markup('<p class="scope">Questions go to all documents. Tick some to restrict them.</p>')
    else:
        line = Markup(
            '<p class="scope">Questions go to {}. '
            '<button type="button" class="link" data-act="all">Ask all</button></p>'
        ).format(said)
    form = Markup(FORM).format(
        open=Markup(" open") if narrowed else "",
        pages="" if where.pages is None else _pages(where.pages),
        since=where.since,
        until=where.until,
    )
    return line + form


def pages_said(pages: PageRange) -> str:
    return f"page {pages[0]}" if pages[0] == pages[1] else f"pages {pages[0]} to {pages[1]}"


def _said(where: Where, documents: Sequence[Document]) -> str | None:
    """None where nothing is restricted."""
    try:
        only = where.documents(documents)
    except NotFound:
        gone = not {d.doc_id for d in documents} & {*where.ticked}
        return "no document: " + ("what was ticked is gone" if where.ticked and gone else "none was added in that time")
    if only is None and where.pages is None:
        return None
    count = "all documents" if only is None else f"{len(only)} of {len(documents)}"
    return count if where.pages is None else f"{pages_said(where.pages)} of {count}"


def _pages(pages: PageRange) -> str:
    return str(pages[0]) if pages[0] == pages[1] else f"{pages[0]}-{pages[1]}"
