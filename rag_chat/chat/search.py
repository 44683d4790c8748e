"""Both stages of a search: which mode, who finds the candidates, who orders them, which passages are kept.

`auto` goes by the size of what is searched and by the question's language (README, "Which mode for which question"): to
score everything found nothing that `hybrid` had not found, at seven times the time, but for a language that the encoder
does not read. The form of the question was measured too (`python -m benchmarks.forms`) and decides nothing. A
second try by late interaction was measured and dropped: of the 16 weak results of 330 English questions it made one
better and three worse, of 20 of 50 German ones two better; where one reranker judged what both had found, none and two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from rag_chat import language
from rag_chat import question as question_rule
from rag_chat.chat import neighbours, overview, sections
from rag_chat.chat.passages import select
from rag_chat.errors import BadQuestion, NotFound
from rag_chat.library.catalog import Catalog
from rag_chat.protocols import Reranker, Retriever
from rag_chat.search_copy import searchable
from rag_chat.trace import Trace
from rag_chat.types import Candidate, Mode, PageRange, Passage, Retry, SearchResult

OVERVIEW_WIDENED = 2  # times as many candidates for a question over documents, so that more of them are heard
WEAK = 0.2  # a best score below which the words are checked: every fifth right answer of XQuAD is below .1


@dataclass(frozen=True, slots=True)
class Route:
    """What one mode runs. `widened` times as many candidates are looked for as for the others; the first `read` of them
    are reranked (None: all), the rest keep their order behind. A best score under `weak` is little; None where nothing
    is known of the reranker's scores."""

    retriever: Retriever
    reranker: Reranker
    widened: int = 1
    read: int | None = None
    weak: float | None = None

    def rerank(self, query: str, candidates: Sequence[Candidate]) -> list[Candidate]:
        """All candidates; one that was not read scores no more than the last that was."""
        final = self.reranker.rerank(query, candidates[: self.read])
        rest = candidates[len(final) :]
        most = final[-1].score if final else 0.0
        unread = [replace(c, rank=rank, score=min(most, c.score)) for rank, c in enumerate(rest, start=len(final) + 1)]
        return final + unread


@dataclass(frozen=True, slots=True)
class Limits:
    """The settings that a search and an answer read."""

    mode: Mode = "auto"
    candidates: int = 50
    passages: int = 5
    neighbours: int = 0
    exhaustive_chunks: int = 500
    exhaustive_seconds: float = 1.0
    question_characters: int = 4000
    evidence_threshold: float | None = None
    english_encoder: str = ""  # the encoder's name, where it reads English only


@dataclass(frozen=True, slots=True)
class _Asked:
    """One call of `Search.run`, its gaps filled from the limits."""

    query: str
    mode: Mode
    candidates: int
    passages: int
    doc_ids: Sequence[str] | None
    pages: PageRange | None


