"""The right column: the passages behind one answer, the cited ones first, each with its quotes and its pages."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from rag_chat import tables
from rag_chat.library.conversations import Exchange
from rag_chat.render import (
    VERDICTS,
    WORD_FOR_WORD,
    Markup,
    cells,
    column_names,
    counted,
    name,
    offset_in_chunk,
    page_name,
    page_names,
    plain,
    support_text,
    verdict_text,
    visible,
)
from rag_chat.types import Answer, Chunk, Citation, Document, Excerpt, Passage
from rag_chat.web.pages import file_url, page_url, pdf_url

Known: TypeAlias = Callable[[str], Document | None]  # doc_id -> the document, None once it is deleted
Place: TypeAlias = tuple[int, Excerpt]  # position of the citation, -1 for a passage that is not cited; what it shows
DELETED = "This document has been deleted from the library: {} is kept, its page is gone."
LINE = "\u2028"  # for a line end that is kept, as long as one that is not
_BREAK = re.compile(rf"{LINE}|\n\n|(?<! )\n(?=[^\n]*\t|• |\d+\. )")  # the lines of a page of paper end in a space
UNPLACED = "The words cannot be boxed exactly on this page, so nothing is drawn."
HIDDEN = "A page that is cited here also holds text that is not to be seen on it; read what the page itself shows."
NOTHING = "The passages that an answer rests on appear here, with their pages."


def sources_html(exchange: Exchange, known: Known) -> Markup:
    """A card for each cited passage, then what else was retrieved, folded; a refusal shows the nearest by itself."""
    answer = exchange.answer
    if answer is None or not answer.passages:
        return Markup('<p class="hint">{}</p>').format("No passages were found for this question.")
    cited = {citation.number for citation in answer.citations}
    cards = [_cited_card(exchange, answer, p, known) for p in answer.passages if p.number in cited]
    others = [_passage_card(exchange, p, known) for p in answer.passages if p.number not in cited]
    if others and (cards or answer.abstained):
        folded = Markup('<details class="also"><summary>{} ({})</summary>{}</details>')
        what = "Also retrieved" if cards else "What was read"
        others = [folded.format(what, len(others), Markup("").join(others))]
    return Markup('<section class="sources" data-turn="{}"><p class="note">{}</p>{}</section>').format(
        exchange.number, _note(exchange, answer), Markup("").join([*cards, *others])
    )


def _note(exchange: Exchange, answer: Answer) -> str:
    if exchange.state == "asking":
        return f"Reading {counted(len(answer.passages), 'passage')}…"
    if exchange.state == "stopped":
        return "Stopped before these passages were read."
    if answer.abstained:
        return "Nothing here answers the question; the nearest passages are listed under it."
    return support_text(answer)


def _cited_card(exchange: Exchange, answer: Answer, passage: Passage, known: Known) -> Markup:
    citations = [citation for citation in answer.citations if citation.number == passage.number]
    said = {verdict_text(answer, citation) for citation in citations}
    worst = next(text for text in (VERDICTS["weak"], VERDICTS["supported"], WORD_FOR_WORD) if text in said)
    verdict = Markup(' <span class="verdict{}">{}</span>').format(" doubt" if worst == VERDICTS["weak"] else "", worst)
    places = [(answer.citations.index(c), excerpt) for c in citations for excerpt in c.excerpts]
    document = known(passage.chunk.doc_id)
    text, apart = _marked_passage(passage.chunk, places)
    figures = Markup("").join(_figures(places, document))
    where = ", ".join(dict.fromkeys(page_names(citation) for citation in citations))
    gone = Markup("") if document else Markup('<p class="gone">{}</p>').format(DELETED.format("the quote"))
    secret = document is not None and any(excerpt.page in document.pages_hidden for _, excerpt in places)
    hidden = Markup('<p class="unplaced">{}</p>').format(HIDDEN) if secret else Markup("")
    above = [Markup('<p class="columns" dir="auto">{}</p>').format(names) for names in _columns(answer, citations)]
    return _card(exchange, passage, where, verdict, Markup("").join(above) + text + apart + gone + hidden + figures)


def _columns(answer: Answer, citations: Sequence[Citation]) -> list[str]:
    """What stands above the quoted rows, which the passage beneath may have scrolled out of sight."""
    return list(dict.fromkeys(filter(None, (column_names(answer, citation) for citation in citations))))


def _passage_card(exchange: Exchange, passage: Passage, known: Known) -> Markup:
    chunk = passage.chunk
    where, document = page_name(chunk.first_page, passage.candidate.page_label), known(chunk.doc_id)
    text = (
        Markup('<blockquote dir="auto" tabindex="0">{}</blockquote>').format(_flow(_laid_out(chunk.text)))
        if chunk.text
        else Markup("")
    )
    figures = Markup("")
    if document is None:
        text = Markup('<p class="gone">{}</p>').format(DELETED.format("its place in the list"))
    else:
        span, label = chunk.body, passage.candidate.page_label
        figures = Markup("").join(
            _figures([(-1, Excerpt(span.page, label, "", span.start, span.end, ((0, 0, 0, 0),)))], document)
        )
    return _card(exchange, passage, where, Markup(""), text + figures)


def _card(exchange: Exchange, passage: Passage, where: str, verdict: Markup, body: Markup) -> Markup:
    heading = plain(passage.chunk.heading)
    return Markup(
        '<details class="card" id="source-{turn}-{number}"><summary><span class="number">{number}</span>'
        '<span class="title"><span class="source-name" title="{full}">{document}</span>'
        '<span class="where">{where}{verdict}</span></span></summary>'
        '<div class="body">{heading}{body}{ranks}{votes}</div></details>'
    ).format(
        turn=exchange.number,
        number=passage.number,
        document=name(passage.candidate.document),
        full=plain(passage.candidate.document),
        where=where,
        verdict=verdict,
        heading=Markup('<p class="heading">{}</p>').format(name(heading)) if heading else "",
        ranks=_ranks(passage),
        body=body,
        votes=_votes(exchange, passage) if exchange.state == "answered" else "",
    )


def _ranks(passage: Passage) -> Markup:
    candidate = passage.candidate
    before = "–" if candidate.stage1_rank is None else str(candidate.stage1_rank)
    first = "not in its list" if candidate.stage1_score is None else f"{candidate.stage1_score:.3f}"
    return Markup(
        '<p class="ranks"><span class="rank" title="rank in the first stage → final rank">rank {} → {}</span>'
        "<span>first stage {}</span><span>final {}</span></p>"
    ).format(before, candidate.rank, first, f"{candidate.score:.2f}")


def _votes(exchange: Exchange, passage: Passage) -> Markup:
    given = exchange.votes.get(passage.chunk.id, 0)
    buttons = [
        vote_button(exchange.number, passage.chunk.id, vote, given == vote, said)
        for vote, said in ((1, "This one answered it"), (-1, "This one did not"))
    ]
    return Markup('<p class="votes">{}</p>').format(Markup("").join(buttons))


def vote_button(turn: int, chunk_id: str, vote: int, given: bool, said: str, sign: Markup | None = None) -> Markup:
    """`sign` is shown in the words' place."""
    return Markup(
        '<button type="button" class="vote" data-turn="{}" data-chunk="{}" data-vote="{}" '
        'aria-pressed="{}"{}>{}</button>'
    ).format(
        turn,
        chunk_id,
        vote,
        "true" if given else "false",
        Markup(' aria-label="{0}" title="{0}"').format(said) if sign else "",
        sign or said,
    )


