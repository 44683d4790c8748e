"""Which mode of searching is best for which form of question: what `auto` would have to know to choose by it.

    python -m benchmarks.forms --data DIR --set NAME [--set NAME] [--skip N] [--limit N] [--texts N]

DIR/retrieval/NAME is in BEIR's layout. Each English question is asked as it stands and by its content words alone, as
people type them into a search box. Forms are told apart by the question's words: one with a name or a figure, another,
keywords, and another language. nDCG@10, and the probability of chance parting a mode so far from `hybrid`.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

from benchmarks import door
from benchmarks.late import part
from rag_chat import build, config, language, words
from rag_chat.build import Models
from rag_chat.config import Settings
from rag_chat.evaluation import beir, metrics, modes, retrieval
from rag_chat.evaluation.beir import Dataset
from rag_chat.types import Mode

MODES: tuple[Mode, ...] = ("dense", "rerank", "hybrid", "late-interaction")
Found = dict[str, dict[Mode, dict[str, float]]]  # nDCG@10 by form, mode and query


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder that holds retrieval/")
    parser.add_argument("--set", action="append", required=True)
    parser.add_argument("--skip", type=int, default=200, help="queries passed over: the order's weights were set there")
    parser.add_argument("--limit", type=int, default=100, help="queries")
    parser.add_argument("--texts", type=int, default=sys.maxsize, help="no more texts than these, judged ones first")
    arguments = parser.parse_args()
    settings = config.load(generator="quoting")
    shared = build.models(settings)
    found: Found = defaultdict(lambda: defaultdict(dict))
    for name in arguments.set:
        dataset = part(beir.read(arguments.data / "retrieval" / name), arguments)
        for asked, is_typed in forms_of(dataset):
            measure(settings, shared, asked, is_typed, found)
    print(table(found))


def forms_of(dataset: Dataset) -> list[tuple[Dataset, bool]]:
    """The questions as they stand, and those of an English set as keywords."""
    if language.foreign(" ".join(dataset.queries.values())):
        return [(dataset, False)]
    return [(dataset, False), (replace(dataset, queries={q: keywords(t) for q, t in dataset.queries.items()}), True)]


def keywords(question: str) -> str:
    return " ".join(word for word in words.WORD.findall(question) if word.lower() not in words.STOP) or question


def form(question: str, is_typed: bool, is_foreign: bool) -> str:
    if is_foreign:
        return "another language"
    if is_typed:
        return "keywords"
    return "names or figures" if words.names(question) or words.numbers(question) else "other questions"


def measure(settings: Settings, shared: Models, dataset: Dataset, is_typed: bool, found: Found) -> None:
    """Adds each query's nDCG@10 under its form."""
    vectors = retrieval.corpus_vectors(dataset, shared.embedder, settings.cache)
    qrels = {query: dataset.qrels[query] for query in dataset.queries}
    is_foreign = bool(language.foreign(" ".join(dataset.queries.values())))
    with modes.library(dataset, vectors) as library:
        routes = build.routes(settings, shared, library.catalog, library.store)
        for run in modes.runs(dataset, routes, MODES, settings.candidates, lambda *_: None):
            if run.mode == "dense" or run.stage == "final":
                door.note(f"{dataset.name}{', keywords' if is_typed else ''}: {run.mode} done")
                for query, value in metrics.per_query(run.rankings, qrels)["ndcg@10"].items():
                    kind = form(dataset.queries[query], is_typed, is_foreign)
                    found[kind][run.mode][f"{dataset.name} {query}"] = value


def table(found: Found) -> str:
    rows = []
    for kind, by_mode in found.items():
        own = by_mode["hybrid"]
        cells = []
        for mode in MODES:
            mean = sum(by_mode[mode].values()) / len(own)
            cells.append(f"{mean:.4f}" + ("" if mode == "hybrid" else f" ({metrics.p_value(by_mode[mode], own):.2f})"))
        rows.append([kind, str(len(own)), *cells])
    return door.markdown(("questions", "n", *MODES), rows)


if __name__ == "__main__":
    door.run(main)
