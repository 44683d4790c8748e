"""Late interaction over kept token vectors: with toy weights, with a toy ColBERT, and with the shipped network."""

import numpy as np
import pytest
import torch
import toy_bert
from sentence_transformers import MultiVectorEncoder
from values import candidate, chunk

from rag_chat import build, config, weights
from rag_chat.errors import ModelFailed
from rag_chat.library.catalog import Catalog
from rag_chat.rerank.interaction import InteractionReranker
from rag_chat.rerank.late_interaction import LateInteractionReranker
from rag_chat.rerank.token_encoders import MultiVectorTokens, NetworkTokens
from rag_chat.scoring import Combination
from rag_chat.types import Document, Page

TEXTS = ["grain rail", "gate tide gate", "pump", "heat quay coal ship"]


class OneHot:
    """Each word of the toy vocabulary is an axis."""

    name = "one-hot"

    def __init__(self):
        self.encoded = []

    def encode_question(self, text):
        vectors = self.encode_passages([text])[0]
        return vectors, np.full(len(vectors), 1 / len(vectors), dtype=np.float32)

    def encode_passages(self, texts):
        self.encoded += texts
        axes = np.eye(len(toy_bert.WORDS), dtype=np.float32)
        return [
            np.stack([axes[toy_bert.WORDS.index(w)] for w in text.split() if w in toy_bert.WORDS]) for text in texts
        ]


@pytest.fixture
def catalog(tmp_path):
    made = Catalog(tmp_path)
    yield made
    made.close()


@pytest.fixture
def candidates(catalog):
    """Candidates whose chunks are in the catalog."""
    chunks = [chunk(text, page=page) for page, text in enumerate(TEXTS, start=1)]
    pages = [Page(page, str(page), text) for page, text in enumerate(TEXTS, start=1)]
    document = Document("d", "d.pdf", "", 4, 4, 1, "", ())
    catalog.add(document, pages, chunks, np.ones((4, 2), dtype=np.float32))
    return [candidate(c, rank=rank) for rank, c in enumerate(chunks, start=1)]


def test_the_best_match_of_each_word_orders_and_both_ranks_are_kept(catalog, candidates):
    found = LateInteractionReranker(OneHot(), catalog).rerank("tide coal", candidates)
    assert [c.score for c in found] == pytest.approx([0.5, 0.5, 0, 0], abs=0.15)  # two bits a number, few numbers
    assert {c.chunk.text: c.stage1_rank for c in found[:2]} == {"gate tide gate": 2, "heat quay coal ship": 4}
    assert [c.rank for c in found] == [1, 2, 3, 4]
    assert LateInteractionReranker(OneHot(), catalog).rerank("tide", []) == []


def test_a_passage_is_encoded_once_whatever_is_asked(catalog, candidates):
    first, second = OneHot(), OneHot()
    LateInteractionReranker(first, catalog).rerank("tide", candidates)
    again = LateInteractionReranker(second, catalog).rerank("coal", candidates)
    assert len(first.encoded) == 5  # the question too
    assert second.encoded == ["coal"]
    assert again[0].chunk.text == "heat quay coal ship"


def test_other_weights_do_not_meet_old_vectors(catalog, candidates):
    LateInteractionReranker(OneHot(), catalog).rerank("tide", candidates)
    other = OneHot()
    other.name = "retrained"
    LateInteractionReranker(other, catalog).rerank("tide", candidates)
    assert len(other.encoded) == 5


def test_token_vectors_go_with_their_document(catalog, candidates):
    LateInteractionReranker(OneHot(), catalog).rerank("tide", candidates)
    ids = [c.chunk.id for c in candidates]
    assert len(catalog.kept_tokens(ids, "one-hot/rotated-2bit")) == 4
    catalog.delete("d")
    assert catalog.kept_tokens(ids, "one-hot/rotated-2bit") == {}
    LateInteractionReranker(OneHot(), catalog).rerank("tide", candidates)  # candidates of a chunk deleted meanwhile
    assert catalog.kept_tokens(ids, "one-hot/rotated-2bit") == {}


