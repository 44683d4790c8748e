"""`rag-chat train reranker`: from files of pairs to a folder of weights that the setting `reranker` can name.

Reads pairs, mines negatives with stage one, trains with checkpoints, sets the final order on data nothing was trained
on (retrieval sets given with `tune`, else the tenth of the pairs that is kept aside), and prints what that is worth.
Everything random follows the seed; an interrupted run goes on from its last checkpoint.
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
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
from rag_chat.training.mining import Group, mine
from rag_chat.training.pairs import Pair, claims, fingerprint, read_pairs, whole_titles
from rag_chat.training.run_folder import FINISHED, Progress, RunFolder, write_whole

if TYPE_CHECKING:
    from rag_chat.protocols import Embedder
    from rag_chat.training.trainer import Recipe, Trainer

FEWEST = 50  # pairs; with less there is nothing to learn that a few words of luck would not hide
KEPT_ASIDE = 0.1
MINED, CLAIM_SHARE, LARGEST_SOURCE = 10, 8, 32_000  # negatives a pair; one claim to so many pairs; pairs of a source
TUNE_QUERIES = 200  # of each set; so many settle five weights
CHECKPOINT_EVERY = 250  # steps
SHIPPED = "minilm-interaction"
Sets = Mapping[str, Sequence[combination.Scored]]
ENCODER = "all-MiniLM-L6-v2"
START_ORDER, START_SENTENCES = (
    Combination(8.0, 24.0, 1.0, 4.0), Combination(0.0, 8.0, 0.5, 4.0, scale=0.5, offset=-3.0),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outcome:
    """nDCG@10 by set: of stage one, of the shipped reranker's final order, and of the new one's."""

    stage1: dict[str, float]
    shipped: dict[str, float]
    new: dict[str, float]
    out: Path
    notes: tuple[str, ...] = ()  # sentences on how the run went

    @property
    def better(self) -> bool:
        """Whether the new one is worth switching to."""
        return sum(self.new.values()) > sum(self.shipped.values())


def run(
    files: Sequence[Path],
    out: Path,
    embedder: Embedder,
    recipe: Recipe,
    *,
    tune: Sequence[Path] = (),
    feedback: Sequence[Pair] = (),
    others: Sequence[str] = (),
    restart: bool = False,
    progress: Progress | None = None,
) -> Outcome:
    """Trains and writes `out`; `feedback` are pairs beside those of the files, `others` further passages among which
    hard negatives are looked for.

    Raises BadDataset for unreadable files or fewer than 50 pairs, BadSetting where `out` holds another run and
    `restart` does not say to forget it.
    """
    pairs = [*feedback, *(pair for file in files for pair in read_pairs(file))]
    if len(pairs) < FEWEST:
        raise BadDataset(f"{len(pairs)} pairs are too few to train on; give at least {FEWEST}.")
    made_of = {
        "pairs": fingerprint(pairs, 0),
        "passages of the library": fingerprint((), 0, others),
        "embedder": embedder.name,
    }
    run_folder = RunFolder(out, asdict(recipe) | made_of, restart=restart)
    learned, aside = groups_of(pairs, embedder, recipe.seed, out, progress, others=others)
    if not any(len(group.negatives) >= recipe.negatives for group in learned) or not (aside or tune):
        raise BadDataset(
            f"Of {len(pairs)} pairs only {len(learned) + len(aside)} have enough hard negatives to learn from;"
            " give pairs with more different passages."
        )
    trainer = _trainer(recipe)
    run_folder.resume(trainer.descent)
    notes = _train(trainer, learned, run_folder, progress)
    export(trainer, out)
    return replace(set_order(out, embedder, tune, aside, progress), notes=notes)


def groups_of(
    pairs: Sequence[Pair],
    embedder: Embedder,
    seed: int,
    out: Path,
    progress: Progress | None,
    *,
    others: Sequence[str] = (),
) -> tuple[list[Group], list[Group]]:
    """Groups to learn from and groups kept aside; mined once for the same pairs and kept in `out`."""
    path = out / f"groups-{fingerprint(pairs, seed, [embedder.name, *others])}.jsonl"
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
            groups += mine(kept, embedder, negatives=MINED, seed=seed, others=others)
        _write_groups(path, groups)
    groups = _read_groups(path)
    random.Random(seed).shuffle(groups)
    cut = min(int(len(groups) * KEPT_ASIDE), 500)
    return groups[cut:], groups[:cut]


def export(trainer: Trainer, out: Path) -> None:
    """What training changed, in half precision, with the starting order; the encoder itself stays where it is."""
    from safetensors.torch import save

    write_whole(out / WEIGHTS_FILE, save({n: w.half().contiguous() for n, w in trainer.descent.weights().items()}))
    card = Card(START_ORDER, START_SENTENCES, weights.hash_of(weights.find(ENCODER)))
    _write_card(out, card, asdict(trainer.recipe))


def set_order(
    out: Path, embedder: Embedder, tune: Sequence[Path], aside: Sequence[Group], progress: Progress | None = None
) -> Outcome:
    """Sets the final order, and measures it beside stage one and the shipped reranker.

    With retrieval sets to tune on the order's weights and calibration are set on them. Without, a run that went on
    from the shipped weights keeps their order, so that what was kept aside stays unseen; a fresh one must use it.
    """
    new, shipped = _reranker(out), _reranker(weights.SHIPPED / SHIPPED)
    recipe = json.loads((out / CARD_FILE).read_text(encoding="utf-8"))["recipe"]
    scored = [_scored(reranker, embedder, tune, aside, out, progress) for reranker in (new, shipped)]
    fitted = bool(tune) or recipe["fresh"]
    order = combination.fit(scored[0])[0] if fitted else shipped.card.passages
    _write_card(out, replace(new.card, passages=order), recipe)

    def measured(sets: Sets, weighed: Combination) -> dict[str, float]:
        weights_ = (weighed.cosine, weighed.maxsim, weighed.joint, weighed.lexical)
        return {name: combination.mean_ndcg({name: found}, weights_) for name, found in sets.items()}

    stage1 = measured(scored[0], Combination(1.0, 0.0, 0.0))
    return Outcome(stage1, measured(scored[1], shipped.card.passages), measured(scored[0], order), out)


def _scored(
    reranker: InteractionReranker,
    embedder: Embedder,
    tune: Sequence[Path],
    aside: Sequence[Group],
    out: Path,
    progress: Progress | None,
) -> Sets:
    sets = {folder.name: _score_set(folder, embedder, reranker, out, progress) for folder in tune}
    return sets or {"kept aside": _score_groups(aside, reranker)}


def _reranker(folder: Path) -> InteractionReranker:
    return InteractionReranker(weights.find(str(folder)), weights.find(ENCODER))


def _trainer(recipe: Recipe) -> Trainer:
    quiet.libraries()
    from rag_chat.training.trainer import Trainer

    start = weights.find(ENCODER)
    shipped = None if recipe.fresh else weights.SHIPPED / SHIPPED / WEIGHTS_FILE
    return Trainer(load_encoder(start, for_training=True), load_tokenizer(start), recipe, shipped)


def _train(trainer: Trainer, groups: Sequence[Group], folder: RunFolder, progress: Progress | None) -> tuple[str, ...]:
    """What there is to say of it."""
    begun = trainer.descent.step
    if begun == trainer.recipe.steps:
        return (FINISHED.format(steps=begun),)
    with folder.losses(begun) as log:

        def report(step: int, losses: dict[str, float]) -> None:
            log(step, losses)
            if step % CHECKPOINT_EVERY == 0 or step == trainer.recipe.steps:
                folder.save(trainer.descent)
            if progress is not None:
                progress("training", step, trainer.recipe.steps)

        trainer.train(groups, report)
    return ()


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
    write_whole(out / CARD_FILE, (json.dumps(values, indent=2) + "\n").encode())


def _write_groups(path: Path, groups: Sequence[Group]) -> None:
    write_whole(path, "".join(json.dumps(asdict(group)) + "\n" for group in groups).encode())


def _read_groups(path: Path) -> list[Group]:
    with path.open(encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    return [Group(r["question"], r["positive"], tuple(r["negatives"]), tuple(r["cosines"]), r["source"]) for r in rows]
