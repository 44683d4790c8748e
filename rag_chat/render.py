"""An Answer as HTML, Markdown and terminal text: the one place where foreign text is made safe to show.

Text of documents, file names and words of a model are untrusted: in HTML everything passes through `Markup.format`,
which escapes; in Markdown every sign that could start a link, an image or a tag is escaped; on a terminal control
characters go. Knows nothing of the page around an answer.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator

from markupsafe import Markup as Markup  # the rest of the page takes it from here

from rag_chat import tables, words
from rag_chat.sentences import item_sign, readable
from rag_chat.types import PARAGRAPH, Answer, Chunk, Citation, Excerpt, Sentence, Verdict

STAGES = ("embed", "retrieve", "rerank", "quote", "generate", "verify")
MARKER = re.compile(r"\[(\d{1,3})\]")
TRAILING = re.compile(r"\s*\[\d{1,3}\]")  # the marker of the sentence before it
# C0 and C1 controls but tab and newline, and the signs that turn the direction of writing: they can hide or
# reverse what a reader sees, or drive a terminal.
UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
BARE_LINK = re.compile(r"(www)(\.)", re.IGNORECASE)
# What is checked is where a sentence comes from, not that it answers the question; the words must not say more.
VERDICTS: dict[Verdict, str] = {
    "supported": "carried by the quote",
    "weak": "carried only in part",
    "missing": "not found in its source",
}
WORD_FOR_WORD = "quoted word for word"
LONGEST_KEPT = 24  # characters of a last word that stays on the line of its marker
BEGINNING = 20  # characters by which an item of a list is known again
CELL_END = "\u2003"  # a blank as wide as a letter is high
LONGEST_NAME = 60  # characters of a file's name where there is little room
MARKDOWN_SIGNS = re.compile(r"([\\`*_{}\[\]()<>#+\-!|~$&:@])")


def visible(text: str) -> str:
    """The text without characters that a reader cannot see but a browser or terminal obeys."""
    return UNSEEN.sub("", text.replace("\r\n", "\n"))


def markdown(text: str) -> str:
    """The text so that no Markdown renderer makes a link, image, tag or heading of it."""
    return BARE_LINK.sub(r"\1\\\2", MARKDOWN_SIGNS.sub(r"\\\1", visible(text)))


def name(text: str) -> Markup:
    """A file's name, a heading or a title on one line. Its direction of writing stays its own."""
    return Markup("<bdi>{}</bdi>").format(plain(text))


def plain(text: str) -> str:
    """Foreign text on one line, without what a reader cannot see."""
    return readable(visible(text))


def cells(text: str) -> str:
    """The same, with wide blanks where tabs part the cells of a table's row."""
    return CELL_END.join(filter(None, map(plain, text.split("\t"))))


