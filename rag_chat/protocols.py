"""Every swappable stage on one page. Implementations do not inherit from these."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from rag_chat.trace import Trace
from rag_chat.types import Brief, Candidate, Event, Mode, PageRange, Reading, SearchResult, Turn, Vectors


class Embedder(Protocol):
    """Stage one's bi-encoder."""

    @property
    def name(self) -> str: ...
    @property
    def dimension(self) -> int: ...
    @property
    def longest(self) -> int:
        """Tokens of a passage that reach its vector, as `token_counts` counts them; what comes after is not read."""
        ...

    def encode_query(self, text: str) -> Vectors:
        """(dim,) float32, unit length."""
        ...

    def encode_passages(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        """(n, dim) float32, rows of unit length; `progress` hears how many texts are done."""
        ...

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text as the encoder counts them, special tokens left out; the chunker's measure."""
        ...


class VectorStore(Protocol):
    """Vectors by chunk id; derived from the catalog and disposable."""

    def upsert(self, ids: Sequence[str], doc_ids: Sequence[str], vectors: Vectors) -> None: ...

    def search(self, vector: Vectors, top_k: int, doc_ids: Sequence[str] | None = None) -> list[tuple[str, float]]:
        """(chunk id, cosine) best first; only of these documents where `doc_ids` is given."""
        ...

    def delete(self, doc_id: str) -> None: ...
    def count(self, doc_id: str | None = None) -> int: ...
    def clear(self) -> None: ...


class Asking(Protocol):
    """What answers questions: the engine, here or in the app that has the library open."""

    def ask(
        self,
        question: str,
        history_: Sequence[Turn] = (),
        *,
        doc_ids: Sequence[str] | None = None,
        pages: PageRange | None = None,
    ) -> Iterator[Event]:
        """Retrieved, then Tokens, then Finished; Finished alone where nothing was asked. Closing the iterator stops the
        work."""
        ...

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
        """Both stages, no answer."""
        ...


class Retriever(Protocol):
    """First stage: a query to candidates, best first."""

    def retrieve(
        self,
        query: str,
        top_k: int,
        doc_ids: Sequence[str] | None = None,
        *,
        pages: PageRange | None = None,
        trace: Trace,
    ) -> list[Candidate]:
        """At most top_k candidates, of these documents and pages where they are given; seconds go to the stages
        `embed` and `retrieve` of the trace."""
        ...


class Reranker(Protocol):
    """Second stage: the same candidates in a new order, scores calibrated to 0..1, both ranks kept."""

    @property
    def name(self) -> str: ...
    @property
    def pairs_per_second(self) -> float:
        """As measured on this machine at the last call; 0 before the first."""
        ...

    def rerank(self, query: str, candidates: Sequence[Candidate]) -> list[Candidate]: ...


class PairScorer(Protocol):
    """Scores texts against a question; what quote selection needs of a reranker."""

    def score(self, question: str, texts: Sequence[str]) -> list[float]:
        """Calibrated to 0..1, in the order given."""
        ...


class TokenEncoder(Protocol):
    """What late interaction compares: a vector for each token."""

    @property
    def name(self) -> str:
        """Other weights, other name: vectors that are kept are of one encoder."""
        ...

    def encode_question(self, text: str) -> tuple[Vectors, Vectors]:
        """(tokens, dim) float32 rows of unit length, and the tokens' weights, (tokens,), which sum to one."""
        ...

    def encode_passages(self, texts: Sequence[str]) -> list[Vectors]:
        """(tokens, dim) of each text."""
        ...


class TokenEmbedder(Protocol):
    """A bi-encoder that gives its token vectors too: its last layer, before they are pooled."""

    @property
    def name(self) -> str: ...

    def encode_question_tokens(self, text: str) -> Vectors:
        """(tokens, dim) float32, rows of unit length."""
        ...

    def encode_passage_tokens(self, texts: Sequence[str]) -> list[Vectors]:
        """(tokens, dim) of each text."""
        ...


class AnswerReader(Protocol):
    """Reads a question and a text together."""

    def read(self, question: str, texts: Sequence[str]) -> list[Reading]:
        """Where each text may answer the question, in the order given."""
        ...


class Generator(Protocol):
    """Writes an answer from a brief. Closing the iterator stops the work."""

    @property
    def name(self) -> str: ...
    @property
    def trusted(self) -> bool:
        """Whether its sentences are shown even where no quote carries them (marked), or only where one does."""
        ...

    def generate(self, brief: Brief) -> Iterator[str]:
        """Pieces of text as they come."""
        ...


class SupportChecker(Protocol):
    """Does a quote carry the sentence?"""

    def support(self, sentence: str, quotes: Sequence[str]) -> list[float]:
        """0..1 for each quote, in the order given; `support.SUPPORTED` and more means that it does."""
        ...
