"""A library with the installed encoder, for commands that run as a user runs them."""

import json
from dataclasses import asdict

import pytest
from pdfs import write_pdf
from safetensors.torch import save_file
from texts import TARNWICK

from ingest.pipeline import Ingestor
from rag_chat import build, config, weights
from rag_chat.bert import load_encoder
from rag_chat.rerank.interaction import CARD_FILE, WEIGHTS_FILE
from rag_chat.rerank.network import InteractionNetwork
from rag_chat.scoring import Combination


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A library of one document and an untrained reranker, named by the environment."""
    root = tmp_path_factory.mktemp("real")
    network = InteractionNetwork(load_encoder(weights.find("all-MiniLM-L6-v2")))
    own = {k: v.contiguous() for k, v in network.state_dict().items() if not k.startswith(("embeddings", "lower"))}
    (root / "reranker").mkdir()
    save_file(own, root / "reranker" / WEIGHTS_FILE)
    order = asdict(Combination(cosine=8.0, maxsim=24.0, joint=1.0, offset=-12.0))
    card = {
        "passages": order,
        "sentences": order | {"cosine": 0.0},
        "base_sha256": weights.PACKAGED["all-MiniLM-L6-v2"].sha256,
    }
    (root / "reranker" / CARD_FILE).write_text(json.dumps(card))
    settings = config.load(library=root / "library")
    embedder = build.embedder(settings)
    library = build.library(settings, embedder, exclusive=True)
    with Ingestor(library, embedder, settings) as ingestor:
        assert ingestor.add(write_pdf(root / "harbor.pdf", TARNWICK)).status == "ready"
    library.close()
    return root