def test_with_an_order_the_signals_are_combined(catalog, candidates):
    order = Combination(0.0, 1.0, 0.0, lexical=10.0)
    found = LateInteractionReranker(OneHot(), catalog, order).rerank("gate rail tide", candidates)
    assert [c.chunk.text for c in found][:2] == ["gate tide gate", "grain rail"]
    assert all(c.score == pytest.approx(order.probability(c.signals)) for c in found)


@pytest.fixture
def bi_encoder(tmp_path):
    """The folder of a plain encoder, as a user's own is."""
    folder = tmp_path / "plain"
    toy_bert.encoder().save_pretrained(folder)
    toy_bert.tokenizer().save_pretrained(folder)
    return folder


def test_a_colbert_checkpoint_is_loaded_by_folder(tmp_path, catalog, candidates, bi_encoder):
    folder = tmp_path / "colbert"
    MultiVectorEncoder(str(bi_encoder), local_files_only=True).save_pretrained(str(folder))  # a trained one's form
    encoder = MultiVectorTokens(weights.find(str(folder)))
    vectors, share = encoder.encode_question("tide gate")
    assert vectors.shape[1] == 128
    assert share.sum() == pytest.approx(1)
    assert encoder.encode_passages([]) == []
    found = LateInteractionReranker(encoder, catalog).rerank("tide gate", candidates)
    model = MultiVectorEncoder(str(folder), local_files_only=True)
    wanted = model.similarity(
        model.encode_query(["tide gate"]), model.encode_document([f"d\n{c.chunk.text}" for c in found])
    )[0]
    assert [c.signals.maxsim for c in found] == pytest.approx((wanted / len(vectors)).tolist(), abs=0.03)
    assert [c.score for c in found] == sorted((c.score for c in found), reverse=True)


def test_an_encoder_that_is_no_colbert_is_refused_instead_of_projected_at_random(bi_encoder):
    with pytest.raises(ModelFailed, match=r"was not trained for late interaction .* name it as `embedder`"):
        MultiVectorTokens(weights.find(str(bi_encoder)))


def test_another_embedder_gives_its_own_last_layer(catalog, candidates, bi_encoder):
    settings = config.load(embedder=str(bi_encoder), offline=True)
    tokens = build.token_encoder(settings, build.embedder(settings))
    assert tokens.name == f"{bi_encoder}:tokens"
    network, tokenizer = toy_bert.encoder().eval(), toy_bert.tokenizer()
    with torch.inference_mode():
        wanted = network(**tokenizer(["tide gate"], return_tensors="pt")).last_hidden_state[0]
    wanted = torch.nn.functional.normalize(wanted, dim=-1).numpy()
    vectors, share = tokens.encode_question("tide gate")
    assert vectors == pytest.approx(wanted, abs=0.03)  # bfloat16 where the machine is fastest in it
    assert share.tolist() == pytest.approx([0.25] * 4)
    long, short = tokens.encode_passages(["heat quay coal ship", "tide gate"])
    assert (long.shape, short.shape) == ((6, 24), (4, 24))
    assert short == pytest.approx(wanted, abs=0.03)
    assert tokens.encode_passages([]) == []
    found = LateInteractionReranker(tokens, catalog).rerank("gate tide gate", candidates)
    assert found[0].chunk.text == "gate tide gate"


@pytest.mark.slow
def test_kept_vectors_of_the_shipped_network_give_its_own_maxsim(catalog, candidates):
    own = InteractionReranker(weights.find("minilm-interaction"), weights.find("all-MiniLM-L6-v2"))
    late = LateInteractionReranker(NetworkTokens(own), catalog, own.card.passages)
    for _ in range(2):  # made, then kept
        found = {c.chunk.id: c.signals for c in late.rerank("Which gate is at the tide?", candidates)}
        wanted = {c.chunk.id: c.signals for c in own.rerank("Which gate is at the tide?", candidates)}
        for chunk_id, signals in found.items():
            assert signals.maxsim == pytest.approx(wanted[chunk_id].maxsim, abs=0.03)
            assert signals.lexical == pytest.approx(wanted[chunk_id].lexical)
