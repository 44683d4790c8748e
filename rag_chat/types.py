"""The frozen values that travel between the stages; nothing here computes more than a property."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from rag_chat.errors import FailureCode

if TYPE_CHECKING:  # the help of a command is there a fifth of a second earlier
    import numpy as np
    from numpy.typing import NDArray

Vectors: TypeAlias = "NDArray[np.float32]"  # (n, dim) or (dim,), rows of unit length
Box: TypeAlias = tuple[float, float, float, float]  # x0, y0, x1, y1 in PDF points, origin bottom left
PageRange: TypeAlias = tuple[int, int]  # physical pages, first and last
Mode: TypeAlias = Literal["auto", "dense", "rerank", "hybrid", "exhaustive", "late-interaction"]
QuestionKind: TypeAlias = Literal["passages", "documents", "summary", "told"]  # what a question is answered by
UNREAD = -10.0  # log odds where a reader did not look: it cuts long texts
Status: TypeAlias = Literal["ready", "unchanged", "failed"]
Verdict: TypeAlias = Literal["supported", "weak", "missing"]
# Where its text comes from (the page, recognition here, or a layer that other software has put over a scan), or why it
# has none: a picture that nothing recognises here, or recognition found nothing.
PageState: TypeAlias = Literal["text", "ocr", "layer", "garbled", "empty", "blank", "failed"]
WITHOUT_TEXT: tuple[PageState, ...] = ("empty", "blank", "failed")
Kind: TypeAlias = Literal["pdf", "docx", "html", "markdown", "text"]  # of a file; all but "pdf" have no pages
PARAGRAPH, PARAGRAPH_BREAK = "¶", "\n\n"  # in a place's label ("Deposit ¶ 3") and text, where there are no pages


@dataclass(frozen=True, slots=True)
class WordBox:
    """Where a recognised word stands: `page.text[start:end]`, and its box on the page."""

    start: int
    end: int
    box: Box


@dataclass(frozen=True, slots=True)
class Page:
    """One page's text as PDFium gives it; line ends are ' \\n', so that every offset is PDFium's character index.

    Recognised text has offsets of its own, and `words` to place them; a catalog hands these out apart from the page.
    A document without pages is kept as parts of about a page each, labelled by their first paragraph: "¶ 3".
    """

    number: int  # physical, from 1
    label: str  # as printed: "iv", "A-3"; the number where the file has no labels
    text: str  # "" where the page has no text
    state: PageState = "text"
    hidden: bool = False  # some of the text is not to be seen on the page: off the page, too small, not drawn
    words: tuple[WordBox, ...] = ()

    @property
    def paragraph(self) -> int | None:
        """Which paragraph under its heading it begins with, from 1; None for a page of paper."""
        number = self.label.removeprefix(f"{PARAGRAPH} ")
        return int(number) if number != self.label else None


@dataclass(frozen=True, slots=True)
class Span:
    """`page.text[start:end]` of physical page `page`."""

    page: int
    start: int
    end: int
    header: bool = False  # of a table that a chunk begins in; it may stand on an earlier page


@dataclass(frozen=True, slots=True)
class Outline:
    """One entry of a document's outline: where it begins, and its titles from the top level down."""

    page: int
    start: int  # character in the page's text
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Chunk:
    """The stored unit of retrieval: verbatim text of one page, or of a page and the beginning of the next, in several
    spans where a watermark stands between its lines; what begins inside a table has the table's header as its first.

    `text` is the spans' texts joined by one newline, so that a place in it maps back to a page by arithmetic alone.
    """

    id: str  # hash of doc_id and ordinal: the same file always gives the same ids
    doc_id: str  # sha256 of the file's bytes
    ordinal: int
    spans: tuple[Span, ...]
    heading: str  # the outline entry that the chunk stands under, "" where there is none
    text: str

    @property
    def first_page(self) -> int:
        return next(span.page for span in self.spans if not span.header)

    @property
    def last_page(self) -> int:
        return self.spans[-1].page

    @property
    def body(self) -> Span:
        """What of it stands on its first page, without the header of a table that it begins in."""
        here = [span for span in self.spans if span.page == self.first_page and not span.header]
        return Span(self.first_page, here[0].start, here[-1].end)

    def locate(self, start: int, end: int) -> Span:
        """The page span of `text[start:end]`, cut to the chunk's span in which it starts."""
        offset = 0
        for span in self.spans:
            length = span.end - span.start
            if start < offset + length or span is self.spans[-1]:
                begin = min(span.start + max(0, start - offset), span.end)  # 0: from the newline before the span
                return Span(span.page, begin, max(begin, min(span.start + end - offset, span.end)))
            offset += length + 1
        raise AssertionError("a chunk has at least one span")

    def spread(self, start: int, end: int) -> tuple[Span, ...]:
        """All page spans of `text[start:end]`, more than one where it runs over a page's end or around a watermark;
        `locate` is the first."""
        found, offset = [self.locate(start, end)], 0
        for span in self.spans:
            if start < offset - 1 and end > offset:
                found.append(Span(span.page, span.start, min(span.start + end - offset, span.end)))
            offset += span.end - span.start + 1
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Document:
    """A document as the catalog knows it."""

    doc_id: str
    name: str  # file name for people; never used as a path
    title: str
    pages: int
    chunks: int
    size: int  # bytes
    added: str  # ISO 8601, UTC
    pages_without_text: tuple[int, ...]
    pages_ocr: tuple[int, ...] = ()
    pages_failed: tuple[int, ...] = ()  # those among the pages without text that could not be read
    pages_hidden: tuple[int, ...] = ()  # with text that is not to be seen on them
    kind: Kind = "pdf"
    pages_garbled: tuple[int, ...] = ()  # whose text is not what they show
    pages_layer: tuple[int, ...] = ()  # whose text others have recognised
    repaired: bool = False  # its file is damaged, and was read all the same


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What became of one file; `wire.ingest_report` is its JSON."""

    document: str
    doc_id: str | None
    status: Status
    pages: int = 0
    chunks: int = 0
    pages_without_text: tuple[int, ...] = ()
    pages_ocr: tuple[int, ...] = ()
    error: str | None = None
    seconds: float = 0.0
    code: FailureCode | None = None
    pages_failed: tuple[int, ...] = ()
    pages_hidden: tuple[int, ...] = ()
    replaced: tuple[str, ...] = ()  # ids of the documents whose place it took
    kind: Kind = "pdf"
    pages_garbled: tuple[int, ...] = ()
    pages_layer: tuple[int, ...] = ()
    repaired: bool = False
    notice: str = ""  # what the user should know of a file that is ready


@dataclass(frozen=True, slots=True)
class Signals:
    """What each part of the final order says of a pair, before they are combined; None where a part did not run."""

    cosine: float | None = None
    maxsim: float | None = None
    joint: float | None = None
    lexical: float | None = None
    named: float | None = None  # 0 for the document that the question names best, or where it names none; to -1
    figures: float | None = None  # share of table rows, where the question asks for figures
    lines: float | None = None  # how much its page gives the lines of a statement that the question asks for


@dataclass(frozen=True, slots=True)
class Candidate:
    """A chunk with its rank and score in the last stage that ranked it, and what stage one said."""

    chunk: Chunk
    document: str  # the document's name
    page_label: str  # of the chunk's first page
    rank: int  # from 1
    score: float  # after reranking calibrated to 0..1, before it stage one's cosine
    stage1_rank: int | None
    stage1_score: float | None
    signals: Signals = Signals()
    title: str = ""  # of the document, as its metadata say


@dataclass(frozen=True, slots=True)
class Passage:
    """A candidate that the answer may use; `number` from 1 is what `[n]` in the answer means."""

    number: int
    candidate: Candidate

    @property
    def chunk(self) -> Chunk:
        return self.candidate.chunk


@dataclass(frozen=True, slots=True)
class Quote:
    """A sentence of a passage, `passage.chunk.text[start:end]`, with its score against the question (0..1);
    `answer` is the part of `text` in which the reader sees the answer, "" where nothing has been read."""

    passage: Passage
    start: int
    end: int
    text: str  # readable: whitespace collapsed, line-end hyphens joined
    score: float
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader makes of one text: for each token its place in the text, and the logits that the answer begins and
    ends there; `none` is the logit of there being no answer."""

    offsets: tuple[tuple[int, int], ...]
    starts: tuple[float, ...]
    ends: tuple[float, ...]
    none: float

    def best(self, start: int, end: int) -> tuple[int, int, float] | None:
        """The best answer inside `text[start:end]` with its logit; None where no token was read there."""
        inside = [i for i, (a, b) in enumerate(self.offsets) if start <= a and b <= end]
        if not inside:
            return None
        first, found = inside[0], (inside[0], inside[0], self.starts[inside[0]] + self.ends[inside[0]])
        for i in inside:
            first = i if self.starts[i] > self.starts[first] else first
            if (logit := self.starts[first] + self.ends[i]) > found[2]:
                found = (first, i, logit)
        return self.offsets[found[0]][0], self.offsets[found[1]][1], found[2]

    def margin(self, start: int, end: int) -> float:
        """Its log odds against there being none in the text."""
        found = self.best(start, end)
        return found[2] - self.none if found is not None else UNREAD


