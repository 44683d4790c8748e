"""A library behind LangChain and LlamaIndex: `python -m rag_chat.integrations.example LIBRARY QUESTION`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import rag_chat
from rag_chat.api import OpenLibrary
from rag_chat.integrations import langchain, llama_index


def show(library: OpenLibrary, question: str) -> None:
    """The passages as each of both hands them on, and the library's own cited answer."""
    for document in langchain.RagChatRetriever(library=library, k=3).invoke(question):
        _say(_line("LangChain", document.metadata, document.page_content))
    for node in llama_index.RagChatRetriever(library, k=3).retrieve(question):
        _say(_line("LlamaIndex", node.metadata, node.text))
    _say(library.ask(question).text)


def _line(framework: str, metadata: Mapping[str, Any], text: str) -> str:
    return f"{framework}: {metadata['document']}, page {metadata['page']}: {text[:60]}"


def _say(line: str) -> None:
    sys.stdout.write(f"{' '.join(line.split())}\n")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit("Name a library and a question: python -m rag_chat.integrations.example data/library How long is it?")
    with rag_chat.open_library(sys.argv[1]) as opened:
        show(opened, " ".join(sys.argv[2:]))
