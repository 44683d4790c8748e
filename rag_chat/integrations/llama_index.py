"""For LlamaIndex (`pip install 'rag-chat[llama-index]'`): a library as retriever, its second stage as postprocessor.

library = rag_chat.open_library("data/library")
RagChatRetriever(library, k=5, documents=["lease"], pages=(1, 9)).retrieve("When does the lease end?")
RagChatPostprocessor(library, top_n=3).postprocess_nodes(nodes, query_str="When does the lease end?")
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import MetadataMode, NodeWithScore, QueryBundle, TextNode
from pydantic import PrivateAttr

from rag_chat.api import OpenLibrary
from rag_chat.types import Mode, PageRange
from rag_chat.wire import candidate


class RagChatRetriever(BaseRetriever):
    """The `k` passages of both stages; a node's metadata are the keys of a candidate (document, page, score, ...)."""

    def __init__(
        self,
        library: OpenLibrary,
        *,
        k: int = 5,
        mode: Mode | None = None,
        documents: Sequence[str] | None = None,
        pages: PageRange | None = None,
        since: str | None = None,
        until: str | None = None,
    ) -> None:
        """`documents` are names or ids, `since` and `until` days as "2024-01-31"."""
        super().__init__()
        self._search = partial(
            library.search, mode=mode, passages=k, documents=documents, pages=pages, since=since, until=until
        )

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        found = self._search(query_bundle.query_str)
        rows = [candidate(passage.candidate) for passage in found.passages]
        return [
            NodeWithScore(node=TextNode(id_=row["chunk_id"], text=row.pop("text"), metadata=row), score=row["score"])
            for row in rows
        ]


class RagChatPostprocessor(BaseNodePostprocessor):
    """The `top_n` best of any nodes, best first, with the second stage's scores."""

    top_n: int = 5
    _library: OpenLibrary = PrivateAttr()

    def __init__(self, library: OpenLibrary, *, top_n: int = 5) -> None:
        super().__init__(top_n=top_n)
        self._library = library

    @classmethod
    def class_name(cls) -> str:
        return "RagChatPostprocessor"

    def _postprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        if query_bundle is None:
            raise ValueError("RagChatPostprocessor needs the query; give query_bundle or query_str.")
        texts = [node.node.get_content(MetadataMode.NONE) for node in nodes]
        scored = zip(nodes, self._library.rank(query_bundle.query_str, texts), strict=True)
        ranked = [NodeWithScore(node=node.node, score=score) for node, score in scored]
        return sorted(ranked, key=lambda node: -(node.score or 0.0))[: self.top_n]
