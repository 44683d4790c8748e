"""`rag-chat train reranker --feedback` on a real library whose answers have been rated."""

import pytest
from pdfs import write_pdf

from ingest.pipeline import Ingestor
from rag_chat import build, cli, config
from rag_chat.library.conversations import Conversations
from rag_chat.types import Answer, Candidate, Passage

THINGS = "rail ship road wind salt sand rope lamp".split()


def rated(folder, count):
    """A library in which so many questions have an answer whose right passage was marked."""
    settings = config.load(library=folder / "library")
    embedder = build.embedder(settings)
    library = build.library(settings, embedder, exclusive=True)
    with Ingestor(library, embedder, settings) as ingestor:
        for thing in THINGS:
            ingestor.add(write_pdf(folder / f"{thing}.pdf", [[f"The {thing} of Tarnwick goes to the {thing} quay."]]))
    chunks = library.catalog.all_chunks()
    candidates = tuple(Candidate(c, "a.pdf", "1", rank, 0.5, rank, 0.5) for rank, c in enumerate(chunks, start=1))
    kept = Conversations(library.catalog)
    for i in range(count):
        question = f"Where does the {THINGS[i % 8]} of part {i} go?"
        passages = tuple(Passage(c.rank, c) for c in candidates[:5])
        answer = Answer(question, question, "It goes.", False, (), (), passages, candidates)
        conversation = kept.start(question)
        number = kept.ask(conversation, question)
        kept.keep(conversation, number, "answered", said="It goes.", answer=answer)
        right = next(c for c in chunks if f"The {THINGS[i % 8]} " in c.text)
        kept.vote(conversation, number, right.id, 1)
    kept.close()
    library.close()
    return str(folder / "library")


def test_few_ratings_are_refused_with_their_number(tmp_path, capfd, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command = ["--library", rated(tmp_path, 3), "train", "reranker", "--feedback", "--out", "out", "--debug"]
    assert cli.run(command) == 2
    assert "3 pairs are too few to train on; give at least 50." in capfd.readouterr().err


def test_nothing_to_train_on_is_a_mistake(capfd):
    assert cli.run(["train", "reranker", "--out", "out"]) == 2
    assert "give --pairs FILE or --feedback" in capfd.readouterr().err


@pytest.mark.slow
def test_the_rated_passages_train_a_reranker_that_is_measured_beside_the_shipped_one(tmp_path, capfd, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command = ["--library", rated(tmp_path, 56), "train", "reranker", "--feedback", "--out", "out", "--steps", "1"]
    assert cli.run(command) == 0
    said = capfd.readouterr().out
    assert "kept aside" in said and "shipped reranker" in said
    assert "RAG_CHAT_RERANKER=out" in said or "not better than the shipped reranker" in said
