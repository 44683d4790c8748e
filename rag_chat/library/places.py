"""How a place in a document is called, for people to find it there."""

from __future__ import annotations

from rag_chat.library.catalog import Catalog
from rag_chat.types import PARAGRAPH, PARAGRAPH_BREAK, Chunk, Page, Span

LONGEST_HEADING = 80


def exact(catalog: Catalog, chunk: Chunk, of_page: str) -> str:
    """The label of a chunk, given that of its first page: the page's own, which costs nothing, where it has one."""
    return label(catalog, chunk.doc_id, chunk.body) if of_page.startswith(PARAGRAPH) else of_page


def label(catalog: Catalog, doc_id: str, place: Span) -> str:
    """What is printed on its page ("iv"); where there are no pages, its heading and paragraph ("Deposit ¶ 3")."""
    page = catalog.page(doc_id, place.page)
    if page is None:
        return str(place.page)
    return page.label if page.paragraph is None else _paragraph(catalog, doc_id, place, page)


def _paragraph(catalog: Catalog, doc_id: str, place: Span, page: Page) -> str:
    above = catalog.heading(doc_id, place)
    begun, first = 0, page.paragraph or 1
    if above is not None and above.page == place.page:
        begun, first = above.start, 0  # the heading itself; what follows it is paragraph 1
    number = max(1, first + page.text.count(PARAGRAPH_BREAK, begun, place.start))
    heading = above.path[-1][:LONGEST_HEADING] if above is not None else ""
    return f"{heading} {PARAGRAPH} {number}".lstrip()
