"""A summary of one document goes through its sections: the five passages nearest to "summarise this" say nothing of it.

Each section is heard by the chunk nearest to the mean of the section's vectors, and that chunk by its most central
sentence (centroid summaries, Radev et al. 2004). Without headings the document is cut into equal parts.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Sequence

import numpy as np

from rag_chat import document_name, words
from rag_chat.chat.listing import is_listing
from rag_chat.chat.passages import quotable
from rag_chat.library.catalog import Catalog
from rag_chat.protocols import Embedder
from rag_chat.retrieval.naming import NAMED_BEST, Names
from rag_chat.sentences import is_closed
from rag_chat.types import Candidate, Chunk, Document, Passage, Quote, Vectors

MOST, PARTS = 10, 6  # sections that are heard; parts of a document without headings
_ASKED = re.compile(
    r"\bsummar(?:y|ies|i[sz]e|i[sz]ing)\b|\boverview\b|\bsum up\b|\btl;?dr\b|\bgist\b|\bwhat\b.*\babout\b"
    r"|\b(?:main|key) (?:points?|ideas?|findings?|messages?|takeaways?)\b",
    re.IGNORECASE | re.DOTALL,
)
_FRAME = frozenset(
    words.content(
        "summary summaries summarise summarize summarising summarizing overview sum tldr tl dr gist main key points"
        " point ideas idea findings finding messages message takeaways takeaway document documents file pdf report"
        " paper contract manual study article filing letter text whole entire full complete short brief quick please"
        " give write make provide show tell content contents pages"
    )
)


def wanted(question: str, documents: Sequence[Document], doc_ids: Sequence[str] | None) -> Document | None:
    """The document that a summary is asked of: the only one there is to choose from, or the one that is named. None
    where the question asks for something in particular ("Summarise the risks.")."""
    if not _ASKED.search(question):
        return None
    known = [d for d in documents if doc_ids is None or d.doc_id in doc_ids]
    meant = known if len(known) == 1 else _named(question, known)
    if len(meant) != 1:
        return None
    frame = _FRAME | set(words.content(f"{meant[0].name} {meant[0].name.removesuffix('.pdf')} {meant[0].title}"))
    parts = {part for word in words.content(question) for part in re.split(r"[_\W]+", word)}
    return meant[0] if parts <= frame else None


def heard(catalog: Catalog, document: Document) -> list[Candidate]:
    """A chunk of each section, in the document's order; the score is its cosine with the section's mean."""
    chunks = catalog.all_chunks([document.doc_id])
    _, vectors = catalog.vectors(document.doc_id)
    central = [_central(vectors, section) for section in _sections(chunks)]
    labels = catalog.labels({(document.doc_id, chunks[place].first_page) for place, _ in central})
    return [
        Candidate(
            chunk=chunks[place],
            document=document.name,
            page_label=labels[document.doc_id, chunks[place].first_page],
            rank=rank,
            score=cosine,
            stage1_rank=None,
            stage1_score=None,
            title=document.title,
        )
        for rank, (place, cosine) in enumerate(central, start=1)
    ]


def quotes(passages: Sequence[Passage], embedder: Embedder) -> tuple[Quote, ...]:
    """The most central sentence of each passage, in their order; none of one that is all table or form."""
    found = []
    for passage in passages:
        said = [quote for quote in quotable([passage]) if not is_listing(quote)]
        whole = [quote for quote in said if is_closed(quote.text)] or said
        if whole:
            vectors = embedder.encode_passages([quote.text for quote in whole])
            found.append(whole[_central(vectors, range(len(whole)))[0]])
    return tuple(found)


def _named(question: str, documents: Sequence[Document]) -> list[Document]:
    asked = question.casefold()
    spelled = [
        d
        for d in documents
        if any(
            name.removesuffix(".pdf").casefold() in asked for name in {d.name, document_name.called(d.name, d.title)}
        )
    ]
    if spelled:
        return spelled
    shares = Names.of(documents).shares(question)
    return [d for d in documents if shares.get(d.doc_id, 0.0) >= NAMED_BEST]


def _sections(chunks: Sequence[Chunk]) -> list[range]:
    """Places of the chunks of each section; of many sections some together."""
    tops = [chunk.heading.split(" > ")[0] for chunk in chunks]
    lengths = [len(list(run)) for _, run in itertools.groupby(tops)]
    if len(lengths) < 2:
        size = max(1, math.ceil(len(chunks) / PARTS))
        return [range(i, min(i + size, len(chunks))) for i in range(0, len(chunks), size)]
    ends = list(itertools.accumulate(lengths))
    together = math.ceil(len(ends) / MOST)
    stops = [*ends[together - 1 :: together], ends[-1]] if len(ends) % together else ends[together - 1 :: together]
    return [range(start, stop) for start, stop in itertools.pairwise([0, *stops])]


def _central(vectors: Vectors, places: range) -> tuple[int, float]:
    """The place whose vector is nearest to the mean of them all, and its cosine with that."""
    own = vectors[places.start : places.stop]
    mean = own.mean(axis=0)
    cosines = own @ (mean / max(float(np.linalg.norm(mean)), 1e-12))
    best = int(cosines.argmax())
    return places.start + best, float(min(1.0, max(0.0, cosines[best])))
