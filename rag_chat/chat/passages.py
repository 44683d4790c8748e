"""From ranked candidates to the few passages that the answer may use, and their best quotes."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from rag_chat import front, language, words
from rag_chat.chat.citations import COUNTED
from rag_chat.protocols import AnswerReader, PairScorer
from rag_chat.scoring import QuoteOrder, logit
from rag_chat.search_copy import searchable
from rag_chat.sentences import has_cells, is_closed, is_row, item_sign, readable, split
from rag_chat.tables import column_names, is_years
from rag_chat.types import Candidate, Passage, Quote, Reading

OVERLAP = 0.6  # of the shorter one's characters: above this two chunks say the same twice
SAME, FEWEST_SAME = 0.9, 10  # share of the content words of two texts, and how many it takes to judge by them
FEWEST_WORDS = 3  # shorter "sentences" are page numbers, bullets, column heads
LONGEST_HEAD = 4  # words; a closed sentence that is longer says something, wherever it is repeated
FEWEST_NEW = 2  # content words that a heading must add to the question's own to be a quote
LOOKED_UP = 4.0  # logits that a list's entry gains for a question that asks for nothing but its code
FIRST_STEP = re.compile(r"1[.)]")  # below a heading; "(1)" and "(a)" are clauses, of which each stands alone
NUMBERED = re.compile(r"\(?(?:(\d{1,2})|([a-zA-Z]))[.)]\s")
MOST_BETWEEN = 2  # sentences between two items
LONGEST_LIST = 700  # characters of a sentence and the items that it announces
MOST_SENTENCES = 80  # scored for one question; the best passages' come first
MOST_READ = 12  # of them, where a reader says which answer; those further down were the best quote in no case tried
# What one asks of a code without saying more: "What does error E207 mean?"
OF_A_CODE = frozenset(
    map(
        words.stem,
        "mean means meaning error code message display displays show shows say says fault alarm warning problem happens"
        " stand stands appears fix clear reset cause causes".split(),
    )
)


def select(candidates: Sequence[Candidate], count: int) -> tuple[Passage, ...]:
    """The best candidates, numbered from 1, without those that repeat a better one (chunks overlap by design)."""
    kept: list[Candidate] = []
    for candidate in candidates:
        if len(kept) == count:
            break
        if not any(_repeats(candidate, better) for better in kept):
            kept.append(candidate)
    return tuple(Passage(number, candidate) for number, candidate in enumerate(kept, start=1))


def best_quotes(
    question: str,
    passages: Sequence[Passage],
    scorer: PairScorer,
    count: int,
    *,
    reader: AnswerReader | None = None,
    order: QuoteOrder = QuoteOrder(),  # noqa: B008  frozen
) -> tuple[Quote, ...]:
    """The sentences of the passages that answer the question best, best first, each text once."""
    readings = readings_of(question, passages, reader)
    sentences = candidates_for_quotes(question, passages, readings)
    code = _looked_up(question)
    ranked = [
        replace(quote, score=order.probability(*found, lift=_lift(quote, code)))
        for quote, found in zip(sentences, findings(question, passages, sentences, scorer, readings), strict=True)
    ]
    best = _apart(sorted(ranked, key=lambda quote: -quote.score))[:count]
    return tuple(_with_answer(quote, readings.get(quote.passage.number)) for quote in best)


def _apart(ranked: Sequence[Quote]) -> list[Quote]:
    """Without those that lie in a better one or around it, as an item and its list do."""
    kept: list[Quote] = []
    for quote in ranked:
        if not any(
            quote.passage is better.passage and quote.start < better.end and better.start < quote.end for better in kept
        ):
            kept.append(quote)
    return kept


def readings_of(question: str, passages: Sequence[Passage], reader: AnswerReader | None) -> dict[int, Reading]:
    """What the reader makes of each passage, by its number; nothing without a reader."""
    if reader is None:
        return {}
    readings = reader.read(question, [p.chunk.text for p in passages])
    return {p.number: reading for p, reading in zip(passages, readings, strict=True)}


def candidates_for_quotes(question: str, passages: Sequence[Passage], readings: Mapping[int, Reading]) -> list[Quote]:
    """The sentences that are scored for a question, score 0: with readings those that most probably answer."""
    asked, codes = set(words.content(question)), words.codes(question)
    found = [
        quote
        for quote in quotable(passages)
        if _says_something_new(quote.text, asked) and not _is_of_another(quote.text, codes)
    ][:MOST_SENTENCES]
    if not readings:
        return found
    return sorted(found, key=lambda q: -readings[q.passage.number].margin(q.start, q.end))[:MOST_READ]


def findings(
    question: str,
    passages: Sequence[Passage],
    sentences: Sequence[Quote],
    scorer: PairScorer,
    readings: Mapping[int, Reading],
) -> list[tuple[float, float, float]]:
    """What `QuoteOrder` weighs, for each sentence: logits of the sentence, of its passage, and of the reader; without a
    reader, in its place, the share of the question's words that the sentence has."""
    asked_here = front.within(searchable(question), [f"{p.candidate.document} {p.candidate.title}" for p in passages])
    asked = language.telling(question)
    scores = scorer.score(asked_here, [searchable(_under_names(quote)) for quote in sentences])
    return [
        (
            logit(score),
            logit(quote.passage.candidate.score),
            readings[quote.passage.number].margin(quote.start, quote.end)
            if readings
            else words.coverage(asked, words.content(quote.text)),
        )
        for quote, score in zip(sentences, scores, strict=True)
    ]


