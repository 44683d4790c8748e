"""The lines of a form, which a PDF gives as one long sentence."""

from dataclasses import replace

import pytest
from values import quote

from rag_chat.chat.listing import announced, announces, is_listing, is_table_row, line_of
from rag_chat.sentences import readable

FORM = " \n".join(
    [
        "Pump: RX-40",
        "Place: Boiler house 2, basement",
        "1 Noise none OK",
        "2 Flange bolts 65 Nm OK",
        "Remarks: none yet.",
    ]
)
PROSE = " \n".join(
    [
        "The pump stands in the",
        "basement of Boiler house",
        "Two, and its flange bolts",
        "need 65 Nm; it has no",
        "noise.",
    ]
)


def test_of_a_form_the_line_with_the_answer_is_quoted_at_its_place():
    asked = replace(quote(FORM), answer="65 Nm")
    line = line_of(asked)
    assert line.text == "2 Flange bolts 65 Nm OK"
    assert asked.passage.chunk.text[line.start : line.end] == line.text


def test_what_is_no_form_or_has_its_answer_in_no_single_line_stays_whole():
    for text, answer in ((PROSE, "65 Nm"), (FORM, "Noise none OK 2 Flange"), (FORM, "OK"), (FORM, "")):
        asked = replace(quote(text), answer=answer)
        assert line_of(asked) == asked
    assert is_listing(quote(FORM)) and not is_listing(quote(PROSE))


def test_items_are_announced_by_what_stands_above_them():
    assert announces(quote("The tenant pays for:\n(a) water;\n(b) heat."))
    assert announces(quote("How to claim\n1. Call us."))
    assert not announces(quote("The tenant pays for water\nand heat."))
    assert not announces(quote("1. Water is paid for by\nthe tenant."))


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("He may go if he:\n(a) steals; or\n(b) lies.", "He may go if he: (a) steals; or (b) lies."),
        ("Not paid for:\n• wear\n• tear", "Not paid for: • wear • tear."),
        ("He may go if he:\n(a) steals;\n(b) lies;", "He may go if he: (a) steals; (b) lies …"),
        ("He may go if he:\n(a) steals;\n(b) lies; or", "He may go if he: (a) steals; (b) lies; or …"),
        ("Not paid for:\n• wear", "Not paid for: • wear …"),
    ],
)
def test_a_list_that_its_passage_cuts_is_not_shown_as_all(raw, shown):
    assert announced(replace(quote(raw), text=readable(raw))) == shown


def test_rows_of_figures_and_of_cells_are_rows():
    assert is_table_row(quote("Fares 9,310 8,640")) and is_table_row(quote("E4\tNo water\tOpen the tap; call us"))
    assert not is_table_row(quote(PROSE))
