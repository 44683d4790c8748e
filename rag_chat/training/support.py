"""`rag-chat train support`: the reader, from files of pairs to a folder of weights with their card.

Trains on pairs, on labelled claims and on exercises, with checkpoints; then sets on data that
nothing was trained on how quotes are ordered, when there is no evidence, and when a quote counts as carrying a
sentence. Everything random follows the seed; an interrupted run goes on from its last checkpoint.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rag_chat import quiet, weights
from rag_chat.bert import load_encoder, load_tokenizer
from rag_chat.errors import BadDataset
from rag_chat.library.files import no_space_is_disk_full
from rag_chat.reading.reader import CARD_FILE, WEIGHTS_FILE, Reader
from rag_chat.scoring import QuoteOrder, SupportOrder
from rag_chat.training import claims as judged
from rag_chat.training import evidence
from rag_chat.training.claims import Claim
from rag_chat.training.examples import Examples
from rag_chat.training.exercises import Exercise, claims_of, read_exercises, taught
from rag_chat.training.mining import mine
from rag_chat.training.pairs import Pair, fingerprint, gather, whole_titles
from rag_chat.training.run_folder import FINISHED, FULL, Progress, RunFolder, write_whole

if TYPE_CHECKING:
    from rag_chat.protocols import Embedder
    from rag_chat.training.reading import ReaderTrainer, Recipe
    from rag_chat.weights import Weights

FEWEST = 50  # pairs
KEPT_ASIDE = 5  # one claim in so many is never trained on
CLAIMS = 500  # of a set that the check is fitted on, so that none outweighs the others
SWAPPED, SWAPPED_EACH = 1000, 4  # sentences made for the calibration, half of them false in one place; a question
CHECKPOINT_EVERY = 250  # steps
SHIPPED = "minilm-reader"
ENCODER = "all-MiniLM-L6-v2"
MINED, LARGEST_SOURCE = 8, 32_000  # hard passages a question; questions of a source that get some
START_QUOTES, START_SUPPORT = QuoteOrder(1.0, 1.0, 0.5), SupportOrder(4.0, -4.0, -2.0, -2.0, 0.5, -2.0)


@dataclass(frozen=True, slots=True)
class Sources:
    """Files to learn from, and one of questions with and without an answer (`answerable`) to set the gate on, together
    with the exercises that are kept aside."""

    pairs: Sequence[Path]
    claims: Sequence[Path]
    answerable: Path
    exercises: Sequence[Path] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the weights are worth on what was kept aside; `swapped` and `claims` are balanced accuracies."""

    gate: evidence.Gate
    swapped: float
    claims: dict[str, float]
    out: Path
    notes: tuple[str, ...] = ()  # sentences on how the run went


def run(
    sources: Sources,
    out: Path,
    recipe: Recipe,
    stages: evidence.Stages,
    progress: Progress,
    *,
    restart: bool = False,
) -> Outcome:
    """Trains and writes `out`. Raises BadDataset for unreadable files or fewer than 50 usable pairs, BadSetting where
    `out` holds another run and `restart` does not say to forget it."""
    exercises = [exercise for path in sources.exercises for exercise in read_exercises(path)]
    aside = [exercise for exercise in exercises if exercise.kept_aside]
    asked = _asked(sources, aside, recipe.seed)
    given = gather(sources.pairs)
    read = given.pairs
    pairs = [pair for pair in read if pair.answer and pair.answer in pair.passage]
    if len(pairs) < FEWEST:
        raise BadDataset(f"Only {len(pairs)} pairs have an answer that stands in the passage; give at least {FEWEST}.")
    known = {path.name: judged.read_claims(path) for path in sources.claims}
    learned = [c for path in known.values() for c in path if not kept_aside(c)]
    made_of = {
        "pairs": fingerprint(read, 0),
        "claims": fingerprint((), 0, [f"{c.sentence}\0{c.quote}\0{c.carried}" for c in learned]),
        "exercises": fingerprint((), 0, [repr(exercise) for exercise in exercises]),
        "embedder": stages.embedder.name,
    }
    folder = RunFolder(out, asdict(recipe) | made_of, restart=restart)
    examples = Examples(read, hard_passages(pairs, out, recipe.seed, stages.embedder, progress), taught(exercises))
    trainer = _trainer(recipe)
    folder.resume(trainer.descent)
    notes = (*given.notes, *_train(trainer, examples, learned, folder, progress))
    export(trainer, out)
    claims = {name: [c for c in path if kept_aside(c)] for name, path in known.items()}
    return replace(calibrate(out, asked, claims | {"exercises": claims_of(aside)}, stages, progress), notes=notes)


def calibrate_only(
    sources: Sources, out: Path, trained: Weights, stages: evidence.Stages, progress: Progress
) -> evidence.Gate:
    """Writes a copy of the trained reader whose order of quotes and threshold suit the reranker in `stages`; the check
    of sentences, which no reranker takes part in, stays as it is."""
    aside = [one for path in sources.exercises for one in read_exercises(path) if one.kept_aside]
    asked = _asked(sources, aside, 0)
    gate = _gate(asked, Reader(trained, weights.find(ENCODER)), stages, progress)
    assert trained.path is not None
    with no_space_is_disk_full(FULL.format(name=out.name)):
        out.mkdir(parents=True, exist_ok=True)
    card = json.loads((trained.path / CARD_FILE).read_text(encoding="utf-8"))
    write_whole(out / WEIGHTS_FILE, (trained.path / WEIGHTS_FILE).read_bytes())
    _write_card(out, {**card, "quotes": asdict(gate.order), "threshold": gate.threshold})
    return gate


