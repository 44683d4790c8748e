"""`rag-chat train answerer`: from files of pairs to an adapter that makes the small language model an answerer.

Builds lessons with stage one, trains with checkpoints, writes the adapter in half precision with the hash of the
weights it belongs to. Everything random follows the seed; an interrupted run goes on from its last checkpoint.
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag_chat import quiet, weights
from rag_chat.chat import prompt
from rag_chat.compute import this_machine
from rag_chat.errors import BadDataset
from rag_chat.generation.adapter import ADAPTER_FILE, BASE_HASH, BASE_NAME, CONFIG_FILE
from rag_chat.generation.dense_copy import dense_copy
from rag_chat.generation.template import plain_ids, prompt_ids
from rag_chat.training.lessons import Lesson, lessons_of
from rag_chat.training.pairs import Pair, fingerprint, gather, whole_titles
from rag_chat.training.run_folder import FINISHED, Progress, RunFolder, write_whole

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from rag_chat.protocols import Embedder
    from rag_chat.training.adapter_trainer import AdapterRecipe, AdapterTrainer, Encoded

BASE = "SmolLM2-135M-Instruct"
FEWEST = 50  # lessons
LEARNED, UNANSWERED, SPARE = 3_000, 120, 2  # lessons of a source, of one without answers; pairs read for each
KEPT_ASIDE, MOST_ASIDE = 0.05, 64
CHECKPOINT_EVERY = 25  # steps


@dataclass(frozen=True, slots=True)
class Taught:
    """Mean loss of an answer's token on lessons kept aside, before and after."""

    before: float
    after: float
    lessons: int
    notes: tuple[str, ...]  # sentences on how the run went
    out: Path


def run(
    files: Sequence[Path],
    out: Path,
    embedder: Embedder,
    recipe: AdapterRecipe,
    *,
    cache: Path,
    restart: bool = False,
    progress: Progress | None = None,
) -> Taught:
    """Trains and writes `out`. Raises BadDataset for unreadable files or fewer than 50 lessons, BadSetting where `out`
    holds another run and `restart` does not say to forget it."""
    given = gather(files)
    pairs = given.pairs
    made_of = {**asdict(recipe), "pairs": fingerprint(pairs, 0), "embedder": embedder.name}
    folder = RunFolder(out, made_of, restart=restart)
    lessons = lessons_from(pairs, out, embedder, recipe.seed, progress)
    trainer, tokenizer = _trainer(recipe, cache)
    encoded = [e for e in (_encode(tokenizer, lesson) for lesson in lessons) if len(e.ids) <= recipe.longest]
    cut = min(int(len(encoded) * KEPT_ASIDE), MOST_ASIDE)
    aside, learned = encoded[:cut], encoded[cut:]
    before = trainer.loss(aside)
    folder.resume(trainer.descent)
    notes = (*given.notes, *_train(trainer, learned, folder, progress))
    export(trainer, out)
    return Taught(before, trainer.loss(aside), len(learned), notes, out)


def lessons_from(
    every: Sequence[Pair], out: Path, embedder: Embedder, seed: int, progress: Progress | None = None
) -> list[Lesson]:
    """In an order drawn once; kept in `out`, as building them takes minutes."""
    path = out / f"lessons-{fingerprint(every, seed, [embedder.name])}.jsonl"
    if not path.exists():
        by_source: defaultdict[str, list[Pair]] = defaultdict(list)
        for pair in every:
            by_source[pair.source].append(pair)
        rng = random.Random(seed)
        built: list[Lesson] = []
        for done, (_, pairs) in enumerate(sorted(by_source.items())):
            if progress is not None:
                progress("building lessons", done, len(by_source))
            most = LEARNED if any(pair.answer for pair in pairs) else UNANSWERED
            built += lessons_of(whole_titles(pairs, SPARE * most, rng), embedder, most, seed)
        rng.shuffle(built)
        if len(built) < FEWEST:
            raise BadDataset(
                f"{len(every)} pairs give {len(built)} lessons, which is too few to train on;"
                f" give at least {FEWEST} whose `answer` stands in the passage word for word."
            )
        write_whole(path, "".join(json.dumps(asdict(lesson)) + "\n" for lesson in built).encode())
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [Lesson(r["question"], tuple(r["quotes"]), r["target"], r["source"]) for r in rows]


def export(trainer: AdapterTrainer, out: Path) -> None:
    """peft's own file layout, in half precision, and beside its settings the hash of the base and the recipe."""
    from safetensors.torch import save

    tensors = {name: w.half().contiguous() for name, w in trainer.trained_weights().items()}
    write_whole(out / ADAPTER_FILE, save(tensors))
    settings: dict[str, Any] = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        BASE_NAME: BASE,
        BASE_HASH: weights.hash_of(weights.find(BASE)),
        "r": trainer.recipe.rank,
        "lora_alpha": trainer.recipe.alpha,
        "target_modules": sorted(trainer.config.target_modules),
        "layers_to_transform": trainer.config.layers_to_transform,
        "bias": "none",
        "recipe": asdict(trainer.recipe),
    }
    write_whole(out / CONFIG_FILE, (json.dumps(settings, indent=2) + "\n").encode())


def _trainer(recipe: AdapterRecipe, cache: Path) -> tuple[AdapterTrainer, PreTrainedTokenizerBase]:
    quiet.libraries()
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from rag_chat.training.adapter_trainer import AdapterTrainer

    found = weights.find(BASE)
    assert found.path is not None
    folder = str(dense_copy(found.path, cache))
    # Eager attention: on a CPU its backward pass is faster than that of the fused kernel (measured).
    base: Any = AutoModelForCausalLM.from_pretrained(
        folder, dtype=this_machine().dtype, attn_implementation="eager", local_files_only=True
    )
    tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    return AdapterTrainer(base.to(this_machine().device), recipe), tokenizer


def _encode(tokenizer: PreTrainedTokenizerBase, lesson: Lesson) -> Encoded:
    from rag_chat.training.adapter_trainer import Encoded

    asked = prompt_ids(tokenizer, prompt.QUOTES_INSTRUCTIONS, prompt.about(lesson.question, lesson.quotes))
    assert isinstance(tokenizer.eos_token_id, int)
    return Encoded((*asked, *plain_ids(tokenizer, lesson.target), tokenizer.eos_token_id), len(asked))


def _train(
    trainer: AdapterTrainer, lessons: Sequence[Encoded], folder: RunFolder, progress: Progress | None
) -> tuple[str, ...]:
    """What there is to say of it."""
    begun = trainer.descent.step
    if begun == trainer.recipe.steps:
        return (FINISHED.format(steps=begun),)
    with folder.losses(begun) as log:

        def report(step: int, loss: float) -> None:
            log(step, {"loss": loss})
            if step % CHECKPOINT_EVERY == 0 or step == trainer.recipe.steps:
                folder.save(trainer.descent)
            if progress is not None:
                progress("training", step, trainer.recipe.steps)

        trainer.train(lessons, report)
    return trainer.descent.notes
