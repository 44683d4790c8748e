"""An Answer as HTML, Markdown and terminal text: the one place where foreign text is made safe to show.

Text of documents, file names and words of a model are untrusted: in HTML everything passes through `Markup.format`,
which escapes; in Markdown every sign that could start a link, an image or a tag is escaped; on a terminal control
characters go. Knows nothing of where the page images are served: the caller hands in `page_url`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from markupsafe import Markup as Markup  # the rest of the page takes it from here

from rag_chat.sentences import readable
from rag_chat.types import Answer, Chunk, Citation, Passage

PageUrl = Callable[[Sequence[Citation] | Passage], str]

STAGES = ("embed", "retrieve", "rerank", "quote", "generate", "verify")
MARKER = re.compile(r"\[(\d{1,3})\]")
# C0 and C1 controls but tab and newline, and the signs that turn the direction of writing: they can hide or
# reverse what a reader sees, or drive a terminal.
UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
BARE_LINK = re.compile(r"(www)(\.)", re.IGNORECASE)
MARKDOWN_SIGNS = re.compile(r"([\\`*_{}\[\]()<>#+\-!|~$&:@])")


def visible(text: str) -> str:
    """The text without characters that a reader cannot see but a browser or terminal obeys."""
    return UNSEEN.sub("", text.replace("\r\n", "\n"))


def markdown(text: str) -> str:
    """The text so that no Markdown renderer makes a link, image, tag or heading of it."""
    return BARE_LINK.sub(r"\1\\\2", MARKDOWN_SIGNS.sub(r"\\\1", visible(text)))


def page_name(citation: Citation) -> str:
    """ "page iv (4 of the file)", or "page 4" where the label is the number."""
    label = readable(visible(citation.page_label))
    return f"page {label}" if label == str(citation.page) else f"page {label} ({citation.page} of the file)"


# --- the answer ---------------------------------------------------------------------------------------------


def answer_html(answer: Answer, *, turn: int = 0) -> Markup:
    """The answer's text with a button for each `[n]` and unsupported sentences marked."""
    indexes = iter(_citation_indexes(answer))
    parts = []
    for text, supported in _pieces(answer):
        piece = _with_buttons(answer, text, indexes, turn)
        if not supported:
            piece = Markup('<span class="unsupported" title="No passage was found that carries this">{}</span>').format(
                piece
            )
        parts.append(piece)
    return Markup('<div class="answer{}">{}</div>').format(
        Markup(" abstained") if answer.abstained else "", Markup("").join(parts)
    )


def _with_buttons(answer: Answer, text: str, indexes: Iterator[int | None], turn: int) -> Markup:
    parts, position = [], 0
    for match in MARKER.finditer(text):
        parts.append(Markup.escape(visible(text[position : match.start()])))
        index = next(indexes)
        parts.append(Markup.escape(match.group()) if index is None else _button(answer, index, turn))
        position = match.end()
    parts.append(Markup.escape(visible(text[position:])))
    return Markup("").join(parts)


def _button(answer: Answer, index: int, turn: int) -> Markup:
    citation = answer.citations[index]
    return Markup(
        '<button type="button" class="cite{doubt}" data-card="source-{turn}-{number}" data-citation="{index}" '
        'aria-label="Source {number}: {document}, {where}">[{number}]</button>'
    ).format(
        doubt="" if citation.supported else " doubt",
        turn=turn,
        number=citation.number,
        index=index,
        document=readable(visible(citation.document)),
        where=page_name(citation),
    )


def answer_markdown(answer: Answer) -> str:
    """The answer and its quotes as Markdown that can be kept in a file; no link in it comes from a document."""
    lines = [f"**{markdown(readable(answer.question))}**", "", markdown(answer.text).strip(), ""]
    for citation in answer.citations:
        doubt = "" if citation.supported else " — *not confirmed by the check*"
        lines.append(
            f"- \\[{citation.number}\\] {markdown(readable(citation.document))}, "
            f"{markdown(page_name(citation))}: “{markdown(readable(citation.quote))}”{doubt}"
        )
    return "\n".join(lines).rstrip() + "\n"


