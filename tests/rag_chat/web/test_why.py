"""The slope chart: where its lines run, how direction is told without colour, and the comparison of modes."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hostile import HOSTILE
from page_values import Tags, answer, exchange, passage

from rag_chat.types import SearchResult, Signals
from rag_chat.web.why import Compared, movement, why_html


def ranked(*stage1, **changes):
    """Candidates in final order with these first-stage ranks."""
    first = passage().candidate
    return tuple(
        replace(first, rank=rank, stage1_rank=before, chunk=replace(first.chunk, id=f"c{rank}"), **changes)
        for rank, before in enumerate(stage1, start=1)
    )


def html_of(candidates, compared=None, **changes) -> str:
    return str(why_html(exchange(1, answer(candidates=candidates, **changes)), compared))


def test_names_that_differ_at_their_ends_are_told_apart_beside_the_chart():
    names = [f"Annual report of the harbor board, {year}.pdf" for year in (2024, 2025)]
    html = html_of([replace(one, document=name) for one, name in zip(ranked(1, 2), names, strict=True)])
    assert "2024.pdf p. iv" in html and "2025.pdf p. iv" in html


def test_name_is_short_beside_the_chart_however_long_the_pages_label_is():
    html = html_of([replace(ranked(1)[0], document="x" * 99, page_label="9" * 60)])
    assert re.search(r" x+…x+ p\. 9{1,20} <", html) and "x" * 99 not in html.split("<details")[0]


def test_movement_is_told_by_sign():
    up, down, same, new = ranked(4, 1, 3, None)
    assert [movement(candidate) for candidate in (up, down, same, new)] == ["▲ 3", "▼ 1", "=", "new"]


def test_each_candidate_has_a_line_from_its_first_rank_to_its_last():
    html = html_of(ranked(3, 1, 40, None))
    lines = Tags(html).all("line")
    assert len(lines) == 3  # what the first stage did not find comes from nowhere
    first, second, third = (int(line["y1"]) for line in sorted(lines, key=lambda line: int(line["y2"])))
    assert second < first < third  # the left side is the first stage's order
    groups = [group["class"] for group in Tags(html).all("g")]
    assert groups == ["up", "up", "down kept", "up kept"]  # the best on top; two were read


def test_gaps_in_the_first_ranks_leave_no_lines_on_top_of_each_other():
    lines = Tags(html_of(ranked(300, 7, 299, 80))).all("line")
    assert len({line["y1"] for line in lines}) == 4


def test_scores_times_mode_and_question_are_named():
    html = html_of(ranked(2, 1, signals=Signals(0.5, None, -1.25, None)), standalone_question="What lifts?")
    for part in (
        "What lifts?",
        "rerank: dual encoder, then cross-encoder",
        "rerank 0.30 s",
        "0.934",
        "0.412",
        "-1.250",
    ):
        assert part in html
    assert ">cosine</th>" in html and ">maxsim</th>" not in html


def test_other_mode_is_shown_beside_with_what_both_found():
    ours, theirs = ranked(1, 2), ranked(1, None)[1:]
    found = SearchResult(
        "q", "dense", (*theirs, replace(theirs[0], chunk=replace(theirs[0].chunk, id="x"))), (), {"embed": 0.25}
    )
    html = html_of(ours, Compared("dense", found))
    assert html.count("on the other side") == 2 and html.count("only here") == 2
    assert "0.25 s to find and rank" in html
    assert "It failed." in html_of(ours, Compared("dense", error="It failed."))


def test_nothing_was_ranked():
    assert "Nothing was ranked" in why_html(exchange(1, answer(candidates=())))
    assert "Nothing was ranked" in why_html(exchange(1, state="failed", answer=None))


@pytest.mark.parametrize("bad", HOSTILE)
def test_nothing_foreign_becomes_a_tag_or_an_attribute(bad):
    hostile = passage(document=bad, text=bad, heading=bad).candidate
    bad_one = replace(hostile, page_label=bad)
    found = SearchResult(bad, "dense", (bad_one,), (), {})
    tags = Tags(html_of((bad_one,), Compared("dense", found), standalone_question=bad))
    allowed = "section dl dt dd p label select option span div h3 ol li svg text tspan g title line details summary"
    assert not tags.open
    assert {tag for tag, _ in tags.seen} <= {*allowed.split(), *"table thead tbody tr th td bdi".split()}
    assert not [name for _, attributes in tags.seen for name in attributes if name.startswith("on") or name == "href"]
