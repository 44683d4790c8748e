"""A question to a cited answer: rewrite, retrieve, rerank, select, generate, cite, verify. Stateless.

Knows Protocols and values only, no files, no models' names, no user interface. One question at a time uses the
models; callers may be threads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Generator as Generating
from contextlib import closing
from dataclasses import dataclass, replace

from rag_chat import question as question_rule
from rag_chat.chat import citations, history, listing, overview, reference, sections, small_talk
from rag_chat.chat.evidence import REFUSAL, Evidence
from rag_chat.chat.passages import quotable
from rag_chat.chat.rewriting import rewritten
from rag_chat.chat.search import Limits, Search
from rag_chat.chat.shortening import closed, loses, place, shorten
from rag_chat.chat.support import SUPPORTED, WEAK
from rag_chat.errors import DocumentError, NotFound
from rag_chat.generation.quoting import quotes_to_show
from rag_chat.library import places
from rag_chat.library.catalog import Catalog
from rag_chat.protocols import Embedder, Generator, SupportChecker
from rag_chat.trace import Trace
from rag_chat.types import (
    Answer,
    Box,
    Brief,
    Citation,
    Event,
    Excerpt,
    Finished,
    Mode,
    PageRange,
    Passage,
    Quote,
    Retrieved,
    SearchResult,
    Sentence,
    Span,
    Token,
    Turn,
)

PlaceQuote = Callable[[str, int, int, int], tuple[Box, ...]]  # doc_id, page, start, end -> boxes
REWORDED = 0.9  # support that a small model's sentence needs to be shown
QUOTES = 6  # handed to the generator


@dataclass(frozen=True, slots=True)
class Stages:
    """The engine's collaborators, already built."""

    catalog: Catalog
    embedder: Embedder
    search: Search
    evidence: Evidence
    generator: Generator
    support: SupportChecker
    place_quote: PlaceQuote


