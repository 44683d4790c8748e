"""For LangChain (`pip install 'rag-chat[langchain]'`): a library as a retriever, its second stage as a compressor.

library = rag_chat.open_library("data/library")
RagChatRetriever(library=library, k=5, documents=["lease"], pages=(1, 9)).invoke("When does the lease end?")
RagChatCompressor(library=library, top_n=3).compress_documents(documents, "When does the lease end?")
"""

from __future__ import annotations

from collections.abc import Sequence

from langchain_core.callbacks import CallbackManagerForRetrieverRun, Callbacks
from langchain_core.documents import BaseDocumentCompressor, Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict

from rag_chat.api import OpenLibrary
from rag_chat.types import Mode, PageRange
from rag_chat.wire import candidate


class RagChatRetriever(BaseRetriever):
    """The `k` passages of both stages; metadata are the keys of a candidate (document, page, score, ...)."""

    library: OpenLibrary
    k: int = 5
    mode: Mode | None = None
    documents: list[str] | None = None  # names or ids
    pages: PageRange | None = None
    since: str | None = None  # documents added on that day or later, "2024-01-31"
    until: str | None = None
    model_config = ConfigDict(arbitrary_types_allowed=True)

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        found = self.library.search(
            query, mode=self.mode, passages=self.k, documents=self.documents, pages=self.pages, since=self.since,
            until=self.until,
        )  # fmt: skip
        rows = [candidate(passage.candidate) for passage in found.passages]
        return [Document(page_content=row.pop("text"), metadata=row) for row in rows]


class RagChatCompressor(BaseDocumentCompressor):
    """The `top_n` best of any documents, best first, with `relevance_score` in their metadata."""

    library: OpenLibrary
    top_n: int = 5
    model_config = ConfigDict(arbitrary_types_allowed=True)

    def compress_documents(
        self, documents: Sequence[Document], query: str, callbacks: Callbacks | None = None
    ) -> list[Document]:
        scores = self.library.rank(query, [document.page_content for document in documents])
        best = sorted(zip(scores, documents, strict=True), key=lambda pair: -pair[0])[: self.top_n]
        return [
            document.model_copy(update={"metadata": document.metadata | {"relevance_score": score}})
            for score, document in best
        ]