# --- pages ----------------------------------------------------------------------------------------------------


def _figures(places: Sequence[Place], document: Document | None) -> list[Markup]:
    """One for each page, in the order of the quotes; the file itself where it has no pages."""
    if document is None:
        return []
    if document.kind != "pdf":
        link = Markup('<p class="original"><a href="{}" download>Download {}</a></p>')
        return [link.format(file_url(document.doc_id), name(document.name))]
    pages = list(dict.fromkeys(excerpt.page for _, excerpt in places))
    return [_figure(document, [place for place in places if place[1].page == page], places) for page in pages]


def _figure(document: Document, here: Sequence[Place], places: Sequence[Place]) -> Markup:
    """`places` are those of all figures of the card: turning the pages leads from one quote to the next."""
    page = here[0][1].page
    where = page_name(page, here[0][1].page_label)
    placed = all(excerpt.boxes for _, excerpt in here)
    note = Markup('<p class="unplaced">{}</p>').format(UNPLACED)
    return Markup(
        '<figure class="page" data-doc="{doc}" data-page="{page}" data-pages="{pages}" data-name="{name}" '
        'data-boxed="{boxed}">{note}<div class="tools">'
        '<button type="button" data-step="-1" aria-label="Previous page">‹</button>'
        '<figcaption class="at">{where}</figcaption>'
        '<button type="button" data-step="1" aria-label="Next page">›</button>'
        '<button type="button" data-zoom="-1" aria-label="Smaller">−</button>'
        '<button type="button" data-zoom="1" aria-label="Larger">+</button>'
        '<button type="button" class="zoom">Enlarge</button>'
        '<a href="{pdf}" target="_blank" rel="noopener" aria-label="Open the PDF at {where}">Open PDF</a></div>'
        '<div class="sheet" tabindex="0" role="group" aria-label="{where} of {name}"><div class="canvas">'
        '<img alt="{alt}"></div></div></figure>'
    ).format(
        doc=document.doc_id,
        page=page,
        pages=document.pages,
        name=plain(document.name),
        boxed=json.dumps(_boxed(document.doc_id, places)),
        note="" if placed else note,
        where=where,
        pdf=pdf_url(document.doc_id, page),
        alt=f"{where} of {plain(document.name)}" + (" with the quoted words boxed" if placed else ""),
    )


