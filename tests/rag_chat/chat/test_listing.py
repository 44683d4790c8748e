"""The lines of a form, which a PDF gives as one long sentence."""

from dataclasses import replace

from values import quote

from rag_chat.chat.listing import is_listing, line_of

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
