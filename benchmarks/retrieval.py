"""The README's table of ranking quality: each signal alone and combined, on retrieval sets in BEIR's layout.

    python -m benchmarks.retrieval --data DIR [--set NAME]... [--skip N] [--limit N] [--float32]

DIR/retrieval holds a folder for each set. Sets of other languages are left out; those marked report-only have never
been used to choose anything. --skip leaves out the first queries of the other sets, on which the weights of the order
were set (200, see `rag_chat/training/reranker.py`), where enough are left.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks import door
from rag_chat import build, compute, config
from rag_chat.errors import NotFound
from rag_chat.evaluation import beir, metrics, retrieval
from rag_chat.evaluation.retrieval import Ranked
from rag_chat.protocols import Embedder, Reranker
from rag_chat.rerank.interaction import InteractionReranker
from rag_chat.scoring import Combination
from rag_chat.training.calibration import expected_calibration_error

REPORT_ONLY = frozenset({"scifact_test", "nfcorpus_test"})
OTHER_LANGUAGES = ("_de", "_es", "_zh")
COLUMNS = ("cosine", "maxsim", "joint", "lexical", "pair", "final")
HEADS = (
    "set",
    "queries",
    "stage one (cosine)",
    "MaxSim alone",
    "joint head alone",
    "words and pairs alone",
    "cross-encoder alone",
    "**combined**",
    "gain",
    "calibration error",
    "ms",
)


@dataclass(frozen=True, slots=True)
class Line:
    """nDCG@10 of one set: by signal, and `final` for the combined order."""

    name: str
    queries: int
    ndcg: dict[str, float]
    recall: float
    ms: float
    error: float  # expected calibration error of the final score, over all candidates

    @property
    def gain(self) -> float:
        return self.ndcg["final"] - self.ndcg["cosine"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="holds retrieval/NAME/corpus.jsonl.gz and so on")
    parser.add_argument("--set", action="append", default=[], help="only this set; repeatable")
    parser.add_argument("--skip", type=int, default=0, help="leave out the first N queries of sets to tune on")
    parser.add_argument("--limit", type=int, help="only so many queries of each set")
    parser.add_argument("--float32", action="store_true", help="what the machine's faster numbers are compared with")
    arguments = parser.parse_args()
    folders = sets(arguments.data / "retrieval", arguments.set)
    if arguments.float32:
        compute.SPEEDUP_WANTED = float("inf")  # nothing is fast enough to leave float32
    settings = config.load()
    embedder, reranker = build.embedder(settings), build.reranker(settings)[0]
    lines = []
    for folder in folders:
        lines.append(measured(wanted(folder, arguments.skip, arguments.limit), embedder, reranker, settings.cache))
        door.note(f"{folder.name}: {lines[-1].ndcg}")
    print(table(lines))


def sets(folder: Path, wanted: Sequence[str]) -> list[Path]:
    """The English sets, or those asked for."""
    found = sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    kept = [p for p in found if (p.name in wanted if wanted else not p.name.endswith(OTHER_LANGUAGES))]
    if not kept:
        raise NotFound(f"No retrieval set is in '{folder.name}' of --data; it needs a folder with corpus.jsonl.gz.")
    return kept


def wanted(folder: Path, skip: int, limit: int | None) -> beir.Dataset:
    dataset = beir.read(folder)
    return dataset.part(0 if folder.name in REPORT_ONLY else skip, limit)


def measured(dataset: beir.Dataset, embedder: Embedder, reranker: Reranker, cache: Path) -> Line:
    corpus = retrieval.embed_corpus(dataset, embedder, cache, _tell)
    ranked = retrieval.rank_all(dataset, corpus, embedder, reranker)
    done = retrieval.counted(ranked, len(dataset.queries), _tell)
    stage1, final = retrieval.rows(done, dataset, "rerank")
    ndcg = {name: found["ndcg@10"] for name, found in retrieval.signal_measures(done, dataset).items()}
    # Stage one's own row, not the cosine signal: a reranker need not hand that on.
    ndcg |= {"cosine": stage1.measures["ndcg@10"], "final": final.measures["ndcg@10"]}
    if isinstance(reranker, InteractionReranker):
        ndcg["pair"] = pair_alone(done, dataset, reranker.card.passages)
    return Line(
        dataset.name, len(dataset.queries), ndcg, stage1.measures["recall@50"], final.ms_per_query, off(done, dataset)
    )


def off(ranked: Sequence[Ranked], dataset: beir.Dataset) -> float:
    """How far the final score is from the share of candidates that are judged relevant."""
    found = [(c.score, dataset.qrels.get(one.query_id, {}).get(c.chunk.id, 0) > 0) for one in ranked for c in one.final]
    scores, relevant = zip(*found, strict=True)
    return expected_calibration_error(np.array(scores), np.array(relevant))


def pair_alone(ranked: Sequence[Ranked], dataset: beir.Dataset, order: Combination) -> float:
    """nDCG@10 of all that the cross-encoder reads in a pair: MaxSim, head and words as they weigh in the final order,
    without stage one's cosine."""
    alone = replace(order, cosine=0.0)
    run = {
        one.query_id: [c.chunk.id for c in sorted(one.final, key=lambda c: (-alone.logit(c.signals), c.rank))]
        for one in ranked
    }
    return metrics.summary(run, dataset.qrels)["ndcg@10"]


def table(lines: Sequence[Line]) -> str:
    """The sets, and the mean of those that choices were allowed to see."""
    rows = [_row(line) for line in lines]
    for label, kept in (
        ("mean of the sets to tune on", [line for line in lines if line.name not in REPORT_ONLY]),
        ("mean of all", list(lines)),
    ):
        if len(kept) > 1:
            shared = [c for c in COLUMNS if all(c in line.ndcg for line in kept)]
            ndcg = {c: statistics.mean(line.ndcg[c] for line in kept) for c in shared}
            mean_ms = statistics.mean(line.ms for line in kept)
            error = statistics.mean(line.error for line in kept)
            rows.append(_row(Line(label, sum(line.queries for line in kept), ndcg, 0.0, mean_ms, error)))
    return door.markdown(HEADS, rows)


def _row(line: Line) -> list[str]:
    name = f"{line.name} (report-only)" if line.name in REPORT_ONLY else line.name
    cells = [f"{line.ndcg[c]:.4f}" if c in line.ndcg else "–" for c in COLUMNS]
    return [
        name,
        str(line.queries),
        *cells[:-1],
        f"**{cells[-1]}**",
        f"{line.gain:+.4f}",
        f"{line.error:.3f}",
        f"{line.ms:.0f}",
    ]


def _tell(what: str, done: int, total: int) -> None:
    if done % 100 < 1 or done == total:
        door.note(f"  {what}: {done} of {total}")


if __name__ == "__main__":
    door.run(main)
