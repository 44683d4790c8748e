"""Why these passages: the ranks of both stages side by side as a slope chart, scores, times, and another mode's result.

The chart is SVG made here, every text in it escaped; direction is told by sign and stroke as well as by colour, and a
table under it says the same in words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from rag_chat.library.conversations import Exchange
from rag_chat.render import Markup, name, page_name, plain, seconds_text, short
from rag_chat.types import PARAGRAPH, Answer, Candidate, Mode, SearchResult

MODE_NAMES: dict[str, str] = {
    "dense": "dual encoder alone",
    "rerank": "dual encoder, then cross-encoder",
    "hybrid": "dual encoder and words, then cross-encoder",
    "exhaustive": "cross-encoder over everything",
    "late-interaction": "token by token (late interaction)",
}
SIGNALS = ("cosine", "maxsim", "joint", "lexical")
ROW, TOP, LEFT, RIGHT, WIDTH = 17, 30, 92, 330, 1000  # units of the chart
LONGEST_LABEL, LONGEST_TEXT = 34, 62  # characters beside the chart
COMPARED = 10  # candidates of each mode side by side


@dataclass(frozen=True, slots=True)
class Compared:
    """What another mode finds for the same question, or why it could not."""

    mode: str
    found: SearchResult | None = None
    error: str = ""


def why_html(exchange: Exchange, compared: Compared | None = None) -> Markup:
    answer = exchange.answer
    if answer is None or not answer.candidates:
        return Markup('<p class="hint">{}</p>').format("Nothing was ranked for this question.")
    return Markup('<section class="why">{}{}{}{}{}</section>').format(
        _facts(answer), _modes(exchange, answer, compared), _compared(answer, compared), _chart(answer), _table(answer)
    )


def _facts(answer: Answer) -> Markup:
    rows = [
        ("Searched for", plain(answer.standalone_question)),
        ("Mode", mode_name(answer.mode)),
        ("Shown", f"the best {len(answer.candidates)} passages, of which {len(answer.passages)} were read"),
        ("Time", seconds_text(answer.seconds)),
    ]
    parts = [Markup("<dt>{}</dt><dd>{}</dd>").format(term, said) for term, said in rows if said]
    return Markup("<dl>{}</dl>").format(Markup("").join(parts))


def mode_name(mode: str) -> str:
    return f"{mode}: {MODE_NAMES[mode]}" if mode in MODE_NAMES else mode


# --- the chart ------------------------------------------------------------------------------------------------


def _chart(answer: Answer) -> Markup:
    """First-stage rank on the left, final rank on the right, a line for each candidate."""
    numbers = {passage.chunk.id: passage.number for passage in answer.passages}
    depth = len(answer.candidates)
    # The left side is the first stage's order of these candidates: its ranks have gaps where all passages were scored.
    before = sorted((c for c in answer.candidates if c.stage1_rank is not None), key=lambda c: c.stage1_rank or 0)
    left = {candidate.chunk.id: _y(place) for place, candidate in enumerate(before, start=1)}
    lines = [_line(c, left.get(c.chunk.id), numbers.get(c.chunk.id)) for c in reversed(answer.candidates)]
    said = "Rank in the first stage on the left, final rank on the right. The table below says the same in words."
    return Markup(
        '<p class="legend"><span class="up">▲ moved up, whole line</span><span class="down">▼ moved down, broken line'
        '</span><span class="same">= stayed</span><span class="kept">[n] read for the answer, thick line</span></p>'
        '<div class="wide" tabindex="0" role="group" aria-label="Chart of the ranks">'
        '<svg class="slopes" viewBox="0 0 {width} {height}" role="img" aria-label="{said}">'
        '<text class="head" x="{left}" y="16" text-anchor="end">first stage</text>'
        '<text class="head" x="{right}" y="16">final order</text>{lines}</svg></div>'
    ).format(
        width=WIDTH,
        height=TOP + depth * ROW + 6,
        said=said,
        left=LEFT - 8,
        right=RIGHT + 8,
        lines=Markup("").join(lines),
    )


def _line(candidate: Candidate, start: int | None, number: int | None) -> Markup:
    """`start` is its height on the left, None where the first stage did not find it; `number` what `[n]` calls it."""
    end, label = _y(candidate.rank), f"[{number}] " if number is not None else ""
    text = '<text x="{}" y="{}">{}{}  {}  {} <tspan class="snippet">{}</tspan></text>'
    parts = [
        Markup(text).format(
            RIGHT + 8, end + 4, label, candidate.rank, _score(candidate.score), _where(candidate),
            _snippet(candidate, LONGEST_TEXT),
        ),
        Markup('<text class="moved" x="{}" y="{}" text-anchor="end">{}</text>').format(
            RIGHT - 6, end - 3, movement(candidate)
        ),
    ]  # fmt: skip
    if start is not None:
        line = '<line x1="{}" y1="{}" x2="{}" y2="{}"/><text x="{}" y="{}" text-anchor="end">{}  {}</text>'
        score = _score(candidate.stage1_score)
        parts.append(Markup(line).format(LEFT, start, RIGHT, end, LEFT - 8, start + 4, score, candidate.stage1_rank))
    return Markup('<g class="{}{}"><title>{}</title>{}</g>').format(
        _direction(candidate), " kept" if number is not None else "", _told(candidate), Markup("").join(parts)
    )


def _y(rank: int) -> int:
    return TOP + rank * ROW - ROW // 2


def movement(candidate: Candidate) -> str:
    """ "▲ 4", "▼ 2", "=", or "new" where the first stage did not find it."""
    if candidate.stage1_rank is None:
        return "new"
    by = candidate.stage1_rank - candidate.rank
    return "=" if by == 0 else f"{'▲' if by > 0 else '▼'} {abs(by)}"


def _direction(candidate: Candidate) -> str:
    return {"▲": "up", "▼": "down", "=": "same", "n": "up"}[movement(candidate)[0]]


def _where(candidate: Candidate) -> str:
    label = plain(candidate.page_label)[-LONGEST_LABEL // 2 :]
    page = label if PARAGRAPH in candidate.page_label else f"p. {label}"
    return f"{short(candidate.document, LONGEST_LABEL - len(page))} {page}"


def _told(candidate: Candidate) -> str:
    before = "not found" if candidate.stage1_rank is None else f"rank {candidate.stage1_rank}"
    return f"{before} in the first stage, rank {candidate.rank} at the end: {_snippet(candidate, 160)}"


def _snippet(candidate: Candidate, longest: int) -> str:
    return plain(candidate.chunk.text)[:longest] or "(its document has been deleted)"


def _score(score: float | None) -> str:
    return "–" if score is None else f"{score:.3f}"


# --- the same in words ----------------------------------------------------------------------------------------


def _table(answer: Answer) -> Markup:
    shown = [signal for signal in SIGNALS if any(getattr(c.signals, signal) is not None for c in answer.candidates)]
    heads = ("Final", "First stage", "Moved", "Score", "First score", *shown, "Where", "Text")
    rows = [
        Markup("<tr>{}</tr>").format(Markup("").join(Markup("<td>{}</td>").format(cell) for cell in _cells(c, shown)))
        for c in answer.candidates
    ]
    return Markup(
        '<details class="ranking"><summary>All {} as a table</summary><div class="wide" tabindex="0" role="group" '
        'aria-label="Ranking"><table><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div></details>'
    ).format(
        len(answer.candidates),
        Markup("").join(Markup('<th scope="col">{}</th>').format(head) for head in heads),
        Markup("").join(rows),
    )


def _cells(candidate: Candidate, shown: Sequence[str]) -> list[object]:
    page = page_name(candidate.chunk.first_page, candidate.page_label)
    return [
        candidate.rank,
        "–" if candidate.stage1_rank is None else candidate.stage1_rank,
        movement(candidate),
        _score(candidate.score),
        _score(candidate.stage1_score),
        *(_score(getattr(candidate.signals, signal)) for signal in shown),
        Markup("{}, {}").format(name(candidate.document), page),
        _snippet(candidate, 200),
    ]


# --- another mode ---------------------------------------------------------------------------------------------


def modes_to_compare(answer: Answer) -> list[str]:
    return [mode for mode in get_args(Mode) if mode not in ("auto", answer.mode)]


def _modes(exchange: Exchange, answer: Answer, compared: Compared | None) -> Markup:
    options = [
        Markup('<option value="{}"{}>{}</option>').format(
            mode, Markup(" selected") if compared is not None and compared.mode == mode else "", mode_name(mode)
        )
        for mode in modes_to_compare(answer)
    ]
    return Markup(
        '<p class="modes"><label>Compare with <select data-compare="{}"><option value="">choose a mode</option>{}'
        "</select></label></p>"
    ).format(exchange.number, Markup("").join(options))


def _compared(answer: Answer, compared: Compared | None) -> Markup:
    if compared is None:
        return Markup("")
    if compared.found is None:
        return Markup('<p class="failure" role="alert">{}</p>').format(compared.error)
    ours, theirs = answer.candidates[:COMPARED], compared.found.candidates[:COMPARED]
    return Markup('<div class="beside">{}{}</div>').format(
        _column(f"{mode_name(answer.mode)} (this answer)", ours, compared.found.candidates, answer.seconds),
        _column(mode_name(compared.mode), theirs, answer.candidates, compared.found.seconds),
    )


def _column(
    title: str, candidates: Sequence[Candidate], others: Sequence[Candidate], seconds: dict[str, float]
) -> Markup:
    there = {candidate.chunk.id: candidate.rank for candidate in others}
    spent = sum(seconds.get(stage, 0.0) for stage in ("embed", "retrieve", "rerank"))
    rows = [
        Markup('<li class="{}"><span class="place">{}</span><span class="facts">{} · {}</span></li>').format(
            "both" if c.chunk.id in there else "alone",
            _where(c),
            _score(c.score),
            f"{there[c.chunk.id]} on the other side" if c.chunk.id in there else "only here",
        )
        for c in candidates
    ]
    return Markup("<div><h3>{}</h3><p>{:.2f} s to find and rank</p><ol>{}</ol></div>").format(
        title, spent, Markup("").join(rows)
    )