def answer_text(answer: Answer) -> str:
    """The answer and its quotes for a terminal, without colours."""
    lines = [visible(answer.text).strip()]
    if answer.citations:
        lines.append("")
    for citation in answer.citations:
        doubt = "" if citation.supported else "  (not confirmed by the check)"
        lines.append(f"  [{citation.number}] {readable(visible(citation.document))}, {page_name(citation)}{doubt}")
        lines.append(f"      “{readable(visible(citation.quote))}”")
    if answer.abstained and answer.passages:
        lines += ["", "Nearest passages:"]
        for passage in answer.passages:
            first = readable(visible(passage.chunk.text))[:160]
            lines.append(f"  [{passage.number}] {readable(visible(passage.candidate.document))}: {first}…")
    return "\n".join(lines)


def seconds_text(seconds: dict[str, float]) -> str:
    """ "retrieve 0.04 s · rerank 0.31 s · first word 0.9 s · total 2.1 s"."""
    names = [(stage, stage) for stage in STAGES] + [("first_token", "first word"), ("total", "total")]
    return " · ".join(f"{label} {seconds[key]:.2f} s" for key, label in names if key in seconds)


# --- the sources --------------------------------------------------------------------------------------------


def sources_html(answer: Answer, page_url: PageUrl, *, turn: int = 0) -> Markup:
    """A card for each cited passage with its quotes marked, then what else was retrieved, folded."""
    cited = {citation.number for citation in answer.citations}
    cards = [_cited_card(answer, passage, page_url, turn) for passage in answer.passages if passage.number in cited]
    others = [_passage_card(passage, page_url, turn) for passage in answer.passages if passage.number not in cited]
    if answer.abstained:
        note = "Nothing here answers the question. The nearest passages:" if others else ""
        return _section(turn, note, [*cards, *others])
    folded = Markup("")
    if others:
        folded = Markup('<details class="also"><summary>Also retrieved ({})</summary>{}</details>').format(
            len(others), Markup("").join(others)
        )
    return _section(turn, "", [*cards, folded])


def passages_html(passages: Sequence[Passage], page_url: PageUrl, *, turn: int = 0) -> Markup:
    """The passages while the answer is still being written."""
    note = f"Reading {len(passages)} passages…" if passages else ""
    return _section(turn, note, [_passage_card(passage, page_url, turn) for passage in passages])


def _section(turn: int, note: str, cards: Sequence[Markup]) -> Markup:
    return Markup('<section class="sources" data-turn="{}">{}{}</section>').format(
        turn, Markup('<p class="note">{}</p>').format(note) if note else "", Markup("").join(cards)
    )


def _cited_card(answer: Answer, passage: Passage, page_url: PageUrl, turn: int) -> Markup:
    citations = [citation for citation in answer.citations if citation.number == passage.number]
    supported = all(citation.supported for citation in citations)
    verdict = Markup('<span class="verdict {}">{}</span>').format(
        "good" if supported else "doubt", "supported" if supported else "not confirmed"
    )
    places = [(answer.citations.index(citation), citation) for citation in citations]
    text, apart = _marked_passage(passage.chunk, places)
    pages = [page for page in dict.fromkeys(citation.page for citation in citations)]
    figures = [_figure([c for c in citations if c.page == page], page_url) for page in pages]
    return _card(passage, page_name(citations[0]), verdict, text + apart + Markup("").join(figures), turn)


def _passage_card(passage: Passage, page_url: PageUrl, turn: int) -> Markup:
    chunk, candidate = passage.chunk, passage.candidate
    label = readable(visible(candidate.page_label))
    where = f"page {label}" if label == str(chunk.first_page) else f"page {label} ({chunk.first_page} of the file)"
    text = Markup("<blockquote>{}</blockquote>").format(_flow(chunk.text))
    figure = _image(page_url(passage), f"{where} of {visible(candidate.document)}", where)
    return _card(passage, where, Markup(""), text + figure, turn)


def _card(passage: Passage, where: str, verdict: Markup, body: Markup, turn: int) -> Markup:
    heading = readable(visible(passage.chunk.heading))
    return Markup(
        '<details class="card" id="source-{turn}-{number}"><summary><span class="number">{number}</span>'
        '<span class="title"><span class="source-name">{document}</span><span class="where">{where}</span></span>'
        '{verdict}</summary><div class="body">{heading}{ranks}{body}</div></details>'
    ).format(
        turn=turn,
        number=passage.number,
        document=readable(visible(passage.candidate.document)),
        where=where,
        verdict=verdict,
        heading=Markup('<p class="heading">{}</p>').format(heading) if heading else "",
        ranks=_ranks(passage),
        body=body,
    )


