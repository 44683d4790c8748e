"""`rag-chat train reranker`: from files of pairs to a folder of weights that the setting `reranker` can name.

Reads pairs, mines negatives with stage one and BM25, trains with checkpoints, keeps the weights that rank a watched
tenth best, and says what they are worth on the tenth that is kept aside, beside the reranker in use. Retrieval sets
given with `tune` set the final order. Everything random follows the seed; an interrupted run goes on from its last
checkpoint.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from rag_chat import quiet, weights
from rag_chat.bert import load_encoder, load_tokenizer
from rag_chat.errors import BadDataset, BadSetting
from rag_chat.evaluation import beir, retrieval
from rag_chat.rerank.interaction import CARD_FILE, WEIGHTS_FILE, Card, InteractionReranker
from rag_chat.scoring import Combination
from rag_chat.training import combination
from rag_chat.training.best import PATIENCE, Best
from rag_chat.training.mining import Group
from rag_chat.training.pairs import Pair, fingerprint, gather
from rag_chat.training.run_folder import FINISHED, Progress, RunFolder, write_whole
from rag_chat.training.split import Split, split_of
from rag_chat.types import Signals

if TYPE_CHECKING:
    from torch import Tensor

    from rag_chat.protocols import Embedder
    from rag_chat.training.trainer import Recipe, Trainer

FEWEST = 50  # pairs; with less there is nothing to learn that a few words of luck would not hide
MOST_STEPS, ROUNDS = 2000, 20  # a pair is seen about so many times at most
MEASURED = 10  # times a run the watched tenth is ranked
CHECKPOINT_EVERY = 250  # steps, and whenever it was ranked
TUNE_QUERIES = 200  # of each set; so many settle five weights
EARLY = "Ended after {step} of {steps} steps: the last {patience} measurements found nothing better."
ASIDE = "kept aside"
SHIPPED = "minilm-interaction"
ENCODER = "all-MiniLM-L6-v2"
START_ORDER, START_SENTENCES = (
    Combination(8.0, 24.0, 1.0, 4.0), Combination(0.0, 8.0, 0.5, 4.0, scale=0.5, offset=-3.0),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sources:
    """Files of pairs; pairs rated in a library; further passages to look for hard negatives in; retrieval sets to set
    the final order on."""

    pairs: Sequence[Path] = ()
    feedback: Sequence[Pair] = ()
    others: Sequence[str] = ()
    tune: Sequence[Path] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """nDCG@10 by set: of stage one, of the final order of the reranker in use, and of the new one's; sets to tune on
    beside what was kept aside, which alone nothing was learned from or set on."""

    stage1: dict[str, float]
    before: dict[str, float]
    new: dict[str, float]
    out: Path
    notes: tuple[str, ...] = ()  # sentences on how the run went

    @property
    def better(self) -> bool:
        """Whether the new one is worth switching to."""
        return self.new[ASIDE] > self.before[ASIDE]


class SignalScorer(Protocol):
    """A reranker, or what is to become one."""

    def signals(self, question: str, texts: Sequence[str]) -> list[Signals]: ...


def run(
    sources: Sources,
    out: Path,
    embedder: Embedder,
    recipe: Recipe,
    *,
    current: InteractionReranker | None = None,
    restart: bool = False,
    progress: Progress | None = None,
) -> Outcome:
    """Trains and writes `out`; compares with `current`, the shipped reranker where there is none.

    Steps of 0 in the recipe are as many as the pairs are worth. Raises BadDataset for unreadable files or fewer than 50
    pairs, BadSetting where `out` holds another run and `restart` does not say to forget it.
    """
    if current is not None and Path(current.name).expanduser().resolve() == out.resolve():
        raise BadSetting(f"The reranker in use is in '{out.name}'; name another folder with --out.")
    for tuned in sources.tune:
        beir.read(tuned)  # hours before it is needed
    given = gather(sources.pairs, sources.feedback)
    pairs, notes = given.pairs, given.notes
    if len(pairs) < FEWEST:
        raise BadDataset(
            f"{' '.join((*notes, str(len(pairs))))} pairs are too few to train on; give at least {FEWEST}."
        )
    if not recipe.steps:
        recipe = replace(recipe, steps=min(MOST_STEPS, -(-ROUNDS * len(pairs) // recipe.groups)))
    current = current or _reranker(weights.SHIPPED / SHIPPED)
    made_of = {
        "pairs": fingerprint(pairs, 0),
        "passages of the library": fingerprint((), 0, sources.others),
        "embedder": embedder.name,
        "reranker in use": current.sha256,
    }
    folder = RunFolder(out, asdict(recipe) | made_of, restart=restart)
    split = split_of(pairs, embedder, recipe.seed, out, others=sources.others, scorer=current, progress=progress)
    _require_enough(pairs, split, recipe)
    shipped = _reranker(weights.SHIPPED / SHIPPED)
    trainer = _trainer(recipe)
    best, said = _train(trainer, split, START_ORDER if recipe.fresh else shipped.card.passages, folder, progress)
    export(best.weights, recipe, out)
    return replace(
        set_order(out, embedder, split, sources.tune, (current, shipped), progress),
        notes=(*notes, *said, *trainer.descent.notes),
    )


def export(best: Mapping[str, Tensor], recipe: Recipe, out: Path) -> None:
    """What training changed, in half precision, with the starting order; the encoder itself stays where it is."""
    from safetensors.torch import save

    write_whole(out / WEIGHTS_FILE, save({name: weight.half().contiguous() for name, weight in best.items()}))
    card = Card(START_ORDER, START_SENTENCES, weights.hash_of(weights.find(ENCODER)))
    _write_card(out, card, asdict(recipe))


def set_order(
    out: Path,
    embedder: Embedder,
    split: Split,
    tune: Sequence[Path],
    compared: tuple[InteractionReranker, InteractionReranker],
    progress: Progress | None = None,
) -> Outcome:
    """Sets the final order, and measures it beside stage one and the first of the two `compared`, the reranker in use;
    the second is the shipped one.

    With retrieval sets to tune on, the order's weights and calibration are set on them. Without, a run that went on
    from the shipped weights keeps their order, and a fresh one gets its own from the watched groups; the probabilities
    then mean what the shipped ones mean.
    """
    new, (current, shipped) = _reranker(out), compared
    recipe = json.loads((out / CARD_FILE).read_text(encoding="utf-8"))["recipe"]
    sets = {folder.name: _score_set(folder, embedder, new, out, progress) for folder in tune}
    measured = {**sets, ASIDE: _score_groups(split.aside, new)}
    if tune:
        order = combination.fit(sets)[0]
    else:
        watched = _score_groups(split.watched, new)
        order = combination.fit({"watched": watched})[0] if recipe["fresh"] else shipped.card.passages
        known = _score_groups([*split.watched, *split.aside], shipped)
        order = combination.calibrated_as(order, [*watched, *measured[ASIDE]], shipped.card.passages, known)
    _write_card(out, replace(new.card, passages=order), recipe)
    before = {folder.name: _score_set(folder, embedder, current, out, progress) for folder in tune}
    before[ASIDE] = _score_groups(split.aside, current)
    stage1 = Combination(1.0, 0.0, 0.0)
    return Outcome(_ndcg(measured, stage1), _ndcg(before, current.card.passages), _ndcg(measured, order), out)


def _ndcg(sets: Mapping[str, Sequence[combination.Scored]], order: Combination) -> dict[str, float]:
    weighed = (order.cosine, order.maxsim, order.joint, order.lexical)
    return {name: combination.mean_ndcg({name: found}, weighed) for name, found in sets.items()}


def _require_enough(pairs: Sequence[Pair], split: Split, recipe: Recipe) -> None:
    groups = [*split.learned, *split.watched, *split.aside]
    if not any(len(group.negatives) >= recipe.negatives for group in split.learned) or not split.aside:
        raise BadDataset(
            f"Of {len(pairs)} pairs only {len(groups)} have enough hard negatives to learn from;"
            " give pairs with more different passages."
        )
    if not split.watched:
        raise BadDataset(
            f"The {len(pairs)} pairs have too few different questions and passages to keep some aside; give more."
        )


def _reranker(folder: Path) -> InteractionReranker:
    return InteractionReranker(weights.find(str(folder)), weights.find(ENCODER))


def _trainer(recipe: Recipe) -> Trainer:
    quiet.libraries()
    from rag_chat.training.trainer import Trainer

    start = weights.find(ENCODER)
    shipped = None if recipe.fresh else weights.SHIPPED / SHIPPED / WEIGHTS_FILE
    return Trainer(load_encoder(start, for_training=True), load_tokenizer(start), recipe, shipped)


def _train(
    trainer: Trainer, split: Split, order: Combination, folder: RunFolder, progress: Progress | None
) -> tuple[Best, tuple[str, ...]]:
    """The weights that rank the watched groups best, and what there is to say of the run."""
    steps, descent = trainer.recipe.steps, trainer.descent

    def measured() -> float:
        return _ndcg({"watched": _score_groups(split.watched, trainer)}, order)["watched"]

    beside = folder.resume(descent)
    best = Best(**beside) if beside else Best(measured(), 0, descent.weights())
    begun, every = descent.step, -(-steps // MEASURED)
    with folder.losses(begun) as log:

        def report(step: int, losses: dict[str, float]) -> None:
            log(step, losses)
            if step % CHECKPOINT_EVERY == 0 and step % every and step < steps:
                folder.save(descent, best.state())
            if progress is not None:
                progress("training", step, steps)

        while descent.step < steps and not best.stands:
            trainer.train(split.learned, report, until=min(steps, (descent.step // every + 1) * every))
            best = best.after(measured(), descent.step, descent.weights())
            folder.save(descent, best.state())
    finished = (FINISHED.format(steps=begun),) if begun and begun == descent.step else ()
    early = (EARLY.format(step=descent.step, steps=steps, patience=PATIENCE),) if descent.step < steps else ()
    kept = (
        f"Of {descent.step} steps the weights after step {best.step} are kept: they rank {len(split.watched)} questions"
        " best that nothing was learned from."
    )
    return best, (*finished, *early, kept)


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


def _score_groups(groups: Sequence[Group], reranker: SignalScorer) -> list[combination.Scored]:
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
