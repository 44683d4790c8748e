"""Sentences that people have judged against a text: labelled claims, one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag_chat.chat.support import faults
from rag_chat.errors import BadDataset
from rag_chat.scoring import SupportOrder
from rag_chat.training import calibration
from rag_chat.training.pairs import lines

SENTENCE_KEYS, QUOTE_KEYS = ("claim", "sentence", "response"), ("evidence", "quote", "knowledge")
LABEL_KEYS = ("label", "support")
CARRIED = frozenset({"support", "supports", "supported", "complete", "fully attributable", "entailment", "true", "1"})
UNJUDGED = frozenset({"n/a", "partial"})  # says nothing, or both
NUMBER_AT_MOST = -3.5  # weight of a number that the quote lacks: no overlap and hardly any reading outweighs it
LONGEST_QUOTE = 600  # characters; a quote is a sentence or a few


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence, a quote, and whether the quote carries the sentence."""

    sentence: str
    quote: str
    carried: bool


def read_claims(path: Path) -> list[Claim]:
    """A line needs a sentence (`claim`, `sentence` or `response`), a quote (`evidence`, `quote` or `knowledge`; a text
    or a list of texts) and a `label` (or `support`), of which `support`, `supports`, `supported`, `complete`, `fully
    attributable`, `entailment` and `true` mean that the quote carries the sentence and every other that it does not.
    Left out are `n/a` and `partial`, and empty lists. Raises BadDataset with the line's number."""
    claims = []
    for number, line in enumerate(lines(path), start=1):
        try:
            row = json.loads(line)
            label, evidence = _first(row, LABEL_KEYS).lower(), row.get("evidence")
            if label in UNJUDGED or evidence == []:
                continue
            if isinstance(evidence, list):
                row["evidence"] = "\n".join(evidence)
            quote = _first(row, QUOTE_KEYS)[:LONGEST_QUOTE]
            claims.append(Claim(_first(row, SENTENCE_KEYS), quote, label in CARRIED))
        except (ValueError, KeyError, TypeError, AttributeError, StopIteration) as error:
            raise BadDataset(
                f"Line {number} of '{path.name}' is no JSON object with a sentence, a quote and a label"
                f" ({type(error).__name__}); see rag-chat train support --help."
            ) from error
    return claims


def fit_order(claims: Sequence[Claim], logits: Sequence[float]) -> SupportOrder:
    """Weighs the exact faults and the reader's logits so that 0.5 lies between carried and not carried."""
    model = calibration.fit(_rows(claims, logits), np.array([c.carried for c in claims]), balanced=True)
    overlap, number, name, sense, reading = model.weights
    return SupportOrder(overlap, min(number, NUMBER_AT_MOST), name, sense, reading, model.offset)


def accuracy(claims: Sequence[Claim], logits: Sequence[float], order: SupportOrder) -> float:
    """Balanced accuracy at 0.5."""
    found = [order.probability(faults(c.sentence, c.quote), logit) for c, logit in zip(claims, logits, strict=True)]
    return calibration.balanced_accuracy(np.array(found), np.array([c.carried for c in claims]))


def _rows(claims: Sequence[Claim], logits: Sequence[float]) -> NDArray[np.float64]:
    return np.array([(*faults(c.sentence, c.quote), logit) for c, logit in zip(claims, logits, strict=True)])


def _first(row: Mapping[str, Any], keys: Sequence[str]) -> str:
    return next(str(row[key]).strip() for key in keys if row.get(key))
