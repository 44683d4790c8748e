"""Both stages of a search: which mode, who finds the candidates, who orders them, which passages are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rag_chat import question as question_rule
from rag_chat.chat import overview
from rag_chat.chat.passages import select
from rag_chat.errors import NotFound
from rag_chat.language import is_english
from rag_chat.library.catalog import Catalog
from rag_chat.protocols import Reranker, Retriever
from rag_chat.trace import Trace
from rag_chat.types import Mode, Passage, SearchResult

OVERVIEW_WIDENED = 2  # times as many candidates for a question over documents, so that more of them are heard


@dataclass(frozen=True, slots=True)
class Route:
    """What one mode runs. `widened` times as many candidates are looked for as for the others."""

    retriever: Retriever
    reranker: Reranker
    widened: int = 1


@dataclass(frozen=True, slots=True)
class Limits:
    """The settings that a search and an answer read."""

    mode: Mode = "auto"
    candidates: int = 50
    passages: int = 5
    exhaustive_chunks: int = 500
    exhaustive_seconds: float = 1.0
    question_characters: int = 4000
    evidence_threshold: float | None = None
    english_encoder: str = ""  # the encoder's name, where it reads English only


class Search:
    """Stateless; `routes` has every mode but `auto`."""

    def __init__(self, catalog: Catalog, routes: Mapping[Mode, Route], limits: Limits) -> None:
        self._catalog = catalog
        self.routes = routes
        self._limits = limits

    def run(
        self,
        query: str,
        trace: Trace,
        *,
        mode: Mode | None = None,
        candidates: int | None = None,
        passages: int | None = None,
        doc_ids: Sequence[str] | None = None,
    ) -> SearchResult:
        """Raises BadQuestion for an empty or overlong query, NotFound for an unknown document."""
        self._check(query, doc_ids)
        chunks = self._catalog.chunk_count(doc_ids)
        chosen = self.resolve(mode or self._limits.mode, chunks)
        route = self.routes[chosen]
        depth = chunks if chosen == "exhaustive" else route.widened * (candidates or self._limits.candidates)
        subject = overview.subject(query)
        wanted, depth = (query, depth) if subject is None else (subject, depth * OVERVIEW_WIDENED)
        first = route.retriever.retrieve(wanted, depth, doc_ids, trace=trace)
        with trace.stage("rerank"):
            final = route.reranker.rerank(wanted, first)
        kept = select(final, passages or self._limits.passages) if subject is None else overview.select(final, subject)
        return SearchResult(query, chosen, tuple(final), kept, trace.seconds(), self._notices(query, kept))

    def _notices(self, query: str, passages: Sequence[Passage]) -> tuple[str, ...]:
        """A warning where the question, or what was found for it, is in a language that the encoder reads badly."""
        if not self._limits.english_encoder:
            return ()
        found = " ".join(passage.chunk.text for passage in passages)
        foreign = [
            what for what, text in (("question is", query), ("passages are", found)) if is_english(text) is False
        ]
        return tuple(
            f"The {what} not in English, the only language that '{self._limits.english_encoder}' reads well;"
            " for others set RAG_CHAT_PROFILE=multilingual and run rag-ingest --rebuild."
            for what in foreign[:1]
        )

    def _check(self, query: str, doc_ids: Sequence[str] | None) -> None:
        question_rule.check(query, self._limits.question_characters)
        known = {document.doc_id for document in self._catalog.documents()}
        if not known:
            raise NotFound("The library has no documents yet; add some with rag-ingest or on the page.")
        for doc_id in doc_ids or ():
            if doc_id not in known:
                raise NotFound(f"No document '{doc_id[:16]}' is in the library; see: rag-chat documents.")

    def resolve(self, mode: Mode, chunks: int) -> Mode:
        """`auto` lets the cross-encoder score everything where this machine, as measured, does so in time."""
        if mode != "auto":
            return mode
        speed = self.routes["exhaustive"].reranker.pairs_per_second
        small = chunks <= self._limits.exhaustive_chunks
        return "exhaustive" if small and chunks <= speed * self._limits.exhaustive_seconds else "hybrid"