def _under_names(quote: Quote) -> str:
    """A table's row with the names of its columns, which a question names too."""
    return f"{column_names(quote.passage.chunk.text, quote.start)} {quote.text}".strip()


def _with_answer(quote: Quote, reading: Reading | None) -> Quote:
    found = reading.best(quote.start, quote.end) if reading is not None else None
    return replace(quote, answer=readable(quote.passage.chunk.text[found[0] : found[1]])) if found else quote


def quotable(passages: Sequence[Passage]) -> list[Quote]:
    """Every sentence of the passages, in order, score 0; a text shared by overlapping chunks counts for the first.

    What stands word for word on several pages of a document and is neither a statement nor a table row is a running
    head or foot, not an answer, and is left out. A sentence or a heading has the items that it announces.
    """
    found: dict[str, Quote] = {}
    pages: defaultdict[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    for passage in passages:
        chunk = passage.chunk
        for start, end in _with_items(chunk.text):
            raw = chunk.text[start:end]
            text = readable(raw)
            if words.length(text) >= FEWEST_WORDS or is_row(raw) or (has_cells(raw) and words.content(text)):
                found.setdefault(text, Quote(passage, start, end, text, 0.0))
                pages[text][chunk.doc_id].add(chunk.locate(start, end).page)
    return [
        quote
        for text, quote in found.items()
        if _states(text) or all(len(numbers) == 1 for numbers in pages[text].values())
    ]


def _with_items(text: str) -> list[tuple[int, int]]:
    """The sentences, and with those that announce items, as a colon or a heading of steps does, these items, as far as
    there is room; each item is there alone too."""
    spans, found = split(text, page=False), list[tuple[int, int]]()
    for i, (start, end) in enumerate(spans):
        sentence = text[start:end]
        items = [] if item_sign(sentence) else _items(text, spans[i + 1 :], start + LONGEST_LIST)
        steps = len(items) > 1 and not is_closed(sentence) and FIRST_STEP.match(text, items[0][0])
        found.append((start, items[-1][1] if items and (sentence.endswith(":") or steps) else end))
    return found


def _items(text: str, spans: Sequence[tuple[int, int]], limit: int) -> list[tuple[int, int]]:
    """The list with which these sentences begin, as far as it ends before `limit`. Other sentences may stand between
    two items: a note to a step, where the next one is numbered on, or more of the item in the same line."""
    sign = item_sign(text[slice(*spans[0])]) if spans else ""
    items = list[int]()  # places among the spans
    for i, (start, end) in enumerate(spans if sign else ()):
        if end > limit or (items and i - items[-1] > MOST_BETWEEN + 1):
            break
        if item_sign(text[start:end]) == sign:
            if items and not _goes_on(text, spans[items[-1] : i + 1]):
                break  # another list
            items.append(i)
    return [spans[i] for i in items]


def _goes_on(text: str, spans: Sequence[tuple[int, int]]) -> bool:
    """From an item to the next one, with what stands between them."""
    last, following = (_number(text[start:end]) for start, end in (spans[0], spans[-1]))
    one_line = all("\n" not in text[before[1] : after[0]] for before, after in pairwise(spans[:-1]))
    return one_line or (last is not None and following == last + 1)


def _number(item: str) -> int | None:
    """Of "2.", "(2)" or "(b)" 2."""
    found = NUMBERED.match(item)
    return None if found is None else int(found[1]) if found[1] else ord(found[2].lower()) - ord("a") + 1


def _states(text: str) -> bool:
    return (is_row(text) and not is_years(text)) or (is_closed(text) and words.length(text) > LONGEST_HEAD)


def _is_of_another(text: str, asked: Mapping[str, set[str]]) -> bool:
    """It bears a code such as was asked for ("E163"), but another one ("E169"): a neighbour in the same list."""
    borne = words.codes(text) if asked else {}
    return any(kind in borne and not borne[kind] & wanted for kind, wanted in asked.items())


def _looked_up(question: str) -> Mapping[str, set[str]]:
    """The codes that it asks for, where it says nothing else: "E207?", "What to do at E207"."""
    codes = words.codes(question)
    said = {part for kind, numbers in codes.items() for number in numbers for part in (kind, number, kind + number)}
    return codes if set(words.content(question)) <= said | OF_A_CODE else {}


def _lift(quote: Quote, codes: Mapping[str, set[str]]) -> float:
    """Of a list's entry that begins with one of the codes, half of a table's row that has it elsewhere: a reader of
    prose makes little of these."""
    if not codes:
        return 0.0
    row = has_cells(quote.passage.chunk.text[quote.start : quote.end])
    opening, *rest = quote.text.split()
    said = words.content(opening)
    named = rest[0] if rest and said and OF_A_CODE.issuperset(said) else opening  # "Error E207: ..."
    return LOOKED_UP * _bears(named, codes) or LOOKED_UP / 2 * (row and _bears(quote.text, codes))


def _bears(text: str, codes: Mapping[str, set[str]]) -> bool:
    return any(codes[kind] & numbers for kind, numbers in words.codes(text).items() if kind in codes)


def _says_something_new(sentence: str, asked: set[str]) -> bool:
    """A heading that only repeats the question's words answers nothing, however near it is; a whole sentence or a
    table row may answer with one word ("Acme has 4,000 employees.")."""
    fewest = 1 if is_closed(sentence) or is_row(sentence) else FEWEST_NEW
    number = None if is_row(sentence) else COUNTED.match(sentence)  # a heading's, which says nothing
    return len(set(words.content(sentence[number.end() if number else 0 :])) - asked) >= fewest


def _repeats(candidate: Candidate, better: Candidate) -> bool:
    if _says_the_same(candidate.chunk.text, better.chunk.text):
        return True
    if candidate.chunk.doc_id != better.chunk.doc_id:
        return False
    shared = 0
    for a in candidate.chunk.spans:
        for b in better.chunk.spans:
            if a.page == b.page:
                shared += max(0, min(a.end, b.end) - max(a.start, b.start))
    return shared > OVERLAP * min(len(candidate.chunk.text), len(better.chunk.text))


def _says_the_same(one: str, other: str) -> bool:
    """Copies of a text in several documents or versions; another number makes another statement."""
    if one == other:
        return True
    first, second = set(words.content(one)), set(words.content(other))
    alike = len(first) >= FEWEST_SAME and len(first & second) > SAME * len(first | second)
    return alike and words.numbers(one) == words.numbers(other)