class Engine:
    """`search` runs both stages; `ask` goes on to an answer and emits events on the way."""

    def __init__(self, stages: Stages, limits: Limits) -> None:
        self._stages = stages
        self._limits = limits

    @property
    def searching(self) -> Search:
        """Both stages of every mode, for who compares them."""
        return self._stages.search

    def search(
        self,
        query: str,
        *,
        mode: Mode | None = None,
        candidates: int | None = None,
        passages: int | None = None,
        doc_ids: Sequence[str] | None = None,
        pages: PageRange | None = None,
    ) -> SearchResult:
        """Both stages; errors as `Search.run` has them."""
        return self._stages.search.run(
            query, Trace(), mode=mode, candidates=candidates, passages=passages, doc_ids=doc_ids, pages=pages
        )

    def ask(
        self,
        question: str,
        history_: Sequence[Turn] = (),
        *,
        doc_ids: Sequence[str] | None = None,
        pages: PageRange | None = None,
    ) -> Iterator[Event]:
        """Retrieved, then Tokens, then Finished with the checked answer; Finished alone where nothing was asked.
        Closing the iterator stops the model."""
        trace = Trace()
        question_rule.check(question, self._limits.question_characters)
        history_ = small_talk.heard(history_)
        if small_talk.asks_nothing(question, history_):
            yield Finished(Answer(question, "", small_talk.REPLY, True, (), (), (), seconds=trace.seconds()))
            return
        found, quotes = self._meant(question, history_, trace, doc_ids, pages)
        if found.kind == "told":
            yield Finished(Answer(question, "", found.notices[-1], True, (), (), (), seconds=trace.seconds()))
            return
        yield Retrieved(found.query, found.passages, found.candidates, found.mode)
        if quotes is None:
            with trace.stage("quote"):
                quotes = self._quotes(question, found)
        quotes = tuple(quote for quote in quotes if history.answers_why(question, history_, quote.text))
        draft = Answer(
            question=question,
            standalone_question=found.query,
            text=REFUSAL,
            abstained=True,
            sentences=(),
            citations=(),
            passages=found.passages,
            candidates=found.candidates,
            generator=self._stages.generator.name,
            mode=found.mode,
            notices=found.notices,
        )
        if not self._enough(found, quotes):
            yield Finished(replace(draft, seconds=trace.seconds()))
            return
        brief = Brief(found.query, found.passages, quotes, summary=found.kind == "summary")
        carried: list[citations.Attribution] = []
        listed = found.kind == "documents"
        with closing(_each(overview.answer(found, quotes)) if listed else self._checked(brief, trace)) as checked:
            for attribution in map(citations.uncounted, checked):
                carried.append(attribution)
                yield Token(f"{attribution.sentence} ")
        with trace.stage("verify"):
            answer = self._finish(draft, carried)
        yield Finished(replace(answer, seconds=trace.seconds()))

    def _meant(
        self,
        question: str,
        history_: Sequence[Turn],
        trace: Trace,
        doc_ids: Sequence[str] | None,
        pages: PageRange | None,
    ) -> tuple[SearchResult, tuple[Quote, ...] | None]:
        """What is found for the question as it is meant, and its quotes where they were needed to tell.

        Where it may stand alone or follow the one before, every form is searched, and a later one counts only where it
        finds a better quote for the question as it was asked, in a document that this names where it names another.
        """
        documents = self._stages.catalog.documents()
        named = reference.elsewhere(question, history_, documents)
        resolved = reference.resolved(question, history_, documents)
        forms = [resolved] if resolved else self._forms(question, history_, bool(named), trace)
        meant = self._stages.search.run(forms[0], trace, doc_ids=doc_ids, pages=pages)
        if len(forms) == 1 or meant.kind != "passages":
            return meant, None
        with trace.stage("quote"):
            quotes = self._quotes(question, meant)
        for form in forms[1:]:
            found = self._stages.search.run(form, trace, doc_ids=doc_ids, pages=pages)
            with trace.stage("quote"):
                other = self._quotes(question, found)
            there = not named or any(quote.passage.chunk.doc_id in named for quote in other[:1])
            if there and self._enough(found, other) and _best(other) > _best(quotes):
                meant, quotes = found, other
        return meant, quotes

    def _forms(self, question: str, history_: Sequence[Turn], elsewhere: bool, trace: Trace) -> list[str]:
        """How the question may be meant by the rules, and, where they are in doubt or it points at something, as a
        model that can be trusted writes it."""
        most = self._limits.question_characters  # an earlier question must not make this one too long
        forms = list(history.forms(question, history_, elsewhere=elsewhere))
        if forms != [question] and self._stages.generator.trusted:
            with trace.stage("rewrite"):
                forms.append(rewritten(question, history_, self._stages.generator))
        return [form for form in dict.fromkeys(forms) if form and len(form) <= most] or [question]

    def _quotes(self, question: str, found: SearchResult) -> tuple[Quote, ...]:
        if found.kind == "documents":
            return overview.quotes(found.passages, found.subject)
        if found.kind == "summary":
            return sections.quotes(found.passages, self._stages.embedder)
        return self._stages.evidence.quotes(history.read_for(question, found.query), found.passages, QUOTES)

    def _enough(self, found: SearchResult, quotes: Sequence[Quote]) -> bool:
        """What was found by its words, or is the document itself, needs no reader to say that it is an answer."""
        if found.kind != "passages":
            return bool(quotes)
        return self._stages.evidence.enough(quotes, self._limits.evidence_threshold)

    def _checked(self, brief: Brief, trace: Trace) -> Generating[citations.Attribution]:
        """What the generator says, sentence by sentence as they are completed, each with its quote; where nothing is
        left, the best quotes speak for themselves."""
        if brief.summary and not self._stages.generator.trusted:  # a small model words one sentence, no summary
            for quote in brief.quotes:
                yield citations.Attribution(quote.text, quote, 1.0)
            return
        if listing.announces(brief.quotes[0]) and not self._stages.generator.trusted:  # nor a list
            yield citations.Attribution(listing.announced(brief.quotes[0]), brief.quotes[0], 1.0)
            return
        start, shown = trace.since_start(), False
        with closing(self._said(brief, trace)) as said:
            if self._stages.generator.trusted:
                for attribution in said:
                    shown = True
                    yield attribution
            else:
                first = next(said, None)  # the model is stopped before anything more is done
        trace.add("generate", trace.since_start() - start)
        if not self._stages.generator.trusted:
            yield self._reworded(first, brief)
        elif not shown:
            for quote in quotes_to_show(brief):
                yield citations.Attribution(quote.text, quote, 1.0)

    def _said(self, brief: Brief, trace: Trace) -> Generating[citations.Attribution]:
        """The generator's sentences, each once."""
        pool, buffer = quotable(brief.passages), ""
        seen: set[str] = set()
        with closing(_ending(self._stages.generator.generate(brief))) as pieces:
            for piece in pieces:
                if "first_token" not in trace.seconds():
                    trace.add("first_token", trace.since_start())
                buffer += piece
                complete, buffer = _complete(buffer)
                for sentence in complete:
                    if sentence not in seen:
                        seen.add(sentence)
                        yield self._attribute(sentence, pool, trace)

    def _reworded(self, said: citations.Attribution | None, brief: Brief) -> citations.Attribution:
        """A small model's first sentence, or the best quote cut to what was asked: the shorter one.

        The sentence must be carried by the best quote and hold the place where the reader sees the answer. A small
        model joins facts of two sentences into a false one too easily for less to be enough, and of 100 answers its
        sentence alone held the gold answer in 66, under both conditions, with the cut quote in its place, in 83.
        """
        best = brief.quotes[0]
        line = listing.line_of(best)
        cut = shorten(line.text, line.answer, brief.question) if line.answer else line.text
        if listing.is_table_row(line):  # each of its cells may be a part of what is asked
            cut = closed(line.text)
        fallback = citations.Attribution(cut, line, 1.0)
        if said is None or said.quote is None or said.quote.text != best.text or said.support < REWORDED:
            return fallback
        holds = not best.answer or place(said.sentence, best.answer) is not None
        return (
            said
            if holds and len(said.sentence) <= len(cut) and not loses(best.text, said.sentence, brief.question)
            else fallback
        )

    def _attribute(self, sentence: str, pool: Sequence[Quote], trace: Trace) -> citations.Attribution:
        with trace.stage("verify"):
            return citations.attribute(sentence, pool, self._stages.support, self._stages.embedder)

    def _finish(self, draft: Answer, carried: Sequence[citations.Attribution]) -> Answer:
        sentences, found = [], list[Citation]()
        for attribution in carried:
            supported = attribution.support >= SUPPORTED and attribution.quote is not None
            place = None
            if attribution.quote is not None and attribution.support >= WEAK:
                citation = self._cite(attribution.quote, attribution.support, supported)
                place = found.index(citation) if citation in found else len(found)
                if place == len(found):
                    found.append(citation)
            sentences.append(Sentence(attribution.sentence, place, supported))
        if all(sentence.text == REFUSAL for sentence in sentences):  # a larger model is told to say just that
            return draft
        return citations.numbered(replace(draft, abstained=False, sentences=tuple(sentences), citations=tuple(found)))

    def _cite(self, quote: Quote, score: float, supported: bool) -> Citation:
        passage: Passage = quote.passage
        first, *rest = (self._excerpt(passage, span) for span in passage.chunk.spread(quote.start, quote.end))
        return Citation(
            number=passage.number,
            document=passage.candidate.document,
            doc_id=passage.chunk.doc_id,
            page=first.page,
            page_label=first.page_label,
            quote=first.quote,
            start=first.start,
            end=first.end,
            boxes=first.boxes,
            score=round(score, 4),
            supported=supported,
            continued=tuple(rest),
        )

    def _excerpt(self, passage: Passage, span: Span) -> Excerpt:
        catalog, doc_id = self._stages.catalog, passage.chunk.doc_id
        page = catalog.page(doc_id, span.page)
        try:
            boxes = self._stages.place_quote(doc_id, span.page, span.start, span.end)
        except DocumentError:
            if page is not None and catalog.document(doc_id) is not None:
                raise
            page = None
        if page is None:
            raise NotFound("A document that the answer rests on was deleted while it was written; ask again.")
        return Excerpt(
            page=span.page,
            page_label=places.label(catalog, doc_id, span),
            quote=page.text[span.start : span.end],
            start=span.start,
            end=span.end,
            boxes=boxes,
        )


def _best(quotes: Sequence[Quote]) -> float:
    return quotes[0].score if quotes else 0.0


def _each(found: Sequence[citations.Attribution]) -> Generating[citations.Attribution]:
    yield from found


def _ending(pieces: Iterator[str]) -> Generating[str]:
    """The pieces, and a line end after the last, so that the last sentence counts as complete."""
    yield from pieces
    yield "\n"


def _complete(buffer: str) -> tuple[list[str], str]:
    """Finished sentences of what the model has written so far, and the unfinished rest."""
    lines = buffer.split("\n")
    done = [sentence for line in lines[:-1] for sentence in citations.sentences_of(line)]
    tail = citations.sentences_of(lines[-1])
    if len(tail) > 1:  # the last sentence may still grow, those before it cannot
        cut = lines[-1].rfind(tail[-1][:20])
        if cut > 0:
            return done + tail[:-1], lines[-1][cut:]
    return done, lines[-1]