def _ranks(passage: Passage) -> Markup:
    candidate = passage.candidate
    before = "–" if candidate.stage1_rank is None else str(candidate.stage1_rank)
    first = "not in its list" if candidate.stage1_score is None else f"{candidate.stage1_score:.3f}"
    return Markup(
        '<p class="ranks"><span class="rank" title="rank in the first stage → final rank">rank {} → {}</span>'
        "<span>first stage {}</span><span>final {}</span></p>"
    ).format(before, candidate.rank, first, f"{candidate.score:.2f}")


def _figure(citations: Sequence[Citation], page_url: PageUrl) -> Markup:
    first = citations[0]
    boxed = any(citation.boxes for citation in citations)
    caption = page_name(first) if boxed else f"{page_name(first)}: the words cannot be boxed exactly here"
    words = " with the quoted words boxed" if boxed else ""
    return _image(page_url(citations), f"{page_name(first)} of {visible(first.document)}{words}", caption)


def _image(url: str, alt: str, caption: str) -> Markup:
    # data-src: the page's script asks for the image when the card is opened, not before.
    return Markup(
        '<figure><button type="button" class="zoom" aria-label="Enlarge {alt}"><img data-src="{url}" alt="{alt}">'
        "</button><figcaption>{caption}</figcaption></figure>"
    ).format(url=url, alt=readable(alt), caption=caption)


# --- where things are in a text -------------------------------------------------------------------------------


def _marked_passage(chunk: Chunk, places: Sequence[tuple[int, Citation]]) -> tuple[Markup, Markup]:
    """The passage with the quotes marked, and the quotes that lie outside of it, each on its own."""
    inside: list[tuple[int, int, int]] = []
    apart: list[Markup] = []
    for index, citation in places:
        start = _offset_in_chunk(chunk, citation)
        if start is None or any(start < stop and begin < start + len(citation.quote) for begin, stop, _ in inside):
            apart.append(Markup('<blockquote class="apart">{}</blockquote>').format(_mark(citation.quote, index)))
        else:
            inside.append((start, start + len(citation.quote), index))
    parts, position = [], 0
    for start, stop, index in sorted(inside):
        parts += [_flow(chunk.text[position:start]), _mark(chunk.text[start:stop], index)]
        position = stop
    parts.append(_flow(chunk.text[position:]))
    return Markup("<blockquote>{}</blockquote>").format(Markup("").join(parts)), Markup("").join(apart)


def _offset_in_chunk(chunk: Chunk, citation: Citation) -> int | None:
    """Where the quote begins in `chunk.text`: `Chunk.locate` backwards; None unless the words are the same."""
    offset = 0
    for span in chunk.spans:
        if span.page == citation.page and span.start <= citation.start and citation.end <= span.end:
            start = offset + citation.start - span.start
            return start if chunk.text[start : start + len(citation.quote)] == citation.quote else None
        offset += span.end - span.start + 1
    return None


def _mark(text: str, index: int) -> Markup:
    return Markup('<mark data-citation="{}">{}</mark>').format(index, _flow(text))


def _flow(text: str) -> str:
    """Whitespace as one space, kept at both ends, so that the parts of a passage join as the whole would."""
    shown = visible(text)
    middle = readable(shown)
    if not middle:
        return " " if shown else ""
    return (" " if shown[0].isspace() else "") + middle + (" " if shown[-1].isspace() else "")


def _pieces(answer: Answer) -> Iterator[tuple[str, bool]]:
    """The answer's text cut at its sentences, each with whether it is supported; what lies between counts as so."""
    position = 0
    for sentence in answer.sentences:
        start = answer.text.find(sentence.text, position) if sentence.text else -1
        if start < 0:
            continue
        stop = start + len(sentence.text)
        yield answer.text[position:start], True
        yield answer.text[start:stop], sentence.supported or answer.abstained
        position = stop
    yield answer.text[position:], True


def _citation_indexes(answer: Answer) -> list[int | None]:
    """For each `[n]` of the text the position of its citation, None where there is none."""
    numbers = [int(match.group(1)) for match in MARKER.finditer(answer.text)]
    by_sentence = [s.citation for s in answer.sentences if s.citation is not None]
    if len(by_sentence) == len(numbers) and all(
        0 <= index < len(answer.citations) and answer.citations[index].number == number
        for index, number in zip(by_sentence, numbers, strict=True)
    ):
        return list(by_sentence)
    first = {citation.number: index for index, citation in reversed(list(enumerate(answer.citations)))}
    return [first.get(number) for number in numbers]
