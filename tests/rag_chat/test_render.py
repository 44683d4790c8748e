"""Answers as HTML, Markdown and terminal text: right, and safe whatever a document, a name or a model says."""

from __future__ import annotations

import re

import pytest
from hostile import HOSTILE
from markdown_it import MarkdownIt
from page_values import PAGE, Tags, answer, citation, passage

from rag_chat.render import (
    answer_html,
    answer_markdown,
    answer_text,
    seconds_text,
    short,
    support_text,
    verdict_text,
    visible,
)
from rag_chat.types import Excerpt, Sentence


def test_marker_becomes_a_button_that_names_its_source_and_card():
    tags = Tags(answer_html(answer(), turn=3))
    button = next(attributes for tag, attributes in tags.seen if tag == "button")
    assert button["data-card"] == "source-3-1"
    assert button["aria-label"] == "Source 1: pump.pdf, page iv (4 of the file)"
    assert ">[1]</button>" in answer_html(answer(), turn=3)


def test_marker_without_a_citation_stays_text():
    html = answer_html(answer(text="See [7] and [1].", sentences=(), citations=(citation(),)))
    assert 'See [7] <span class="last-word">and <button' in html


def test_two_sentences_of_one_passage_point_at_their_own_quotes():
    second = citation(quote="It needs oil.", start=PAGE.index("It needs"), end=len(PAGE))
    text = "It lifts 40 litres. [1] It needs oil. [1]"
    sentences = (Sentence("It lifts 40 litres.", 0, True), Sentence("It needs oil.", 1, True))
    both = answer(text=text, sentences=sentences, citations=(citation(), second))
    buttons = [attributes["data-citation"] for tag, attributes in Tags(answer_html(both)).seen if tag == "button"]
    assert buttons == ["0", "1"]


def test_what_is_not_found_and_what_is_carried_in_part_say_so_and_nothing_else_does():
    text = "It is blue. The pump lifts 40 litres a minute. [1] It lifts a lot. [1]"
    sentences = (
        Sentence("It is blue.", None, False),
        Sentence("The pump lifts 40 litres a minute.", 0, True),
        Sentence("It lifts a lot.", 1, False),
    )
    doubtful = answer(text=text, sentences=sentences, citations=(citation(), citation(supported=False)))
    html = answer_html(doubtful)
    assert '<span class="missing">It is blue.</span><span class="doubted"> not found in its source</span>' in html
    assert html.count('class="weak"') == html.count('>It lifts a <span class="last-word">lot. <button') == 1
    assert html.index("It lifts a ") < html.index("carried only in part</span>")  # after the sentence and its marker
    assert html.count('class="doubted"') == 2


@pytest.mark.parametrize(
    ("verdicts", "said"),
    [
        ("q", "1 of 1 sentence is quoted word for word from 1 passage of 1 document."),
        ("qq", "2 of 2 sentences are quoted word for word from 1 passage of 1 document."),
        ("s", "1 of 1 sentence is carried by quotes from 1 passage of 1 document."),
        ("sqq", "3 of 3 sentences are carried by quotes from 1 passage of 1 document, 2 of them word for word."),
        ("sw", "1 of 2 sentences are carried by quotes from 1 passage of 1 document; 1 is carried only in part."),
        (
            "qwmm",
            "1 of 4 sentences are quoted word for word from 1 passage of 1 document; 1 is carried only in part;"
            " 2 are not found in its source.",
        ),
        ("m", "0 of 1 sentence is carried by quotes; 1 is not found in its source."),
    ],
)
def test_support_is_summed_up(verdicts, said):
    made = {"q": Sentence("The pump lifts 40 litres a minute.", 0, True)}
    made |= {"s": Sentence("x.", 0, True), "w": Sentence("x.", 0, False), "m": Sentence("x.", None, False)}
    assert support_text(answer(sentences=tuple(made[verdict] for verdict in verdicts))) == said


def test_passages_and_documents_are_counted_once():
    citations = (citation(), citation(number=2), citation(number=3, doc_id="b" * 64), citation(number=1, start=1))
    sentences = tuple(Sentence("x.", place, True) for place in range(4))
    said = support_text(answer(sentences=sentences, citations=citations))
    assert said == "4 of 4 sentences are carried by quotes from 3 passages of 2 documents."
    assert support_text(answer(abstained=True)) == ""


def test_marker_carries_what_is_shown_beside_it():
    rest = Excerpt(5, "v", "and needs oil.", 0, 14, ())
    button = Tags(answer_html(answer(citations=(citation(continued=(rest,)),)))).all("button")[0]
    assert button["data-quote"] == "The pump lifts 40 litres a minute. and needs oil."
    assert button["data-where"] == "page iv (4 of the file), page v (5 of the file)"
    assert (button["data-document"], button["data-verdict"]) == ("pump.pdf", "quoted word for word")


def test_last_word_and_marker_stay_together_unless_that_word_is_very_long():
    assert '<span class="last-word">minute. <button' in answer_html(answer())
    long = "x" * 60
    made = answer(text=f"It is {long} [1]", sentences=(Sentence(f"It is {long}", 0, True),))
    assert f'It is {long} <span class="last-word"><button' in answer_html(made)


def test_a_quoted_row_is_shown_under_the_names_of_its_columns():
    table = "Fruit 2022 2023 \nPears 7,120 8,804 \nQuinces 640 512"
    quote = "Quinces 640 512"
    row = citation(quote=quote, start=table.index(quote), end=len(table))
    made = answer(
        text=f"{quote}. [1]", sentences=(Sentence(f"{quote}.", 0, True),), citations=(row,),
        passages=(passage(text=table),),
    )  # fmt: skip
    html = answer_html(made)
    assert '<span class="columns" dir="auto">Fruit 2022 2023</span>Quinces 640 ' in html
    assert Tags(html).all("button")[0]["data-columns"] == "Fruit 2022 2023"
    assert Tags(html).all("button")[0]["data-quote"] == quote
    assert 'class="columns"' not in answer_html(answer())


