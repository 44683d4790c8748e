"""The README's table of answers, each generator on questions with five given passages.

    python -m benchmarks.answers --data DIR --out DIR [--questions N] [--seed N] [--generator G]...

--data/rag holds squad2_dev_tune.jsonl.gz and clapnq_dev_tune.jsonl.gz: `id`, `question`, `title`, `passage`, `answers`
and `answerable` a line. The sets made of them go to --out, where `rag-chat eval answers OUT/SET --given` reads them
too. The answers of CLAPNQ are whole paragraphs, which no quote holds word for word: look at token F1 there.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path

from benchmarks import answer_sets, door
from rag_chat import build, config
from rag_chat.build import Models
from rag_chat.commands.evaluate_answers import measured, with_generator
from rag_chat.config import Settings
from rag_chat.errors import BadSetting, NotFound
from rag_chat.evaluation import answer_set
from rag_chat.evaluation.answers import Row

FILES = {"squad2": "squad2_dev_tune.jsonl.gz", "clapnq": "clapnq_dev_tune.jsonl.gz"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="holds rag/squad2_dev_tune.jsonl.gz and so on")
    parser.add_argument("--out", type=Path, required=True, help="where the sets go, a folder each")
    parser.add_argument("--set", action="append", default=[], help="only sets whose name begins so; repeatable")
    parser.add_argument("--questions", type=int, default=100, help="of each set")
    parser.add_argument("--seed", type=int, default=0, help="of the questions and of the place of their passage")
    parser.add_argument("--generator", action="append", default=[], help="as rag-chat eval answers takes it")
    arguments = parser.parse_args()
    if arguments.questions < 1:
        raise BadSetting(f"--questions {arguments.questions} leaves nothing to measure with; give 1 or more.")
    settings = config.load()
    shared = build.models(settings)
    folders = made(arguments.data / "rag", arguments.out, shared, settings, (arguments.questions, arguments.seed))
    wanted = [f for f in folders if not arguments.set or f.name.startswith(tuple(arguments.set))]
    if not wanted:
        raise NotFound(f"No set's name begins with {' or '.join(arguments.set)}; there are: {_names(folders)}.")
    variants = [with_generator(settings, name) for name in arguments.generator or ("quoting", settings.generator_name)]
    found = []
    for folder in wanted:
        found.append((folder.name, measured(answer_set.read(folder), shared, variants, given=True)))
        door.note(f"{folder.name}: {[asdict(line) for line in found[-1][1]]}")
    print(table(found))


def made(data: Path, out: Path, shared: Models, settings: Settings, drawn: tuple[int, int]) -> list[Path]:
    """The sets of every source that is there; `drawn` is how many questions, and the seed."""
    count, seed = drawn
    folders = []
    for name, file in FILES.items():
        if (data / file).is_file():
            source = answer_sets.read(data / file, name)
            folders += answer_sets.write_all(source, out, shared.embedder, cache=settings.cache, count=count, seed=seed)
    if not folders:
        raise NotFound(f"Neither {' nor '.join(FILES.values())} is in '{data.name}' of --data; name their folder.")
    return folders


def table(found: Sequence[tuple[str, Sequence[Row]]]) -> str:
    """The rows of each set."""
    heads = ["set", *(field.name.replace("_", " ") for field in fields(Row))]
    rows = [[name, *map(_cell, asdict(line).values())] for name, lines in found for line in lines]
    return door.markdown(heads, rows)


def _names(folders: Sequence[Path]) -> str:
    return ", ".join(folder.name for folder in folders)


def _cell(value: str | float | None) -> str:
    if value is None:
        return "–"
    return value if isinstance(value, str) else f"{value:.3f}"


if __name__ == "__main__":
    door.run(main)
