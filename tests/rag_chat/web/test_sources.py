"""The sources of an answer: what is shown of a passage, its quotes and pages, and of what has been deleted."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hostile import HOSTILE
from page_values import DOC_ID, PAGE, QUOTE, START, Tags, answer, citation, exchange, known, nobody, passage

from rag_chat.types import Document, Excerpt, Passage, Sentence, Span
from rag_chat.web.sources import sources_html

END = START + len(QUOTE)


def shown(**changes) -> str:
    return str(sources_html(exchange(2, answer(**changes)), known))


def figures(html: str) -> list[dict]:
    return [attributes | {"boxed": json.loads(attributes["data-boxed"])} for attributes in Tags(html).all("figure")]


def test_card_shows_document_page_ranks_scores_verdict_and_marked_quote():
    html = shown()
    for part in (
        "<bdi>pump.pdf</bdi>",
        "page iv (4 of the file)",
        "rank 14 → 1",
        "first stage 0.412",
        "final 0.93",
        ">quoted word for word<",
        'id="source-2-1"',
        "1 of 1 sentence is quoted word for word",
    ):
        assert part in html
    assert "Tides rise twice a day. <mark" in html
    assert ">The pump lifts 40 litres a minute.</mark> It needs oil." in html
    assert " src=" not in html  # nothing loads before a card is opened


def test_a_cited_page_with_hidden_text_says_so():
    def hiding(doc_id):
        document = known(doc_id)
        return document and replace(document, pages_hidden=(4,))

    said = "also holds text that is not to be seen"
    assert said not in shown()
    assert str(sources_html(exchange(2, answer()), hiding)).count(said) == 1


def test_figure_knows_its_page_its_boxes_and_the_pdf():
    figure = figures(shown())[0]
    assert (figure["data-page"], figure["data-pages"]) == ("4", "22")
    where = {"url": f"/pages/{DOC_ID}/4.png?start={START}&end={END}", "where": "page iv (4 of the file)"}
    assert figure["boxed"] == {"4": where | {"citations": [0]}}
    assert Tags(shown()).all("a")[0]["href"] == f"/documents/{DOC_ID}.pdf#page=4"


def test_quote_over_a_page_end_has_both_pages_and_each_knows_the_other():
    rest = Excerpt(5, "v", "and needs oil.", 0, 14, ((1, 2, 3, 4),))
    first, second, *_ = figures(shown(citations=(citation(continued=(rest,)),)))
    assert (first["data-page"], second["data-page"]) == ("4", "5")
    assert first["boxed"] == second["boxed"]
    assert first["boxed"]["5"]["url"] == f"/pages/{DOC_ID}/5.png?start=0&end=14"
    assert "and needs oil." in shown(citations=(citation(continued=(rest,)),))


def test_two_quotes_of_a_page_share_its_image_in_their_order():
    second = citation(quote="It needs oil.", start=PAGE.index("It needs"), end=len(PAGE))
    sentences = (Sentence("The pump lifts 40 litres a minute.", 0, True), Sentence("It needs oil.", 1, True))
    html = shown(citations=(citation(), second), sentences=sentences)
    assert html.count("<mark") == 2
    assert figures(html)[0]["boxed"]["4"]["citations"] == [0, 1]


def test_table_rows_stand_on_lines_of_their_own_under_the_names_of_their_columns():
    table = "It rained on \nmost days. \nFruit 2022 2023 \nPears 7,120 8,804 \nQuinces 640 512"
    quote = "Pears 7,120 8,804"
    start = table.index(quote)
    row = citation(quote=quote, start=start, end=start + len(quote))
    html = shown(citations=(row,), passages=(passage(text=table),))
    assert '<p class="columns" dir="auto">Fruit 2022 2023</p>' in html
    assert 'tabindex="0">It rained on most days. \nFruit 2022 2023 \n<mark' in html
    assert f">{quote}</mark> \nQuinces 640 512</blockquote>" in html


def test_passages_that_are_not_cited_are_folded():
    assert shown().index("Also retrieved (1)") < shown().index("Other.")


def test_abstention_folds_its_passages_since_the_nearest_are_listed_under_it():
    html = shown(abstained=True, citations=(), sentences=(), text="They do not say.")
    assert "nearest passages are listed under it" in html
    assert html.index("What was read (2)") < html.index('class="card"')
    assert html.count('class="card"') == 2


def test_card_says_the_worst_of_its_verdicts_and_the_whole_name():
    second = citation(quote="It needs oil.", start=PAGE.index("It needs"), end=len(PAGE), supported=False)
    sentences = (Sentence("The pump lifts 40 litres a minute.", 0, True), Sentence("It needs oil.", 1, False))
    assert '<span class="verdict doubt">carried only in part<' in shown(
        citations=(citation(), second), sentences=sentences
    )
    reworded = (Sentence("It lifts 40 litres.", 0, True),)
    assert '<span class="verdict">carried by the quote<' in shown(sentences=reworded)
    assert 'title="pump.pdf"' in shown()


def test_passages_of_a_question_that_is_being_answered_or_was_stopped():
    draft = answer(text="", citations=(), sentences=())
    assert "Reading 2 passages…" in sources_html(exchange(1, draft, state="asking"), known)
    html = sources_html(exchange(1, draft, state="stopped"), known)
    assert "Stopped before" in html
    assert 'class="vote"' not in html
    assert "No passages" in sources_html(exchange(1, state="failed", answer=None), known)


def test_quote_that_is_not_in_its_passage_is_shown_apart_and_never_marked_elsewhere():
    html = shown(citations=(citation(page=5),))
    assert 'class="apart"' in html
    assert html.count("<mark") == 1


def test_quote_without_boxes_says_so_and_its_page_has_none():
    html = shown(citations=(citation(boxes=()),))
    assert "cannot be boxed exactly" in html
    assert figures(html)[0]["boxed"]["4"]["url"] == f"/pages/{DOC_ID}/4.png"
    assert "cannot be boxed" not in shown()


def test_of_a_deleted_document_the_quote_stays_and_its_page_is_said_to_be_gone():
    gone = [replace(p, candidate=replace(p.candidate, chunk=replace(p.chunk, text=""))) for p in answer().passages]
    html = str(sources_html(exchange(2, answer(passages=tuple(gone))), nobody))
    assert ">The pump lifts 40 litres a minute.</mark>" in html
    assert html.count("has been deleted from the library") == 2
    assert "<figure" not in html and "/pages/" not in html and "/documents/" not in html


def test_rank_of_a_candidate_that_stage_one_did_not_return():
    bare = replace(passage().candidate, stage1_rank=None, stage1_score=None)
    html = shown(passages=(Passage(1, bare),))
    assert "rank – → 1" in html
    assert "not in its list" in html


def test_votes_that_were_given_are_pressed():
    html = sources_html(exchange(1, votes={"c1": 1, "c2": -1}), known)
    pressed = [b["data-vote"] for b in Tags(html).all("button") if b.get("aria-pressed") == "true"]
    assert pressed == ["1", "-1"]


@pytest.mark.parametrize("bad", HOSTILE)
def test_nothing_foreign_becomes_a_tag_or_an_attribute(bad):
    quote = f"{PAGE} {bad}"
    cited = citation(document=bad, page_label=bad, quote=quote, start=0, end=len(quote))
    passages = (passage(document=bad, text=quote, heading=bad), passage(2, document=bad, text=bad, heading=bad))
    hostile = answer(sentences=(Sentence(bad, 0, False),), citations=(cited,), passages=passages)

    def named(doc_id: str) -> Document:
        return Document(doc_id, bad, bad, 22, 9, 100, "", ())

    tags = Tags(str(sources_html(exchange(1, hostile), named)))
    allowed = "section p details summary span bdi div blockquote mark figure figcaption button a img".split()
    assert not tags.open
    assert {tag for tag, _ in tags.seen} <= {*allowed}
    assert not [name for _, attributes in tags.seen for name in attributes if name.startswith("on") or name == "src"]
    assert {a["href"].split("#")[0] for a in tags.all("a")} == {f"/documents/{DOC_ID}.pdf"}


def test_passage_of_a_document_without_pages_is_shown_by_its_paragraphs_with_the_file_to_keep():
    text = "Deposit\n\nThe tenant pays 900.\nYear\tRent\n2024\t<b>1"
    quote = "The tenant pays 900."
    start = text.index(quote)
    cited = citation(
        document="lease.docx",
        page=1,
        page_label="Deposit ¶ 1",
        quote=quote,
        start=start,
        end=start + len(quote),
        boxes=(),
    )
    found = passage(text=text)
    placed = replace(found.candidate, document="lease.docx", page_label="¶ 1")
    placed = replace(placed, chunk=replace(placed.chunk, spans=(Span(1, 0, len(text)),)))
    made = answer(citations=(cited,), passages=(replace(found, candidate=placed),))
    lease = Document(DOC_ID, "lease.docx", "", 1, 1, 9, "", (), kind="docx")
    html = str(sources_html(exchange(2, made), lambda doc_id: lease))
    assert "Deposit, paragraph 1" in html
    assert 'Deposit\n<mark data-citation="0">The tenant pays 900.</mark>\nYear\u2003Rent\n2024\u2003&lt;b&gt;1' in html
    assert Tags(html).all("a")[0]["href"] == f"/documents/{DOC_ID}"
    assert "figure" not in html and "page" not in html


def test_the_cells_of_a_row_stay_apart():
    text = "Code\tMeaning\tWhat to do \nE205\tGrinder  blocked\tCall service "
    start = text.index("E205")
    quote = text[start:].rstrip()
    row = citation(quote=quote, start=start, end=start + len(quote))
    html = shown(citations=(row,), passages=(passage(text=text),))
    assert "E205\u2003Grinder blocked\u2003Call service</mark>" in html
    assert ">Code\u2003Meaning\u2003What to do<" in html
