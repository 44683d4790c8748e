import json

import pytest

from rag_chat.errors import BadDataset
from rag_chat.training.claims import Claim, accuracy, fit_order, read_claims


def write(path, *rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_the_keys_and_labels_of_the_public_sets_are_understood(tmp_path):
    rows = [
        {"claim": "It rains.", "evidence": "It rained.", "label": "SUPPORT"},
        {"response": "It rains.", "knowledge": "It is dry.", "label": "Not fully attributable"},
        {"sentence": "It rains.", "quote": "Rain falls.", "label": "Fully attributable"},
        {"claim": "It rains.", "evidence": "x" * 5000, "label": "REFUTES"},
        {"claim": "It rains.", "evidence": ["Rain falls.", "It is wet."], "support": "Complete"},
        {"claim": "It rains.", "evidence": ["Rain falls."], "support": "Partial"},
        {"claim": "It rains.", "evidence": [], "support": "Missing"},
    ]
    found = read_claims(write(tmp_path / "c.jsonl", *rows))
    assert [claim.carried for claim in found] == [True, False, True, False, True]
    assert found[0] == Claim("It rains.", "It rained.", True)
    assert len(found[3].quote) == 600
    assert found[4].quote == "Rain falls.\nIt is wet."


@pytest.mark.parametrize("row", [{"claim": "a", "label": "SUPPORT"}, {"claim": "a", "evidence": "b"}, ["a"], "a"])
def test_a_line_without_sentence_quote_or_label_is_named(tmp_path, row):
    good = {"claim": "It rains.", "evidence": "It rained.", "label": "SUPPORT"}
    with pytest.raises(
        BadDataset, match=r"Line 2 of 'c\.jsonl' is no JSON object with a sentence, a quote and a label"
    ):
        read_claims(write(tmp_path / "c.jsonl", good, row))


def test_the_order_learns_which_signals_tell_the_kinds_apart():
    # Overlap says nothing here; the reader is right in nine of ten, a wrong number is always false.
    claims, logits = [], []
    for i in range(200):
        carried, wrong = i % 2 == 0, i % 10 == 1
        claims.append(Claim("The pump moved 40 tons.", f"The pump moved {90 if wrong else 40} tons.", carried))
        logits.append((2.0 if carried else -2.0) * (-1 if i % 10 in (0, 5) else 1))
    order = fit_order(claims, logits)
    assert order.reading > 0 > order.number
    assert accuracy(claims, logits, order) >= 0.8
    assert accuracy(claims, [-logit for logit in logits], order) < 0.4
