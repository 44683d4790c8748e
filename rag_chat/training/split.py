"""Groups to learn from, to choose weights by, and to measure the result on; mined once for the same pairs.

No question, and no passage that answers, is in two of the three; hard negatives come from the whole corpus.
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rag_chat.protocols import Embedder, PairScorer
from rag_chat.training.mining import Group, mine
from rag_chat.training.pairs import Pair, apart, claims, fingerprint, whole_titles
from rag_chat.training.run_folder import Progress, write_whole

KEPT_ASIDE, MOST_ASIDE = 0.1, 500
WATCHED, MOST_WATCHED = 0.1, 100  # of the rest; they are measured many times in a run
MINED, CLAIM_SHARE, LARGEST_SOURCE = 10, 8, 32_000  # negatives a pair; one claim to so many pairs; pairs of a source


@dataclass(frozen=True, slots=True)
class Split:
    """`aside` decides whether the result is worth using; nothing is learned from it, nor set on it."""

    learned: list[Group]
    watched: list[Group]
    aside: list[Group]


def split_of(
    pairs: Sequence[Pair],
    embedder: Embedder,
    seed: int,
    out: Path,
    *,
    others: Sequence[str] = (),
    scorer: PairScorer | None = None,
    progress: Progress | None = None,
) -> Split:
    """Kept in `out`, as mining takes minutes; `others` are further passages to look for negatives in."""
    made_by = [embedder.name, getattr(scorer, "sha256", ""), *others]
    path = out / f"groups-{fingerprint(pairs, seed, made_by)}.jsonl"
    if not path.exists():
        rows = _mined(pairs, embedder, seed, others, scorer, progress)
        write_whole(path, "".join(json.dumps({"part": part, **asdict(g)}) + "\n" for part, g in rows).encode())
    parts: dict[str, list[Group]] = {"learned": [], "watched": [], "aside": []}
    with path.open(encoding="utf-8") as file:
        for row in map(json.loads, file):
            parts[row.pop("part")].append(_group(row))
    return Split(**parts)


def _mined(
    pairs: Sequence[Pair],
    embedder: Embedder,
    seed: int,
    others: Sequence[str],
    scorer: PairScorer | None,
    progress: Progress | None,
) -> list[tuple[str, Group]]:
    rng = random.Random(seed)
    by_source: defaultdict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        by_source[pair.source].append(pair)
    sources = [whole_titles(own, LARGEST_SOURCE, rng) for _, own in sorted(by_source.items())]
    rest, aside = apart([pair for own in sources for pair in own], KEPT_ASIDE, MOST_ASIDE, rng)
    learned, watched = apart(rest, WATCHED, MOST_WATCHED, rng)
    parts = {"learned": learned, "watched": watched, "aside": aside}
    part_of = {pair.question: part for part, own in parts.items() for pair in own}
    groups: list[Group] = []
    for done, own in enumerate(sources):
        if progress is not None:
            progress("mining negatives", done, len(sources))
        made = []
        for part in parts:  # a claim goes where its passage is
            there = [pair for pair in own if part_of[pair.question] == part]
            found = claims(there, len(there) // CLAIM_SHARE, rng)
            made += [claim for claim in found if part_of.setdefault(claim.question, part) == part]
        groups += mine([*own, *made], embedder, negatives=MINED, seed=seed, others=others, scorer=scorer)
    return [(part_of[group.question], group) for group in groups]


def _group(row: dict[str, Any]) -> Group:
    return Group(row["question"], row["positive"], tuple(row["negatives"]), tuple(row["cosines"]), row["source"])
