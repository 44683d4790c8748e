"""The shipped reader: what it promises whatever it was trained on, and that it reads at all."""

import json

import pytest
import torch
import toy_bert

from rag_chat import weights
from rag_chat.errors import ModelFailed
from rag_chat.reading.couples import coupled
from rag_chat.reading.reader import CARD_FILE, Card, Reader, _reading
from rag_chat.types import UNREAD

ENCODER = "all-MiniLM-L6-v2"
GATE = "The tide gate of Tarnwick opens at five in the morning. The night watch closes it at nine in the evening."
PUMP = "The circulation pump carries a guarantee of thirty months."


@pytest.fixture(scope="module")
def reader():
    return Reader(weights.find("minilm-reader"), weights.find(ENCODER))


def test_the_best_answer_lies_inside_what_is_asked_for_and_never_ends_before_it_starts():
    (row,) = coupled(toy_bert.tokenizer(), ["gate"], ["grain rail salt"])  # the text's tokens are 3, 4, 5
    starts = torch.tensor([1.0, -1e4, -1e4, 0.5, 2.0, 0.0, -1e4])
    ends = torch.tensor([1.5, -1e4, -1e4, 9.0, 1.0, 3.0, -1e4])
    found = _reading(row, starts, ends)
    assert found.none == 2.5
    assert found.best(0, 15) == (0, 5, 9.5)
    assert found.best(6, 15) == (6, 15, 5.0)
    assert found.best(6, 10) == (6, 10, 3.0)
    assert found.margin(6, 10) == 0.5
    assert found.best(2, 5) is None
    assert found.margin(40, 60) == UNREAD  # the text was cut before


@pytest.mark.slow
def test_the_sentence_that_answers_has_the_largest_margin(reader):
    for question, answers in (
        ("When does the tide gate open?", 0), ("When is the gate closed?", 1), ("Who closes the gate?", 1),
    ):  # fmt: skip
        (found,) = reader.read(question, [GATE])
        cut = GATE.index(".") + 1
        margins = [found.margin(0, cut), found.margin(cut, len(GATE))]
        assert margins.index(max(margins)) == answers


@pytest.mark.slow
def test_a_text_that_does_not_answer_has_a_smaller_margin(reader):
    here, elsewhere = reader.read("How long is the guarantee of the pump?", [PUMP, GATE])
    assert here.margin(0, len(PUMP)) > elsewhere.margin(0, len(GATE))
    assert elsewhere.margin(0, len(GATE)) < 0


@pytest.mark.slow
def test_readings_do_not_depend_on_the_batch(reader):
    together = reader.read("Who closes the gate?", [GATE, PUMP * 20, GATE])
    (alone,) = reader.read("Who closes the gate?", [GATE])
    assert together[0].margin(0, len(GATE)) == pytest.approx(alone.margin(0, len(GATE)), abs=0.6)  # bfloat16
    assert reader.read("Who?", []) == []


@pytest.mark.slow
def test_a_swapped_number_is_carried_less_than_the_right_one(reader):
    right, wrong = reader.carried([PUMP, PUMP.replace("thirty", "ninety")], [PUMP, PUMP])
    assert right > wrong


@pytest.mark.parametrize("card", ["{", "{}", '{"quotes": {}, "support": {}, "threshold": 0.1}', "[]"])
def test_a_broken_card_is_refused(tmp_path, card):
    (tmp_path / CARD_FILE).write_text(card)
    with pytest.raises(ModelFailed, match="rag-chat train support"):
        Reader(weights.find(str(tmp_path)), weights.find(ENCODER))


def test_the_shipped_card_is_readable():
    card = Card.read(weights.SHIPPED / "minilm-reader" / CARD_FILE)
    assert 0 <= card.threshold <= 1
    assert card.quotes.reading > 0
    assert card.support.reading > 0 > card.support.number


def test_weights_of_another_encoder_are_refused_with_both_hashes(tmp_path):
    shipped = weights.SHIPPED / "minilm-reader"
    values = json.loads((shipped / CARD_FILE).read_text()) | {"base_sha256": "abc"}
    (tmp_path / CARD_FILE).write_text(json.dumps(values))
    with pytest.raises(ModelFailed, match="sha256 abc, but 'all-MiniLM-L6-v2' has 53aa5117"):
        Reader(weights.find(str(tmp_path)), weights.find(ENCODER))