def _boxed(doc_id: str, places: Sequence[Place]) -> dict[int, dict[str, Any]]:
    """By page: the address of its image, what it is called, and which citations its boxes are of, in their order."""
    by_page: defaultdict[int, list[Place]] = defaultdict(list)
    for place in places:
        by_page[place[1].page].append(place)
    return {
        page: {
            "url": page_url(doc_id, page, [(excerpt.start, excerpt.end) for _, excerpt in found if excerpt.boxes]),
            "where": page_name(page, found[0][1].page_label),
            "citations": [index for index, excerpt in found if excerpt.boxes],
        }
        for page, found in by_page.items()
    }


# --- where things are in a text -------------------------------------------------------------------------------


def _marked_passage(chunk: Chunk, places: Sequence[Place]) -> tuple[Markup, Markup]:
    """The passage with the quotes marked, and the quotes that lie outside of it, each on its own."""
    inside: list[tuple[int, int, int]] = []
    apart: list[Markup] = []
    for index, excerpt in places:
        start = offset_in_chunk(chunk, excerpt)
        if start is None or any(start < stop and begin < start + len(excerpt.quote) for begin, stop, _ in inside):
            quote = Markup('<blockquote class="apart" dir="auto" tabindex="0">{}</blockquote>')
            apart.append(quote.format(_mark(excerpt.quote, index)))
        else:
            inside.append((start, start + len(excerpt.quote), index))
    parts, position, laid_out = [], 0, _laid_out(chunk.text)
    for start, stop, index in sorted(inside):
        parts += [_flow(laid_out[position:start]), _mark(laid_out[start:stop], index)]
        position = stop
    parts.append(_flow(laid_out[position:]))
    whole = (
        Markup('<blockquote dir="auto" tabindex="0">{}</blockquote>').format(Markup("").join(parts))
        if chunk.text
        else Markup("")
    )
    return whole, Markup("").join(apart)


def _mark(text: str, index: int) -> Markup:
    return Markup('<mark data-citation="{}">{}</mark>').format(index, _flow(text))


def _laid_out(text: str) -> str:
    """The same characters, with table rows on lines of their own."""
    *before, last = tables.on_lines_of_their_own(text)
    return "".join(f"{part[:-1]}{LINE}" for part in before) + last


def _flow(text: str) -> str:
    """Paragraphs, items and rows of a text without pages as lines; all other whitespace as `_line` has it."""
    return "\n".join(_line(part) for part in _BREAK.split(text))


def _line(text: str) -> str:
    """Whitespace as one space, kept at both ends, so that the parts of a passage join as the whole would."""
    shown = visible(text)
    middle = cells(shown)
    if not middle:
        return " " if shown else ""
    return (" " if shown[0].isspace() else "") + middle + (" " if shown[-1].isspace() else "")