def short(text: str, longest: int = LONGEST_NAME) -> str:
    """Both ends of a long file name: how it begins, and what kind of file, or which year's, it is."""
    shown = plain(text)
    tail = min(20, longest // 2)
    return shown if len(shown) <= longest else f"{shown[: longest - tail - 1]}…{shown[-tail:]}"


def page_name(number: int, printed: str) -> str:
    """ "page iv (4 of the file)", or "page 4" where that is what is printed; "Deposit, paragraph 3" without pages."""
    label = plain(printed)
    heading, sign, paragraph = label.rpartition(PARAGRAPH)
    if sign:
        return ", ".join(filter(None, (heading.strip(), f"paragraph {paragraph.strip()}")))
    return f"page {label}" if label == str(number) else f"page {label} ({number} of the file)"


def page_names(citation: Citation) -> str:
    """The page of the quote, or its pages."""
    return ", ".join(dict.fromkeys(page_name(excerpt.page, excerpt.page_label) for excerpt in citation.excerpts))


def whole_quote(citation: Citation) -> str:
    """The quote on one line, with what of it stands on the next page."""
    return plain(" ".join(excerpt.quote for excerpt in citation.excerpts))


# --- the answer ---------------------------------------------------------------------------------------------


def answer_html(answer: Answer, *, turn: int = 0) -> Markup:
    """The answer's text with a button for each `[n]`; what no quote carries, or only in part, says so."""
    indexes = iter(_citation_indexes(answer))
    parts = []
    for text, verdict in _pieces(answer):
        piece = _with_buttons(answer, text, indexes, turn)
        if verdict != "supported":
            piece = Markup('<span class="{}">{}</span><span class="doubted"> {}</span>').format(
                verdict, piece, VERDICTS[verdict]
            )
        parts.append(piece)
    return Markup('<div class="answer{}" dir="auto">{}</div>').format(
        Markup(" abstained") if answer.abstained else "", Markup("").join(parts)
    )


def support_text(answer: Answer) -> str:
    """ "3 of 4 sentences are carried by quotes from 2 passages of 1 document, 2 of them word for word; 1 is not found
    in its source."; '' for none."""
    found = Counter(sentence.verdict for sentence in answer.sentences)
    if answer.abstained or not answer.sentences:
        return ""
    used = [answer.citations[s.citation] for s in answer.sentences if s.supported and s.citation is not None]
    whole, verbatim = len(answer.sentences), sum(_word_for_word(answer, s) for s in answer.sentences)
    how = WORD_FOR_WORD if 0 < verbatim == found["supported"] else "carried by quotes"
    said = f"{found['supported']} of {counted(whole, 'sentence')} {'is' if whole == 1 else 'are'} {how}"
    if used:
        passages, documents = {c.number for c in used}, {c.doc_id for c in used}
        said += f" from {counted(len(passages), 'passage')} of {counted(len(documents), 'document')}"
    if how != WORD_FOR_WORD and verbatim:
        said += f", {verbatim} of them word for word"
    doubts = [f"{found[v]} {'is' if found[v] == 1 else 'are'} {VERDICTS[v]}" for v in ("weak", "missing") if found[v]]
    return "; ".join([said, *doubts]) + "."


def verdict_text(answer: Answer, citation: Citation) -> str:
    """What the check found of the sentences that stand on this citation."""
    if not citation.supported:
        return VERDICTS["weak"]
    on_it = [s for s in answer.sentences if s.citation is not None and answer.citations[s.citation] == citation]
    return WORD_FOR_WORD if on_it and all(_word_for_word(answer, s) for s in on_it) else VERDICTS["supported"]


def _word_for_word(answer: Answer, sentence: Sentence) -> bool:
    if sentence.citation is None or not sentence.supported:
        return False
    return words.word_for_word(sentence.text, whole_quote(answer.citations[sentence.citation]))


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def offset_in_chunk(chunk: Chunk, excerpt: Excerpt) -> int | None:
    """Where the quote begins in `chunk.text`: `Chunk.locate` backwards; None unless the words are the same."""
    offset = 0
    for span in chunk.spans:
        if span.page == excerpt.page and span.start <= excerpt.start and excerpt.end <= span.end:
            start = offset + excerpt.start - span.start
            return start if chunk.text[start : start + len(excerpt.quote)] == excerpt.quote else None
        offset += span.end - span.start + 1
    return None


def column_names(answer: Answer, citation: Citation) -> str:
    """Of a quoted table row, what stands above its columns, where its passage holds it."""
    chunk = next((passage.chunk for passage in answer.passages if passage.number == citation.number), None)
    start = offset_in_chunk(chunk, citation.excerpts[0]) if chunk is not None else None
    return cells(tables.column_names(chunk.text, start)) if chunk is not None and start is not None else ""


def _under_columns(answer: Answer, citation: Citation) -> str:
    """The quote, a table row after the names of its columns."""
    above = column_names(answer, citation).replace(CELL_END, " · ")
    return f"({above}) “{whole_quote(citation)}”" if above else f"“{whole_quote(citation)}”"


def _with_buttons(answer: Answer, text: str, indexes: Iterator[int | None], turn: int) -> Markup:
    parts, position = [], 0
    for match in MARKER.finditer(text):
        said, index = visible(text[position : match.start()]), next(indexes)
        position = match.end()
        if index is None:
            parts.append(Markup.escape(said + match.group()))
        else:
            parts.append(_ended(answer, said, index, turn))
    parts.append(Markup.escape(visible(text[position:])))
    return Markup("").join(parts)


def _ended(answer: Answer, said: str, index: int, turn: int) -> Markup:
    """A sentence with its marker, which never stands on a line without the sentence's last word."""
    quote = answer.citations[index].quote
    said = _on_lines(_in_cells(said, quote), quote)
    rest, last = said, ""
    words_ = said.rstrip().rsplit(maxsplit=1)
    if words_ and len(words_[-1]) <= LONGEST_KEPT:
        place = said.rindex(words_[-1])
        rest, last = said[:place], said[place:]
    above = column_names(answer, answer.citations[index])
    return Markup('{}{}<span class="last-word">{}{}</span>').format(
        Markup('<span class="columns" dir="auto">{}</span>').format(above) if above else "",
        rest,
        last,
        _button(answer, index, turn, above),
    )


def _in_cells(said: str, quote: str) -> str:
    """The sentence with wide blanks between the cells of the row that it repeats, or begins to repeat."""
    parts = list(filter(None, map(plain, quote.split("\t"))))
    if len(parts) < 2 or not " ".join(parts).startswith(said.strip().rstrip(".")):
        return said
    place, end = len(said) - len(said.lstrip()), len(said.rstrip())
    for part in parts:
        place += len(part) + 1
        if place < end:
            said = said[: place - 1] + CELL_END + said[place:]
    return said


def _on_lines(said: str, quote: str) -> str:
    """The sentence with a line end before each item of the list that it repeats."""
    place = 0
    for line in quote.split("\n")[1:]:
        found = said.find(f" {plain(line)[:BEGINNING]}", place) if item_sign(line) else -1
        if found >= 0:
            said = f"{said[:found]}\n{said[found + 1 :]}"
            place = found
    return said


def _button(answer: Answer, index: int, turn: int, above: str) -> Markup:
    citation = answer.citations[index]
    return Markup(
        '<button type="button" class="cite{doubt}" data-card="source-{turn}-{number}" data-citation="{index}" '
        'data-document="{short}" data-where="{where}" data-quote="{quote}" data-columns="{above}" '
        'data-verdict="{verdict}" aria-label="Source {number}: {document}, {where}">[{number}]</button>'
    ).format(
        doubt="" if citation.supported else " doubt",
        turn=turn,
        number=citation.number,
        index=index,
        short=short(citation.document),
        document=plain(citation.document),
        where=page_names(citation),
        quote=whole_quote(citation),
        above=above,
        verdict=verdict_text(answer, citation),
    )


def answer_markdown(answer: Answer, *, titled: bool = True) -> str:
    """The answer and its quotes as Markdown that can be kept in a file; no link in it comes from a document."""
    lines = [f"**{markdown(readable(answer.question))}**", ""] if titled else []
    lines += ["".join(_marked(piece, verdict, markdown) for piece, verdict in _pieces(answer)).strip(), ""]
    for citation in answer.citations:
        doubt = "" if citation.supported else f" — *{VERDICTS['weak']}*"
        lines.append(
            f"- \\[{citation.number}\\] {markdown(readable(citation.document))}, "
            f"{markdown(page_names(citation))}: {markdown(_under_columns(answer, citation))}{doubt}"
        )
    return "\n".join(lines).rstrip() + "\n"


def answer_text(answer: Answer) -> str:
    """The answer and its quotes for a terminal, without colours."""
    lines = ["".join(_marked(piece, verdict, visible) for piece, verdict in _pieces(answer)).strip()]
    if answer.citations:
        lines.append("")
    for citation in answer.citations:
        doubt = "" if citation.supported else f"  ({VERDICTS['weak']})"
        lines.append(f"  [{citation.number}] {plain(citation.document)}, {page_names(citation)}{doubt}")
        lines.append(f"      {_under_columns(answer, citation)}")
    if said := support_text(answer):
        lines += ["", said]
    if answer.abstained and answer.passages:
        lines += ["", "Nearest passages:"]
        for passage in answer.passages:
            first = plain(passage.chunk.text)[:160]
            lines.append(f"  [{passage.number}] {plain(passage.candidate.document)}: {first}…")
    return "\n".join(lines)


def seconds_text(seconds: dict[str, float]) -> str:
    """ "retrieve 0.04 s · rerank 0.31 s · first word 0.9 s · total 2.1 s"."""
    names = [(stage, stage) for stage in STAGES] + [("first_token", "first word"), ("total", "total")]
    return " · ".join(f"{label} {seconds[key]:.2f} s" for key, label in names if key in seconds)


# --- where things are in a text -------------------------------------------------------------------------------


def _marked(piece: str, verdict: Verdict, escaped: Callable[[str], str]) -> str:
    """A doubtful sentence says so beside it."""
    return escaped(piece) if verdict == "supported" else f"{escaped(piece)} ({VERDICTS[verdict]})"


def _pieces(answer: Answer) -> Iterator[tuple[str, Verdict]]:
    """The answer's text cut at its sentences, each with its verdict; what lies between counts as supported."""
    position = 0
    for sentence in answer.sentences:
        start = answer.text.find(sentence.text, position) if sentence.text else -1
        if start < 0:
            continue
        stop = start + len(sentence.text)
        if marker := TRAILING.match(answer.text, stop):
            stop = marker.end()
        yield answer.text[position:start], "supported"
        yield answer.text[start:stop], "supported" if answer.abstained else sentence.verdict
        position = stop
    yield answer.text[position:], "supported"


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
