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

from rag_chat import words
from rag_chat.chat.listing import is_listing
from rag_chat.chat.passages import quotable
from rag_chat.document_name import ENDING
from rag_chat.library.catalog import Catalog
from rag_chat.protocols import Embedder
from rag_chat.sentences import is_closed
from rag_chat.types import Candidate, Chunk, Document, PageRange, Passage, Quote, Vectors

MOST, PARTS = 10, 6  # sections that are heard; parts of a document without headings
NAMED = 5  # documents that are named where it is not said which is meant
_TASK = (
    rf"\b(?:{'|'.join(sorted(words.TASKS))}|essence|tl;dr|sum(?:med|ming)? up)\b"
    r"|\b(?:main|key|central|core|essential|principal|important) "
    r"(?:points?|ideas?|findings?|messages?|facts?|topics?|themes?|statements?|results?|conclusions?|contents?)\b"
    r"(?! (?:on|about|regarding|concerning)\b)"
)
_WHAT = (
    r"\bwhat(?:['’]s| is| are| was| were) (?!about\b).*\babout\W*$"
    r"|\bwhat (?:does|do) (?!it\b|they\b|this\b|that\b|he\b|she\b).*\b(?:say|cover|contain|deal with)\W*$"
)
_ASKED = re.compile(rf"(?P<task>{_TASK})|{_WHAT}", re.IGNORECASE | re.DOTALL)
_NUMBERS = "one two three four five six seven eight nine ten".split()
_LENGTH = re.compile(
    rf"\b(?:(?P<number>\d+|{'|'.join(_NUMBERS)})|a|few|some)?[\s-]*(?:(?:short|brief|simple|single|own)\s+)*"
    r"(?P<unit>sentences?|bullets?(?: points?)?|(?:key |main )?points?|lines?|words|paragraphs?|pages?)\b",
    re.IGNORECASE,
)
_FRAME = frozenset(
    words.content(
        f"{' '.join(words.TASKS)} sum summed summing tl dr essence main key central core essential principal important"
        " point points idea ideas finding findings message messages fact facts topic topics theme themes statement"
        " statements result results conclusion conclusions please want need like give write make provide prepare show"
        " tell let get us say says said cover covers contain contains deal deals content contents executive"
        " whole entire full complete short shortly brief briefly quick quickly concise high level simple plain english"
    )
)
_KINDS = frozenset(
    words.content(
        "document documents file files pdf docx html md txt text texts report paper contract agreement manual handbook"
        " guide study article filing letter invoice policy presentation slides book minutes"
    )
)
_DOCUMENT = frozenset(words.content("document documents file files pdf text"))
_JOINT = re.compile(r"['’]\w{1,2}\b|(?<=[a-z])(?=[A-Z])|(?<=[^\W\d_])(?=\d)|[\W_]+")  # where words are glued


def meant(question: str, documents: Sequence[Document], doc_ids: Sequence[str] | None) -> list[Document]:
    """The documents that a summary may be asked of: more than one where the question does not say which.

    [] where it asks for no summary, or for something in particular ("Summarise the risks."): all its words must be
    those of the task and of one document's file name and title.
    """
    if not _ASKED.search(question) or words.negated(question):
        return []
    known = [d for d in documents if doc_ids is None or d.doc_id in doc_ids]
    asked = stems(_LENGTH.sub(" ", question)) - _FRAME
    named = {d.doc_id: stems(f"{ENDING.sub('', d.name)} {d.title}") for d in known}
    bearing = [d for d in known if asked - _KINDS <= named[d.doc_id]]
    bearing = [d for d in bearing if asked <= named[d.doc_id]] or bearing
    spelled = [d for d in bearing if ENDING.sub("", d.name).casefold() in question.casefold()]
    longest = max((len(d.name) for d in spelled), default=0)  # "report-2.pdf" is not "report.pdf"
    return [d for d in spelled if len(d.name) == longest] or bearing


def unnamed(question: str) -> bool:
    """Whether it asks for a summary by the words of the task alone: "Summarise that document"; "What is it about?" asks
    for whatever was spoken of."""
    found, beyond = _ASKED.search(question), stems(_LENGTH.sub(" ", question)) - _FRAME
    return found is not None and beyond <= _DOCUMENT and bool(beyond or found["task"])


def which(documents: Sequence[Document]) -> str:
    """What is said where several may be meant."""
    names = [f"“{document.name}”" for document in documents[:NAMED]]
    more = [f"{len(documents) - NAMED} more"] if len(documents) > NAMED else []
    *first, last = [*names, *more]
    return f"A summary is of one document; name the one you mean: {', '.join(first)} or {last}."


def most(question: str) -> int:
    """How many sections are heard, a sentence each: as many as the question asks for."""
    for found in _LENGTH.finditer(question):
        if found["number"] and found["unit"].lower().startswith(("sentence", "bullet", "point")):
            number = found["number"].lower()
            return max(1, min(MOST, _NUMBERS.index(number) + 1 if number in _NUMBERS else int(number)))
    return MOST


def heard(catalog: Catalog, document: Document, pages: PageRange | None = None, most: int = MOST) -> list[Candidate]:
    """A chunk of each section, in the document's order; the score is its cosine with the section's mean."""
    chunks = catalog.all_chunks([document.doc_id])
    _, vectors = catalog.vectors(document.doc_id)
    if pages is not None:
        there = [i for i, chunk in enumerate(chunks) if chunk.first_page <= pages[1] and chunk.last_page >= pages[0]]
        chunks, vectors = [chunks[i] for i in there], vectors[there]
    central = [_central(vectors, section) for section in _sections(chunks, most)]
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


def stems(text: str) -> set[str]:
    return set(words.content(_JOINT.sub(" ", text)))


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


def _sections(chunks: Sequence[Chunk], most: int) -> list[range]:
    """Places of the chunks of each section; of many sections some together."""
    tops = [chunk.heading.split(" > ")[0] for chunk in chunks]
    lengths = [len(list(run)) for _, run in itertools.groupby(tops)]
    if len(lengths) < 2:
        size = max(1, math.ceil(len(chunks) / min(PARTS, most)))
        return [range(i, min(i + size, len(chunks))) for i in range(0, len(chunks), size)]
    ends = list(itertools.accumulate(lengths))
    together = math.ceil(len(ends) / most)
    stops = [*ends[together - 1 :: together], ends[-1]] if len(ends) % together else ends[together - 1 :: together]
    return [range(start, stop) for start, stop in itertools.pairwise([0, *stops])]


def _central(vectors: Vectors, places: range) -> tuple[int, float]:
    """The place whose vector is nearest to the mean of them all, and its cosine with that."""
    own = vectors[places.start : places.stop]
    mean = own.mean(axis=0)
    cosines = own @ (mean / max(float(np.linalg.norm(mean)), 1e-12))
    best = int(cosines.argmax())
    return places.start + best, float(min(1.0, max(0.0, cosines[best])))
