"""`rag-chat train reranker`: from files of pairs to a folder of weights that the setting `reranker` can name.

Reads pairs, mines negatives with stage one, trains with checkpoints, sets the final order on data nothing was trained
on (retrieval sets given with `tune`, else the tenth of the pairs that is kept aside), and prints what that is worth.
Everything random follows the seed; an interrupted run goes on from its last checkpoint.
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rag_chat import quiet, weights
from rag_chat.bert import load_encoder, load_tokenizer
from rag_chat.errors import BadDataset
from rag_chat.evaluation import beir, retrieval
from rag_chat.rerank.interaction import CARD_FILE, WEIGHTS_FILE, Card, InteractionReranker
from rag_chat.scoring import Combination
from rag_chat.training import combination
from rag_chat.training.evidence import Gate, gate
from rag_chat.training.mining import Group, mine
from rag_chat.training.pairs import Pair, claims, read_pairs

if TYPE_CHECKING:
    from rag_chat.protocols import Embedder
    from rag_chat.training.trainer import Recipe, Trainer

Progress = Callable[[str, int, int], None]  # what is being done, done, of how many
FEWEST = 50  # pairs; with less there is nothing to learn that a few words of luck would not hide
KEPT_ASIDE = 0.1
MINED, CLAIM_SHARE, LARGEST_SOURCE = 10, 8, 32_000  # negatives a pair; one claim to so many pairs; pairs of a source
TUNE_QUERIES = 200  # of each set; so many settle five weights
CHECKPOINT_EVERY = 250  # steps
GROUPS_FILE, CHECKPOINT_FILE = "groups.jsonl", "checkpoint.pt"
START = Card(Combination(8.0, 24.0, 1.0, 4.0), Combination(0.0, 8.0, 0.5, 4.0, scale=0.5, offset=-3.0), 0.0)


@dataclass(frozen=True, slots=True)
class Outcome:
    """nDCG@10 of stage one and of the final order, by set, after training."""

    before: dict[str, float]
    after: dict[str, float]
    out: Path
    gate: Gate | None = None


def run(
    files: Sequence[Path],
    out: Path,
    embedder: Embedder,
    recipe: Recipe,
    *,
    tune: Sequence[Path] = (),
    answerable: Path | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """Trains and writes `out`. Raises BadDataset for unreadable files or fewer than 50 pairs."""
    out.mkdir(parents=True, exist_ok=True)
    pairs = [pair for file in files for pair in read_pairs(file)]
    if len(pairs) < FEWEST:
        raise BadDataset(f"{len(pairs)} pairs are too few to train on; give at least {FEWEST}.")
    learned, aside = groups_of(pairs, embedder, recipe.seed, out, progress)
    if not any(len(group.negatives) >= recipe.negatives for group in learned) or not (aside or tune):
        raise BadDataset(
            f"Of {len(pairs)} pairs only {len(learned) + len(aside)} have enough hard negatives to learn from;"
            " give pairs with more different passages."
        )
    trainer = _trainer(recipe, out)
    _train(trainer, learned, out, progress)
    export(trainer, out)
    outcome = set_order(out, embedder, tune, aside, progress)
    return outcome if answerable is None else set_threshold(outcome, embedder, answerable, progress)


def groups_of(
    pairs: Sequence[Pair], embedder: Embedder, seed: int, out: Path, progress: Progress | None
) -> tuple[list[Group], list[Group]]:
    """Groups to learn from and groups kept aside; mined once and kept in `out`."""
    path = out / GROUPS_FILE
    if not path.exists():
        rng = random.Random(seed)
        by_source: defaultdict[str, list[Pair]] = defaultdict(list)
        for pair in pairs:
            by_source[pair.source].append(pair)
        groups: list[Group] = []
        for done, (_, own) in enumerate(sorted(by_source.items())):
            if progress is not None:
                progress("mining negatives", done, len(by_source))
            kept = whole_titles(own, LARGEST_SOURCE, rng)
            kept += claims(kept, len(kept) // CLAIM_SHARE, rng)
            groups += mine(kept, embedder, negatives=MINED, seed=seed)
        _write_groups(path, groups)
    groups = _read_groups(path)
    random.Random(seed).shuffle(groups)
    cut = min(int(len(groups) * KEPT_ASIDE), 500)
    return groups[cut:], groups[:cut]


def whole_titles(pairs: Sequence[Pair], most: int, rng: random.Random) -> list[Pair]:
    """At most `most` pairs, by titles drawn at random: the passages beside an answer are its best hard negatives."""
    titles = sorted({pair.title for pair in pairs})
    rng.shuffle(titles)
    by_title: defaultdict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        by_title[pair.title].append(pair)
    kept: list[Pair] = []
    for title in titles:
        if len(kept) >= most:
            break
        kept += by_title[title]
    return kept[:most]


def export(trainer: Trainer, out: Path) -> None:
    """What training changed, in half precision, with the starting order; the encoder itself stays where it is."""
    from safetensors.torch import save_file

    save_file({name: w.half().contiguous() for name, w in trainer.descent.weights().items()}, out / WEIGHTS_FILE)
    _write_card(out, START, asdict(trainer.recipe))


def set_order(
    out: Path, embedder: Embedder, tune: Sequence[Path], aside: Sequence[Group], progress: Progress | None = None
) -> Outcome:
    """Sets the weights of the final order and its calibration, keeps the threshold that is there, and measures."""
    reranker = InteractionReranker(weights.find(str(out)), weights.find("all-MiniLM-L6-v2"))
    sets = {folder.name: _score_set(folder, embedder, reranker, out, progress) for folder in tune}
    if not sets:
        sets = {"kept aside": _score_groups(aside, reranker)}
    passages, _ = combination.fit(sets)
    card = replace(reranker.card, passages=passages)
    _write_card(out, card, json.loads((out / CARD_FILE).read_text())["recipe"])
    before = {name: combination.mean_ndcg({name: scored}, (1, 0, 0, 0)) for name, scored in sets.items()}
    chosen = (passages.cosine, passages.maxsim, passages.joint, passages.lexical)
    return Outcome(before, {name: combination.mean_ndcg({name: s}, chosen) for name, s in sets.items()}, out)


def set_threshold(outcome: Outcome, embedder: Embedder, answerable: Path, progress: Progress | None = None) -> Outcome:
    """Sets the evidence threshold on questions with and without an answer, and says what it costs both ways."""
    reranker = InteractionReranker(weights.find(str(outcome.out)), weights.find("all-MiniLM-L6-v2"))

    def report(done: int, total: int) -> None:
        if progress is not None:
            progress("setting the threshold", done, total)

    found = gate(answerable, embedder, reranker, report)
    recipe = json.loads((outcome.out / CARD_FILE).read_text(encoding="utf-8"))["recipe"]
    _write_card(outcome.out, replace(reranker.card, threshold=found.threshold), recipe)
    return replace(outcome, gate=found)


def _trainer(recipe: Recipe, out: Path) -> Trainer:
    quiet.libraries()
    from rag_chat.training.trainer import Trainer

    start = weights.find("all-MiniLM-L6-v2")
    trainer = Trainer(load_encoder(start, for_training=True), load_tokenizer(start), recipe)
    if (out / CHECKPOINT_FILE).exists():
        trainer.descent.resume(out / CHECKPOINT_FILE)
    return trainer


def _train(trainer: Trainer, groups: Sequence[Group], out: Path, progress: Progress | None) -> None:
    with (out / "losses.jsonl").open("a", encoding="utf-8") as log:

        def report(step: int, losses: dict[str, float]) -> None:
            log.write(json.dumps({"step": step, **{name: round(loss, 4) for name, loss in losses.items()}}) + "\n")
            if step % CHECKPOINT_EVERY == 0 or step == trainer.recipe.steps:
                log.flush()
                trainer.descent.save(out / CHECKPOINT_FILE)
            if progress is not None:
                progress("training", step, trainer.recipe.steps)

        trainer.train(groups, report)


def _score_set(
    folder: Path, embedder: Embedder, reranker: InteractionReranker, out: Path, progress: Progress | None
) -> list[combination.Scored]:
    dataset = beir.read(folder).first(TUNE_QUERIES)
    corpus = retrieval.embed_corpus(dataset, embedder, out / "cache", progress)
    ranked = retrieval.rank_all(dataset, corpus, embedder, reranker)
    done = retrieval.counted(ranked, len(dataset.queries), progress)
    return [
        combination.Scored(
            signals=_signals(
                [(c.signals.cosine, c.signals.maxsim, c.signals.joint, c.signals.lexical) for c in one.final]
            ),
            grades=np.array([float(dataset.qrels[one.query_id].get(c.chunk.id, 0)) for c in one.final]),
            ideal=combination.ideal_dcg([float(g) for g in dataset.qrels[one.query_id].values()]),
        )
        for one in done
    ]


def _score_groups(groups: Sequence[Group], reranker: InteractionReranker) -> list[combination.Scored]:
    scored = []
    for group in groups:
        found = reranker.signals(group.question, [group.positive, *group.negatives])
        rows = [(cosine, s.maxsim, s.joint, s.lexical) for cosine, s in zip(group.cosines, found, strict=True)]
        grades = np.array([1.0] + [0.0] * len(group.negatives))
        scored.append(combination.Scored(_signals(rows), grades, combination.ideal_dcg([1.0])))
    return scored


def _signals(rows: Sequence[tuple[float | None, ...]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array(rows, dtype=np.float64)


def _write_card(out: Path, card: Card, recipe: Mapping[str, Any]) -> None:
    values = {**asdict(card), "recipe": dict(recipe)}
    (out / CARD_FILE).write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")


def _write_groups(path: Path, groups: Sequence[Group]) -> None:
    fresh = path.with_suffix(".new")
    with fresh.open("w", encoding="utf-8") as file:
        for group in groups:
            file.write(json.dumps(asdict(group)) + "\n")
    fresh.replace(path)


def _read_groups(path: Path) -> list[Group]:
    with path.open(encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    return [Group(r["question"], r["positive"], tuple(r["negatives"]), tuple(r["cosines"]), r["source"]) for r in rows]