class Search:
    """Stateless; `routes` has every mode but `auto`, `saying` finds the documents that say something, and `pieces`
    counts the word pieces of texts."""

    def __init__(
        self,
        catalog: Catalog,
        routes: Mapping[Mode, Route],
        limits: Limits,
        saying: Retriever,
        pieces: Callable[[Sequence[str]], list[int]],
    ) -> None:
        self._catalog = catalog
        self.routes = routes
        self._limits = limits
        self._saying = saying
        self._pieces = pieces

    def run(
        self,
        query: str,
        trace: Trace,
        *,
        mode: Mode | None = None,
        candidates: int | None = None,
        passages: int | None = None,
        doc_ids: Sequence[str] | None = None,
        pages: PageRange | None = None,
    ) -> SearchResult:
        """A summary is answered by a document's sections, a question over documents by one passage of each, any other
        by the best passages. Raises BadQuestion for an empty or overlong query and pages that are none, NotFound for an
        unknown document.
        """
        self._check(query, doc_ids, pages)
        asked = _Asked(
            searchable(query),
            mode or self._limits.mode,
            self._limits.candidates if candidates is None else candidates,
            self._limits.passages if passages is None else passages,
            doc_ids,
            pages,
        )
        self._check_form(asked)
        found = self._summary(asked, trace) or self._documents(asked, trace) or self._passages(asked, trace)
        reach = self._limits.neighbours
        kept = neighbours.joined(found.passages, self._catalog, reach) if reach else found.passages
        notices = (*self._notices(query, kept), *found.notices)
        return replace(found, query=query, passages=kept, notices=notices, seconds=trace.seconds())

    def best(self, query: str, trace: Trace, *, mode: Mode, candidates: int) -> SearchResult:
        """The best passages of the library, whatever kind of question it is."""
        return self._passages(_Asked(query, mode, candidates, self._limits.passages, None, None), trace)

    def _summary(self, asked: _Asked, trace: Trace) -> SearchResult | None:
        with trace.stage("retrieve"):
            meant = sections.meant(asked.query, self._catalog.documents(), asked.doc_ids)
            if not meant:
                return None
            if len(meant) > 1:
                return self._told(asked, sections.which(meant))
            heard = sections.heard(self._catalog, meant[0], asked.pages, sections.most(asked.query))
        passages = tuple(Passage(number, candidate) for number, candidate in enumerate(heard, start=1))
        return SearchResult(asked.query, self._resolved(asked), tuple(heard), passages, {}, kind="summary")

    def _documents(self, asked: _Asked, trace: Trace) -> SearchResult | None:
        """The documents that mention what is asked for; where none does, the nearest few are meant."""
        known = [d for d in self._catalog.documents() if asked.doc_ids is None or d.doc_id in asked.doc_ids]
        if overview.of_library(asked.query):
            return self._told(asked, overview.inventory(known))
        wanted = overview.asked(asked.query)
        if wanted is None:
            return None
        mode, searched = self._resolved(asked), len(known)
        said = (
            self._saying.retrieve(wanted.subject, searched, asked.doc_ids, pages=asked.pages, trace=trace)
            if wanted.counted
            else []
        )
        if not said:
            ranked = self._ranked(replace(asked, query=wanted.subject), mode, trace, widened=OVERVIEW_WIDENED)
            notices = (overview.none(wanted.subject, searched),) if wanted.counted else ()
            return SearchResult(asked.query, mode, tuple(ranked), overview.nearest(ranked), {}, notices=notices)
        with trace.stage("rerank"):
            ranked = self.routes[mode].reranker.rerank(wanted.subject, said[: asked.candidates])
        passages = overview.heard(ranked)
        return SearchResult(
            asked.query,
            mode,
            tuple(ranked),
            passages,
            {},
            kind="documents",
            subject=wanted.subject,
            saying=len(said),
            searched=searched,
        )

    def _check_form(self, asked: _Asked) -> None:
        if asked.mode != "auto" and asked.mode not in self.routes:
            raise BadQuestion(f"No mode is called '{asked.mode}'; name one of auto, {', '.join(self.routes)}.")
        question_rule.check_counts(asked.candidates, asked.passages)

    def _told(self, asked: _Asked, said: str) -> SearchResult:
        """What no passage is needed for, as its last notice."""
        return SearchResult(asked.query, self._resolved(asked), (), (), {}, notices=(said,), kind="told")

    def _passages(self, asked: _Asked, trace: Trace) -> SearchResult:
        mode = self._resolved(asked)
        ranked = self._ranked(asked, mode, trace)
        found = SearchResult(asked.query, mode, tuple(ranked), select(ranked, asked.passages), {})
        weak = self.routes[mode].weak
        if weak is None or _best(ranked) >= weak:
            return found
        with trace.stage("retry"):
            return self._again(asked, found, trace)

    def _again(self, asked: _Asked, found: SearchResult, trace: Trace) -> SearchResult:
        """Once more, with words that the library knows; what that finds counts only where it is better."""
        spelled = self._catalog.spelled(asked.query, self._pieces)
        if spelled == asked.query:
            return found
        ranked = self._ranked(replace(asked, query=spelled), found.mode, trace)
        better = _best(ranked) > _best(found.candidates)
        retry = Retry(spelled, found.mode, better)
        if not better:
            return replace(found, retry=retry)
        return replace(
            found,
            candidates=tuple(ranked),
            passages=select(ranked, asked.passages),
            notices=(f"Searched for “{spelled}”, since the documents do not know all the words.",),
            retry=retry,
        )

    def _ranked(self, asked: _Asked, mode: Mode, trace: Trace, widened: int = 1) -> list[Candidate]:
        """Both stages of one mode."""
        route = self.routes[mode]
        chunks = self._catalog.chunk_count(asked.doc_ids, asked.pages) if mode == "exhaustive" else 0
        depth = chunks or route.widened * asked.candidates * widened
        first = route.retriever.retrieve(asked.query, depth, asked.doc_ids, pages=asked.pages, trace=trace)
        with trace.stage("rerank"):
            return route.rerank(asked.query, first)

    def _notices(self, query: str, passages: Sequence[Passage]) -> tuple[str, ...]:
        """A warning where the question, or the best of what was found for it, is in a language that the encoder reads
        badly; passages further down are seldom quoted."""
        texts = (("The question", query), ("What was found", "".join(passage.chunk.text for passage in passages[:1])))
        found = (language.notice(what, text, self._limits.english_encoder) for what, text in texts)
        return tuple(filter(None, found))[:1]

    def _check(self, query: str, doc_ids: Sequence[str] | None, pages: PageRange | None) -> None:
        question_rule.check(query, self._limits.question_characters)
        if pages is not None:
            question_rule.check_pages(pages)
        known = {document.doc_id for document in self._catalog.documents()}
        if not known:
            raise NotFound("The library has no documents yet; add some with rag-ingest or on the page.")
        for doc_id in doc_ids or ():
            if doc_id not in known:
                raise NotFound(f"No document '{doc_id[:16]}' is in the library; see: rag-chat documents.")

    def _resolved(self, asked: _Asked) -> Mode:
        """`auto` lets the cross-encoder score everything where stage one has nothing to choose or reads the question
        badly, and this machine, as measured, does so in time."""
        if asked.mode != "auto":
            return asked.mode
        limits = self._limits
        chunks = self._catalog.chunk_count(asked.doc_ids, asked.pages)
        in_time = self.routes["exhaustive"].reranker.pairs_per_second * limits.exhaustive_seconds
        if chunks > min(limits.exhaustive_chunks, in_time):
            return "hybrid"
        unread = chunks > asked.candidates and limits.english_encoder and language.foreign(asked.query)
        return "exhaustive" if chunks <= asked.candidates or unread else "hybrid"


def _best(candidates: Sequence[Candidate]) -> float:
    return candidates[0].score if candidates else 0.0