def calibrate(
    out: Path,
    asked: Sequence[evidence.Asked],
    aside: dict[str, list[Claim]],
    stages: evidence.Stages,
    progress: Progress,
) -> Outcome:
    """Sets the card's three parts on questions and claims that were kept aside, and says what they are worth there."""
    reader = Reader(weights.find(str(out)), weights.find(ENCODER))
    gate = _gate(asked, reader, stages, progress)
    swapped = made_claims(asked, min(SWAPPED, SWAPPED_EACH * len(asked)), random.Random(0))
    some = [random.Random(0).sample(claims, min(CLAIMS, len(claims))) for claims in aside.values()]
    together = [*swapped, *(claim for claims in some for claim in claims)]
    support = judged.fit_order(together, _logits(reader, together))
    _write_card(out, {"quotes": asdict(gate.order), "support": asdict(support), "threshold": gate.threshold})
    return Outcome(
        gate,
        judged.accuracy(swapped, _logits(reader, swapped), support),
        {name: judged.accuracy(claims, _logits(reader, claims), support) for name, claims in aside.items() if claims},
        out,
    )


def hard_passages(
    pairs: Sequence[Pair], out: Path, seed: int, embedder: Embedder, progress: Progress
) -> dict[str, list[str]]:
    """By question the passages of its source that stage one ranks high for it and that lack the answer; mined once for
    the same pairs and kept in `out`."""
    path = out / f"hard-{fingerprint(pairs, seed, [embedder.name])}.json"
    if not path.exists():
        rng, found = random.Random(seed), dict[str, list[str]]()
        by_source: defaultdict[str, list[Pair]] = defaultdict(list)
        for pair in pairs:
            by_source[pair.source].append(pair)
        for done, (_, own) in enumerate(sorted(by_source.items())):
            progress("mining negatives", done, len(by_source))
            # A title in front would give a negative away: what is read has none.
            kept = [replace(pair, title="") for pair in whole_titles(own, LARGEST_SOURCE, rng)]
            found |= {g.question: list(g.negatives) for g in mine(kept, embedder, negatives=MINED, seed=seed)}
        write_whole(path, json.dumps(found).encode())
    hard: dict[str, list[str]] = json.loads(path.read_text(encoding="utf-8"))
    return hard


def made_claims(asked: Sequence[evidence.Asked], count: int, rng: random.Random) -> list[Claim]:
    """Carried sentences and swapped facts made of the answerable questions' passages."""
    pairs = [Pair(a.question, a.passage, a.passage[:40], a.answers[0], "made") for a in asked if a.answers]
    examples = Examples(pairs)
    return [examples.claim(rng) for _ in range(count)]


def kept_aside(claim: Claim) -> bool:
    """A fifth of the claims, the same whatever else is trained on."""
    return hashlib.sha256(claim.sentence.encode()).digest()[0] % KEPT_ASIDE == 0


def export(trainer: ReaderTrainer, out: Path) -> None:
    """What training changed, in half precision, with a card to start from."""
    from safetensors.torch import save

    write_whole(out / WEIGHTS_FILE, save({n: w.half().contiguous() for n, w in trainer.descent.weights().items()}))
    start = {"quotes": asdict(START_QUOTES), "support": asdict(START_SUPPORT), "threshold": 0.0}
    _write_card(out, {**start, "base_sha256": weights.hash_of(weights.find(ENCODER)), "recipe": asdict(trainer.recipe)})


def _trainer(recipe: Recipe) -> ReaderTrainer:
    quiet.libraries()
    from rag_chat.training.reading import ReaderTrainer

    start = weights.find(ENCODER)
    shipped = None if recipe.fresh else weights.SHIPPED / SHIPPED / WEIGHTS_FILE
    return ReaderTrainer(load_encoder(start, for_training=True), load_tokenizer(start), recipe, shipped)


def _train(
    trainer: ReaderTrainer, examples: Examples, known: Sequence[Claim], folder: RunFolder, progress: Progress
) -> tuple[str, ...]:
    """What there is to say of it."""
    begun = trainer.descent.step
    if begun == trainer.recipe.steps:
        return (FINISHED.format(steps=begun),)
    with folder.losses(begun) as log:

        def report(step: int, losses: dict[str, float]) -> None:
            log(step, losses)
            if step % CHECKPOINT_EVERY == 0 or step == trainer.recipe.steps:
                folder.save(trainer.descent)
            progress("training", step, trainer.recipe.steps)

        trainer.train(examples, known, report)
    return trainer.descent.notes


def _asked(sources: Sources, aside: Sequence[Exercise], seed: int) -> list[evidence.Asked]:
    return [*evidence.read(sources.answerable, seed), *evidence.some(evidence.asked_of(aside), seed)]


def _gate(
    asked: Sequence[evidence.Asked], reader: Reader, stages: evidence.Stages, progress: Progress
) -> evidence.Gate:
    return evidence.gate(asked, stages, reader, lambda done, total: progress("setting the gate", done, total))


def _logits(reader: Reader, claims: Sequence[Claim]) -> list[float]:
    return reader.carried([c.sentence for c in claims], [c.quote for c in claims])


def _write_card(out: Path, changed: dict[str, object]) -> None:
    """Keeps what the card says of the recipe."""
    path = out / CARD_FILE
    before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    write_whole(path, (json.dumps({**before, **changed}, indent=2) + "\n").encode())