def test_items_of_a_list_begin_lines():
    quote = "Not covered are:\n•wear and tear, and \nrust\n• moths <b>\n"
    said = "Not covered are: • wear and tear, and rust • moths <b>."
    made = answer(
        text=f"{said} [1]", sentences=(Sentence(said, 0, True),), citations=(citation(quote=quote, start=0, end=40),)
    )
    assert "Not covered are:\n• wear and tear, and rust\n• moths" in answer_html(made)
    assert "<b>" not in answer_html(made)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("E205 Grinder blocked Call service.", "E205\u2003Grinder blocked\u2003Call "),
        ("E205 Grinder blocked.", "E205\u2003Grinder "),
        ("The grinder is blocked.", "The grinder is "),
    ],
)
def test_a_sentence_that_repeats_a_row_keeps_its_cells_apart(said, shown):
    quote = "E205\tGrinder  blocked\tCall service"
    row = citation(quote=quote, start=0, end=len(quote))
    made = answer(text=f"{said} [1]", sentences=(Sentence(said, 0, True),), citations=(row,))
    html = answer_html(made)
    assert f'{shown}<span class="last-word">' in html
    assert html.count("\u2003") == shown.count("\u2003")


def test_a_citation_says_how_the_sentences_on_it_stand_in_its_quote():
    said = {True: "The pump lifts 40 litres a minute.", False: "It lifts 40 litres."}
    for verbatim, supported, verdict in (
        (True, True, "quoted word for word"),
        (False, True, "carried by the quote"),
        (True, False, "carried only in part"),
    ):
        one = citation(supported=supported)
        made = answer(sentences=(Sentence(said[verbatim], 0, supported),), citations=(one,))
        assert verdict_text(made, one) == verdict
    both = answer(sentences=(Sentence(said[True], 0, True), Sentence(said[False], 0, True)), citations=(citation(),))
    assert verdict_text(both, citation()) == "carried by the quote"


def test_terminal_and_markdown_say_what_was_checked_too():
    weak = answer(citations=(citation(supported=False),), sentences=(Sentence("The pump lifts.", 0, False),))
    assert "page iv (4 of the file)  (carried only in part)" in answer_text(weak)
    assert "*carried only in part*" in answer_markdown(weak)
    assert answer_text(answer()).endswith("1 of 1 sentence is quoted word for word from 1 passage of 1 document.")


def test_each_doubtful_sentence_is_marked_where_it_stands():
    said = (
        Sentence("It lifts 40 litres.", 0, True),
        Sentence("It hums.", 0, False),
        Sentence("It sings.", None, False),
    )
    doubtful = answer(text="It lifts 40 litres. [1] It hums. [1] It sings.", sentences=said)
    assert answer_text(doubtful).startswith(
        "It lifts 40 litres. [1] It hums. [1] (carried only in part) It sings. (not found in its source)\n"
    )
    assert "\\[1\\] (carried only in part) It sings. (not found in its source)\n" in answer_markdown(doubtful)


def test_a_long_name_keeps_both_ends():
    assert short("a.pdf") == "a.pdf"
    made = short(f"Minutes {'of the board ' * 20}in October.pdf")
    assert made.startswith("Minutes of the board") and made.endswith("in October.pdf") and len(made) == 60


@pytest.mark.parametrize("bad", HOSTILE)
def test_nothing_foreign_becomes_a_tag_or_an_attribute(bad):
    quote = f"{PAGE} {bad}"
    cited = citation(document=bad, page_label=bad, quote=quote, start=0, end=len(quote))
    hostile = answer(question=bad, text=f"{bad} [1]", sentences=(Sentence(bad, 0, False),), citations=(cited,))
    tags = Tags(answer_html(hostile))
    assert not tags.open
    assert {tag for tag, _ in tags.seen} <= {"div", "span", "button"}
    assert not [name for _, attributes in tags.seen for name in attributes if name.startswith("on") or name == "href"]


@pytest.mark.parametrize("bad", [*HOSTILE, "http://evil.example www.evil.example a@evil.example", "# h\n- [ ] x\n> q"])
def test_markdown_has_no_link_image_or_tag_of_a_document(bad):
    hostile = answer(text=f"{bad} [1]", citations=(citation(document=bad, quote=bad),))
    written = answer_markdown(hostile)
    tokens = [part for token in MarkdownIt("commonmark").parse(written) for part in (token, *(token.children or ()))]
    assert not {token.type for token in tokens} & {"link_open", "image", "html_block", "html_inline", "heading_open"}
    assert not re.search(r"(?<!\\)://|www\.|(?<!\\)@", written)  # what other renderers make links of unasked


def test_terminal_text_has_no_control_characters():
    text = answer_text(answer(text="\x1b[2Jgone \u202eevil [1]", citations=(citation(quote="\x9b31mred"),)))
    assert "\x1b" not in text
    assert "\x9b" not in text
    assert "\u202e" not in text
    assert "[1] pump.pdf, page iv (4 of the file)" in text


def test_visible_keeps_text_of_every_language():
    assert visible("Zoë 東京 שלום\n\tx") == "Zoë 東京 שלום\n\tx"


def test_seconds_are_named_in_the_order_of_the_work():
    seconds = {"total": 2.0, "first_token": 0.9, "rerank": 0.31, "retrieve": 0.042, "other": 1}
    assert seconds_text(seconds) == "retrieve 0.04 s · rerank 0.31 s · first word 0.90 s · total 2.00 s"
