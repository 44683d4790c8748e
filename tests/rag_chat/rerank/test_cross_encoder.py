"""A foreign cross-encoder: a toy with random weights, saved and loaded as any folder or hub model is."""

import math

import pytest
import toy_bert
from transformers import BertForSequenceClassification
from values import candidate, chunk

from rag_chat import front, weights
from rag_chat.errors import ModelFailed

pytestmark = pytest.mark.slow  # sentence-transformers takes seconds to import


def saved(folder, labels):
    config = toy_bert.config()
    config.num_labels, config.initializer_range = labels, 0.5
    BertForSequenceClassification(config).save_pretrained(folder)
    toy_bert.tokenizer().save_pretrained(folder)
    return weights.find(str(folder))


@pytest.fixture(scope="module")
def reranker(tmp_path_factory):
    from rag_chat.rerank.cross_encoder import CrossEncoderReranker

    return CrossEncoderReranker(saved(tmp_path_factory.mktemp("toy"), 1))


TEXTS = ["grain rail", "pump heat quay coal ship road", "tide"] + [f"{word} lamp" for word in toy_bert.WORDS]


def test_its_own_logit_orders_and_is_shown_as_a_share(reranker):
    found = reranker.rerank("gate tide", [candidate(chunk(t, page=i), rank=i) for i, t in enumerate(TEXTS, start=1)])
    assert [c.rank for c in found] == list(range(1, len(TEXTS) + 1))
    assert sorted(c.stage1_rank for c in found) == [c.rank for c in found]
    for c in found:
        assert c.score == pytest.approx(1 / (1 + math.exp(-c.signals.joint)))
    assert [c.score for c in found] == sorted((c.score for c in found), reverse=True)
    by_place = sorted(found, key=lambda c: c.stage1_rank)
    read = [front.before(c.document, c.chunk.heading, c.chunk.text) for c in by_place]
    assert [c.score for c in by_place] == pytest.approx(reranker.score("gate tide", read), abs=0.02)
    assert reranker.pairs_per_second > 0


def test_a_score_does_not_depend_on_the_batch(reranker):
    together = reranker.score("gate tide", TEXTS)
    alone = [reranker.score("gate tide", [text])[0] for text in TEXTS[:3]]
    assert alone == pytest.approx(together[:3], abs=0.02)  # bfloat16
    assert reranker.rerank("gate", []) == []


def test_a_model_with_several_outputs_is_no_reranker(tmp_path):
    from rag_chat.rerank.cross_encoder import CrossEncoderReranker

    with pytest.raises(ModelFailed, match="has 3 outputs; a reranker needs exactly one"):
        CrossEncoderReranker(saved(tmp_path, 3))


def test_a_folder_without_a_model_is_refused(tmp_path):
    from rag_chat.rerank.cross_encoder import CrossEncoderReranker

    with pytest.raises(ModelFailed, match="cannot be loaded"):
        CrossEncoderReranker(weights.find(str(tmp_path)))