@dataclass(frozen=True, slots=True)
class Brief:
    """All that a generator is given: the question, the passages, and their best quotes, best first.
    Of a `summary` the quotes are one of each section, in the document's order, and belong together. With turns `before`
    there are no passages: the question is to be written so that it stands alone.
    """

    question: str
    passages: tuple[Passage, ...]
    quotes: tuple[Quote, ...]
    summary: bool = False
    before: tuple[Turn, ...] = ()


@dataclass(frozen=True, slots=True)
class Retry:
    """What a weak result was looked for once more with; `kept` says whether that found something better."""

    query: str
    mode: Mode
    kept: bool


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Both stages without an answer. `mode` is what ran, after `auto` was resolved; `seconds` by stage."""

    query: str
    mode: Mode
    candidates: tuple[Candidate, ...]
    passages: tuple[Passage, ...]
    seconds: dict[str, float]
    notices: tuple[str, ...] = ()  # what the user should know of this search, a sentence each
    kind: QuestionKind = "passages"
    subject: str = ""  # of kind "documents": what they are asked for
    saying: int = 0  # ... and how many mention it, of the `searched`
    searched: int = 0
    retry: Retry | None = None


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The rest of a quote that runs over the end of its page or around a watermark; `quote == page.text[start:end]`."""

    page: int
    page_label: str
    quote: str
    start: int
    end: int
    boxes: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class Citation:
    """The quote that carries one sentence of the answer; `quote == page.text[start:end]`."""

    number: int  # of the passage
    document: str
    doc_id: str
    page: int
    page_label: str
    quote: str
    start: int
    end: int
    boxes: tuple[Box, ...]  # empty where the quote cannot be placed exactly: never a wrong box
    score: float
    supported: bool
    continued: tuple[Excerpt, ...] = ()

    @property
    def excerpts(self) -> tuple[Excerpt, ...]:
        """The quote page by page."""
        own = Excerpt(self.page, self.page_label, self.quote, self.start, self.end, self.boxes)
        return own, *self.continued


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of an answer; `citation` is a position in the answer's citations, None where nothing carries it."""

    text: str
    citation: int | None
    supported: bool

    @property
    def verdict(self) -> Verdict:
        """`weak`: the nearest quote carries it in part at best."""
        return "supported" if self.supported else "missing" if self.citation is None else "weak"


