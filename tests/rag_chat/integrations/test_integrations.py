"""The Python API and what is built on it, over a real library with the small real models."""

import pytest
from pdfs import write_pdf

import rag_chat
from ingest.pipeline import Ingestor
from rag_chat import build, config
from rag_chat.errors import BadQuestion, BadSetting, LibraryError, NotFound, WeightsMissing
from rag_chat.types import Retrieved, Turn

pytestmark = pytest.mark.slow
GATE = "The tide gate of Tarnwick opens at five in the morning and closes at nine."
QUESTION = "When does the tide gate open?"
TEXTS = ["Pumps move heat.", GATE, "Grain is moved by rail."]


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    root = tmp_path_factory.mktemp("api")
    settings = config.load(library=root / "library", offline=True)
    encoder = build.embedder(settings)
    made = build.library(settings, encoder, exclusive=True)
    with Ingestor(made, encoder, settings) as ingestor:
        for name, pages in (("harbor", [[GATE], ["Grain is moved by rail."]]), ("pump", [["Pumps move heat."]])):
            assert ingestor.add(write_pdf(root / f"{name}.pdf", pages)).status == "ready"
    made.close()
    with rag_chat.open_library(root / "library", generator="quoting", offline=True) as opened:
        yield opened


def test_a_program_searches_asks_and_filters(library):
    assert [document.name for document in library.documents()] == ["harbor.pdf", "pump.pdf"]
    found = library.search(QUESTION, mode="hybrid", passages=1)
    assert (found.mode, found.passages[0].candidate.document, len(found.passages)) == ("hybrid", "harbor.pdf", 1)
    assert {c.document for c in library.search(QUESTION, documents=["pump.pdf"]).candidates} == {"pump.pdf"}
    answer = library.ask("And when does it close?", [Turn(QUESTION, "At five.")])
    assert "nine" in answer.text and answer.citations[0].page == 1
    assert isinstance(next(iter(library.stream(QUESTION))), Retrieved)


@pytest.mark.parametrize("mode", ["dense", "rerank", "hybrid", "exhaustive", "late-interaction", "auto"])
def test_every_mode_finds_the_passage(library, mode):
    assert library.search(QUESTION, mode=mode).passages[0].chunk.text.startswith("The tide gate")


def test_any_texts_are_ranked_in_the_order_given(library):
    scores = library.rank(QUESTION, TEXTS)
    assert max(range(3), key=scores.__getitem__) == 1
    assert all(0 <= score <= 1 for score in scores)
    assert library.rank(QUESTION, []) == []


def test_one_text_is_not_ranked_letter_by_letter(library):
    with pytest.raises(BadQuestion, match="one text; give a list"):
        library.rank("When does the lease end?", "The lease ends in May.")


def test_the_example_runs(library, capsys):
    from rag_chat.integrations import example

    example.show(library, QUESTION)
    assert capsys.readouterr().out.count("harbor.pdf, page 1") >= 2


def test_an_unknown_document_and_no_library_are_refused(library, tmp_path):
    with pytest.raises(NotFound, match="rag-chat documents"):
        library.search(QUESTION, documents="absent.pdf")
    with pytest.raises(NotFound, match="No library is in 'empty'; make one with: rag-ingest"):
        rag_chat.open_library(tmp_path / "empty")


def test_what_is_wrongly_asked_is_said_in_its_own_words(library):
    folder = library._app.library.folder
    with pytest.raises(
        BadSetting, match="Unknown setting 'generater' in the call; the nearest that exists is 'generator'"
    ):
        rag_chat.open_library(folder, generater="quoting")
    with pytest.raises(WeightsMissing, match="No model 'nowhere' is here") as missing:
        rag_chat.open_library(folder, reader="nowhere")
    assert "RAG_CHAT_OFFLINE" not in str(missing.value)  # no hub has a reader, so it would not help
    with rag_chat.open_library(folder, generator="quoting", offline=True) as closed:
        pass
    with pytest.raises(LibraryError, match="was closed; open it again"):
        closed.search(QUESTION)
    closed.close()  # once more does no harm


def test_langchain_retrieves_and_compresses(library):
    from langchain_core.documents import Document

    from rag_chat.integrations.langchain import RagChatCompressor, RagChatRetriever

    (found,) = RagChatRetriever(library=library, k=1).invoke(QUESTION)
    assert found.page_content.startswith("The tide gate")
    assert (found.metadata["document"], found.metadata["page"]) == ("harbor.pdf", 1)
    elsewhere = RagChatRetriever(library=library, documents=["Harbor"], pages=(2, 2)).invoke(QUESTION)
    assert {(d.metadata["document"], d.metadata["page"]) for d in elsewhere} == {("harbor.pdf", 2)}
    with pytest.raises(NotFound, match="No document was added in that time"):
        RagChatRetriever(library=library, until="1999-12-31").invoke(QUESTION)
    given = [Document(page_content=text, metadata={"place": i}) for i, text in enumerate(TEXTS)]
    best = RagChatCompressor(library=library, top_n=2).compress_documents(given, QUESTION)
    assert best[0].metadata["place"] == 1
    assert len(best) == 2 and best[0].metadata["relevance_score"] > best[1].metadata["relevance_score"]
    assert "relevance_score" not in given[1].metadata


def test_llama_index_retrieves_and_postprocesses(library):
    from llama_index.core.schema import NodeWithScore, TextNode

    from rag_chat.integrations.llama_index import RagChatPostprocessor, RagChatRetriever

    (found,) = RagChatRetriever(library, k=1).retrieve(QUESTION)
    assert found.text.startswith("The tide gate")
    assert (found.metadata["document"], found.metadata["page"]) == ("harbor.pdf", 1)
    elsewhere = RagChatRetriever(library, documents=["Harbor"], pages=(2, 2)).retrieve(QUESTION)
    assert {(n.metadata["document"], n.metadata["page"]) for n in elsewhere} == {("harbor.pdf", 2)}
    with pytest.raises(NotFound, match="No document was added in that time"):
        RagChatRetriever(library, until="1999-12-31").retrieve(QUESTION)
    nodes = [NodeWithScore(node=TextNode(text=text), score=0.5) for text in TEXTS]
    best = RagChatPostprocessor(library, top_n=2).postprocess_nodes(nodes, query_str=QUESTION)
    assert (best[0].text, len(best)) == (GATE, 2)
    with pytest.raises(ValueError, match="needs the query"):
        RagChatPostprocessor(library).postprocess_nodes(nodes)
