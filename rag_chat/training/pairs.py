"""Training pairs: a question and the passage that answers it, one JSON object a line."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import re
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rag_chat.errors import BadDataset

SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")
CLAIM_WORDS = (8, 30)  # a sentence of this many words can stand for a claim that someone looks up


@dataclass(frozen=True, slots=True)
class Pair:
    """`answer` is the text inside the passage that answers, or '' where the set does not say."""

    question: str
    passage: str
    title: str
    answer: str
    source: str


@dataclass(frozen=True, slots=True)
class Gathered:
    """What several files hold, each pair once, and a sentence on each kind that was left out."""

    pairs: list[Pair]
    notes: tuple[str, ...]


def gather(files: Sequence[Path], others: Sequence[Pair] = ()) -> Gathered:
    """English or unmarked pairs of JSON-lines files (`.jsonl` or `.jsonl.gz`), in their order, after `others`.

    A line needs `question` and `passage`; `title`, `answer`, `source`, `lang` and `answerable` are used where present.
    Raises BadDataset with the file's name and line number, and where no pair is left.
    """
    rows = [row for path in files for row in _rows(path)]
    usable = [*others, *(row for row in rows if row is not None)]
    foreign = rows.count(None)
    if foreign and not usable:
        raise BadDataset(
            f"No pair can be trained on: by their `lang` and `answerable` all {foreign} are in other languages than"
            " English or have no answer."
        )
    pairs = distinct(usable)
    notes = (
        *_left_out(foreign, "in other languages or without an answer", len(rows)),
        *_left_out(len(usable) - len(pairs), "duplicates", len(usable)),
    )
    return Gathered(pairs, notes)


def distinct(pairs: Sequence[Pair]) -> list[Pair]:
    """The first of those with the same question and passage, blanks and capitals aside."""
    first: dict[tuple[str, str], Pair] = {}
    for pair in pairs:
        first.setdefault((_plain(pair.question), _plain(pair.passage)), pair)
    return list(first.values())


def _left_out(count: int, what: str, of: int) -> tuple[str, ...]:
    return (f"{count} {what} left out of {of} pairs.",) if count else ()


def apart(pairs: Sequence[Pair], share: float, most: int, rng: random.Random) -> tuple[list[Pair], list[Pair]]:
    """The rest, and about this share of the pairs, at most `most`, kept aside: no question and no passage is on both
    sides. None are, where all hang together by their questions and passages."""
    together = _clusters(pairs)
    rng.shuffle(together)
    wanted, aside = min(int(len(pairs) * share), most), list[Pair]()
    for cluster in together:
        if len(aside) < wanted and len(aside) + len(cluster) <= 2 * wanted:
            aside += cluster
    chosen = set(aside)
    return [pair for pair in pairs if pair not in chosen], aside


def claims(pairs: Sequence[Pair], count: int, rng: random.Random) -> list[Pair]:
    """Pairs made of unlabelled text: one sentence of a passage as the query, the rest of the passage as its answer.

    The inverse cloze task (Lee et al. 2019, arXiv:1906.00300); it keeps the ranking of statements, which no labelled
    set here contains, from being forgotten.
    """
    made: list[Pair] = []
    passages = sorted({(pair.title, pair.passage, pair.source) for pair in pairs})
    rng.shuffle(passages)
    for title, passage, source in passages:
        sentences = SENTENCE.split(passage)
        fit = [s for s in sentences if CLAIM_WORDS[0] <= len(s.split()) <= CLAIM_WORDS[1]]
        if len(sentences) < 4 or not fit:
            continue
        chosen = rng.choice(fit)
        rest = " ".join(s for s in sentences if s != chosen)
        made.append(Pair(chosen, rest, title, "", f"claims:{source}"))
        if len(made) == count:
            break
    return made


def fingerprint(pairs: Sequence[Pair], seed: int, others: Sequence[str] = ()) -> str:
    """Names what is built of these pairs and kept, so that other pairs never meet it."""
    digest = hashlib.sha256(str(seed).encode())
    for text in (*(f"{pair.question}\0{pair.passage}\0{pair.answer}" for pair in pairs), *others):
        digest.update(text.encode() + b"\0\0")
    return digest.hexdigest()[:12]


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


def _clusters(pairs: Sequence[Pair]) -> list[list[Pair]]:
    """Pairs that a question or a passage joins, directly or by way of others."""
    parent: dict[tuple[str, str], tuple[str, str]] = {}

    def root(key: tuple[str, str]) -> tuple[str, str]:
        while parent.setdefault(key, key) != key:
            parent[key] = key = parent[parent[key]]
        return key

    for pair in pairs:
        parent[root(("question", _plain(pair.question)))] = root(("passage", _plain(pair.passage)))
    found: defaultdict[tuple[str, str], list[Pair]] = defaultdict(list)
    for pair in pairs:
        found[root(("passage", _plain(pair.passage)))].append(pair)
    return list(found.values())


def _plain(text: str) -> str:
    return " ".join(text.lower().split())


def _rows(path: Path) -> list[Pair | None]:
    """Of each line with something in it; None for a pair in another language or without an answer."""
    if path.is_dir():
        raise BadDataset(f"'{path.name}' is a folder; name a file of pairs in it with --pairs.")
    if not path.is_file():
        raise BadDataset(
            f"No file '{path.name}' with training pairs is there; give --pairs a .jsonl or .jsonl.gz file."
        )
    rows: list[Pair | None] = []
    for number, line in enumerate(lines(path), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            question, passage = row["question"].strip(), row["passage"].strip()
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            raise BadDataset(
                f"Line {number} of '{path.name}' is no JSON object with the texts `question` and `passage`: {error}."
            ) from error
        if not question or not passage:
            raise BadDataset(
                f"Line {number} of '{path.name}' has an empty `question` or `passage`; fill it or take the line out."
            )
        if row.get("lang", "en") != "en" or not row.get("answerable", True):
            rows.append(None)
            continue
        texts = [row.get(key) or missing for key, missing in (("title", ""), ("answer", ""), ("source", path.name))]
        if not all(isinstance(text, str) for text in texts):
            raise BadDataset(f"Line {number} of '{path.name}': `title`, `answer` and `source` must be texts.")
        try:
            "".join((question, passage, *texts)).encode()
        except UnicodeEncodeError as error:  # JSON may hold halves of a pair, which no file can
            half = error.object[error.start]
            raise BadDataset(f"Line {number} of '{path.name}' holds half a character ({half!a}); mend it.") from error
        rows.append(Pair(question, passage, *texts))
    return rows


def lines(path: Path) -> Iterator[str]:
    """The lines of a text file, unpacked where it ends in `.gz`."""
    try:
        opened = gzip.open if path.suffix == ".gz" else open
        with opened(path, "rt", encoding="utf-8-sig") as file:  # Windows editors begin a file with a mark
            yield from file
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise BadDataset(f"The file '{path.name}' cannot be read as text: {error}; make it anew.") from error