@dataclass(frozen=True, slots=True)
class Turn:
    """One question and answer of a conversation, as earlier turns are handed to the engine; `searched` is the answer's
    standalone question and `doc_id` the document that it cites first, where they are known."""

    question: str
    answer: str
    searched: str = ""
    doc_id: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """The whole result of a question. `text` carries `[n]` after each sentence that passage n supports."""

    question: str
    standalone_question: str  # what was searched for; "" where nothing was asked
    text: str
    abstained: bool
    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]
    passages: tuple[Passage, ...]  # the cited ones first, in the order in which the text cites them
    candidates: tuple[Candidate, ...] = ()
    generator: str = ""
    seconds: dict[str, float] = field(default_factory=dict)
    mode: Mode = "auto"  # what ran, after `auto` was resolved
    notices: tuple[str, ...] = ()  # of the search


@dataclass(frozen=True, slots=True)
class Retrieved:
    """Event: the passages are known, the answer is being written."""

    standalone_question: str
    passages: tuple[Passage, ...]
    candidates: tuple[Candidate, ...]
    mode: Mode = "auto"


@dataclass(frozen=True, slots=True)
class Token:
    """Event: a piece of the answer that may be shown now."""

    text: str


@dataclass(frozen=True, slots=True)
class Finished:
    """Event: the checked answer; it replaces what the tokens showed."""

    answer: Answer


Event: TypeAlias = Retrieved | Token | Finished
