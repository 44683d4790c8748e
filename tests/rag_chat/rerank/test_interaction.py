"""What the shipped reranker promises whatever it was trained on."""

import json
import random

import pytest
from values import candidate, chunk

from rag_chat import weights
from rag_chat.errors import ModelFailed
from rag_chat.rerank.interaction import CARD_FILE, Card, InteractionReranker

ENCODER = "all-MiniLM-L6-v2"
QUESTION = "When does the tide gate open?"
TEXTS = [
    "The tide gate opens at five in the morning.",
    "Pumps move heat. " * 30,
    "Grain is moved by rail to the northern quay, and the gate is closed.",
    "five",
    "The circulation pump carries a guarantee of thirty months from its delivery to the harbor.",
]


@pytest.fixture(scope="module")
def reranker():
    return InteractionReranker(weights.find("minilm-interaction"), weights.find(ENCODER))


def candidates():
    return [
        candidate(chunk(text, page=rank), rank=rank, score=0.5 - rank / 20) for rank, text in enumerate(TEXTS, start=1)
    ]


@pytest.mark.slow
def test_scores_are_shares_and_both_ranks_are_kept(reranker):
    found = reranker.rerank(QUESTION, candidates())
    assert [c.rank for c in found] == [1, 2, 3, 4, 5]
    assert sorted(c.stage1_rank for c in found) == [1, 2, 3, 4, 5]
    assert all(c.chunk.first_page == c.stage1_rank and c.signals.cosine == c.stage1_score for c in found)
    scores = [c.score for c in found]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in [*scores, *reranker.score(QUESTION, TEXTS)])
    assert reranker.pairs_per_second > 0
    assert reranker.rerank(QUESTION, []) == []


@pytest.mark.slow
def test_the_order_does_not_depend_on_the_order_they_came_in(reranker):
    mixed = candidates()
    random.Random(1).shuffle(mixed)
    order = [c.stage1_rank for c in reranker.rerank(QUESTION, candidates())]
    assert [c.stage1_rank for c in reranker.rerank(QUESTION, mixed)] == order


@pytest.mark.slow
def test_what_the_network_says_does_not_depend_on_the_batch(reranker):
    together = reranker.signals(QUESTION, TEXTS)
    for text, expected in zip(TEXTS, together, strict=True):
        (alone,) = reranker.signals(QUESTION, [text])
        assert alone.maxsim == pytest.approx(expected.maxsim, abs=0.02)  # bfloat16
        assert alone.joint == pytest.approx(expected.joint, abs=0.25)


@pytest.mark.slow
def test_a_very_long_question_and_an_empty_text_are_scored_too(reranker):
    assert all(0 <= score <= 1 for score in reranker.score("gate " * 4000, ["", "gate " * 4000]))


@pytest.mark.parametrize("card", ["{", "{}", '{"passages": {}, "sentences": {}}', "[]"])
def test_a_broken_card_is_refused(tmp_path, card):
    (tmp_path / CARD_FILE).write_text(card)
    with pytest.raises(ModelFailed, match="rag-chat train reranker"):
        InteractionReranker(weights.find(str(tmp_path)), weights.find(ENCODER))


def test_the_shipped_card_is_readable():
    card = Card.read(weights.SHIPPED / "minilm-interaction" / CARD_FILE)
    assert card.sentences.cosine == 0.0  # a sentence has no stage-one score


def test_weights_of_another_encoder_are_refused_with_both_hashes(tmp_path):
    shipped = weights.SHIPPED / "minilm-interaction"
    values = json.loads((shipped / CARD_FILE).read_text()) | {"base_sha256": "abc"}
    (tmp_path / CARD_FILE).write_text(json.dumps(values))
    with pytest.raises(ModelFailed, match="sha256 abc, but 'all-MiniLM-L6-v2' has 53aa5117"):
        InteractionReranker(weights.find(str(tmp_path)), weights.find(ENCODER))
