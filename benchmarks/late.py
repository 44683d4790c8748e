"""Late interaction against the cross-encoder on the same candidates: what it saves in time and costs in quality.

    python -m benchmarks.late --data DIR [--set NAME] [--candidates 200] [--skip N] [--limit N] [--texts N]

DIR/retrieval/NAME is in BEIR's layout. Candidates are stage one's; both read all of them, in turns, the first of each
not counted. Token vectors are the library's own, made beforehand as documents bring them (`--texts` takes no more than
so many texts, judged ones first, as making them takes a second for fifty).
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks import door
from rag_chat import build, config
from rag_chat.evaluation import beir, metrics, modes, retrieval
from rag_chat.evaluation.beir import Dataset
from rag_chat.protocols import Reranker, Retriever
from rag_chat.trace import Trace

SET = "nfcorpus_dev"


@dataclass(slots=True)
class Read:
    """What one way of reading made of every query: ids, best first, and seconds."""

    rankings: dict[str, list[str]] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder that holds retrieval/")
    parser.add_argument("--set", default=SET)
    parser.add_argument("--candidates", type=int, default=200)
    parser.add_argument("--skip", type=int, default=200, help="queries passed over: the order's weights were set there")
    parser.add_argument("--limit", type=int, default=100, help="queries")
    parser.add_argument("--texts", type=int, default=sys.maxsize, help="no more texts than these")
    arguments = parser.parse_args()
    settings = config.load(generator="quoting")
    dataset = part(beir.read(arguments.data / "retrieval" / arguments.set), arguments)
    shared = build.models(settings)
    vectors = retrieval.corpus_vectors(dataset, shared.embedder, settings.cache)
    tokens = retrieval.corpus_tokens(dataset, build.token_encoder(settings, shared.embedder, shared.scorer))
    size = sum(codes.nbytes for codes in tokens.codes) / 1e3 / len(dataset.corpus)
    door.note(f"{len(dataset.corpus)} texts, {size:.1f} kB of token vectors a text")
    with modes.library(dataset, vectors, tokens) as library:
        routes = build.routes(settings, shared, library.catalog, library.store)
        ways = {"cross-encoder": routes["rerank"].reranker, "late interaction": routes["late-interaction"].reranker}
        done = compare(dataset, routes["dense"].retriever, ways, arguments.candidates)
    print(table(dataset, done))


def part(dataset: Dataset, arguments: argparse.Namespace) -> Dataset:
    chosen = list(dataset.queries.items())[arguments.skip : arguments.skip + arguments.limit]
    judged = {key for query, _ in chosen for key in dataset.qrels.get(query, {})}
    order = sorted(dataset.corpus, key=lambda key: key not in judged)[: arguments.texts]
    kept = set(order)
    return replace(
        dataset, queries=dict(chosen), corpus={key: text for key, text in dataset.corpus.items() if key in kept}
    )


def compare(dataset: Dataset, stage_one: Retriever, ways: dict[str, Reranker], candidates: int) -> dict[str, Read]:
    done = {"stage one": Read()} | {name: Read() for name in ways}
    for query, text in dataset.queries.items():
        start = time.perf_counter()
        first = stage_one.retrieve(text, candidates, trace=Trace())
        done["stage one"].seconds.append(time.perf_counter() - start)
        done["stage one"].rankings[query] = [c.chunk.id for c in first]
        for name, way in ways.items():
            start = time.perf_counter()
            found = way.rerank(text, first)
            done[name].seconds.append(time.perf_counter() - start)
            done[name].rankings[query] = [c.chunk.id for c in found]
        if len(done["stage one"].seconds) % 10 == 0:
            door.note(f"{len(done['stage one'].seconds)} of {len(dataset.queries)} queries")
    return done


def table(dataset: Dataset, done: dict[str, Read]) -> str:
    qrels = {query: dataset.qrels[query] for query in dataset.queries}
    rows: list[Sequence[str]] = []
    for name, read in done.items():
        found = metrics.means(metrics.per_query(read.rankings, qrels))
        rows.append([name, f"{1000 * statistics.median(read.seconds[1:]):.0f}", f"{found['ndcg@10']:.4f}"])
    return door.markdown((dataset.name, "ms", "nDCG@10"), rows)


if __name__ == "__main__":
    door.run(main)
