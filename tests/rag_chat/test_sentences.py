import itertools
import time

import pytest

from rag_chat.sentences import KEPT_LINE, _is_known_row, is_row, readable, split


def sentences(text):
    return [text[start:end] for start, end in split(text)]


@pytest.mark.parametrize(
    "text",
    [
        "Sales in the U.S. rose by 3.5% to $1.2 billion.",
        "See Fig. 3 and No. 5 of the annex.",
        "J. Smith and Dr. K. Lind sold grain, e.g. wheat, i.e. food.",
        "The board of Acme Inc. met at 5 p.m. on Jan. 5.",
        "He asked Mr. Brown (see pp. 3-7) about it.",
        "The contents ..... 12",
    ],
)
def test_abbreviations_decimals_and_initials_do_not_split(text):
    assert sentences(text) == [text]


def test_two_sentences_on_one_line():
    assert sentences("It rained. The tide rose! Did it? Yes.") == ["It rained.", "The tide rose!", "Did it?", "Yes."]


def test_sentence_after_a_country_or_a_company():
    assert sentences("We operate in the U.S. The rest is abroad.") == ["We operate in the U.S.", "The rest is abroad."]


def test_closing_quotes_and_brackets_belong_to_their_sentence():
    assert sentences("He said “stop.” (It did.) She left.") == ["He said “stop.”", "(It did.)", "She left."]


def test_line_break_inside_a_sentence_is_no_boundary():
    text = "The quay was built from granite that came \nby ship from the north. It still stands."
    assert sentences(text) == [
        "The quay was built from granite that came \nby ship from the north.",
        "It still stands.",
    ]


def test_table_rows_are_sentences_of_their_own():
    text = "(Millions) 2018 2017 2016 \nNet sales $ 32,765 $ 31,657 $ 30,109 \nAssets 36,500 37,987 \nSales rose."
    assert sentences(text) == [line.strip() for line in text.split("\n")]


def test_sentence_with_numbers_is_no_row():
    text = "In 2018 and 2017 we sold 3,100 and 2,900 units of the pump, \nwhich is more than in 2016."
    assert sentences(text) == [text]


def test_heading_and_bullets_stand_alone():
    text = (
        "Market Risk \nOur main exposure to market risk relates to interest rates and to the price of grain. \n"
        "• The first point goes on for a while and then \ncontinues on this line. \n• The second point \n"
    )
    assert sentences(text) == [
        "Market Risk",
        "Our main exposure to market risk relates to interest rates and to the price of grain.",
        "• The first point goes on for a while and then \ncontinues on this line.",
        "• The second point",
    ]


def test_a_numbered_heading_stands_alone_under_a_title_as_long_as_the_lines():
    title = "Gullholm Lighthouse: guide for visitors and volunteers of the island"
    assert sentences(f"{title}\n1 Opening\nThe lighthouse is open daily.") == [
        title,
        "1 Opening",
        "The lighthouse is open daily.",
    ]
    wrapped = "The stores of the island have sold more than\n12 Danish ships of salt\nevery year since then."
    assert sentences(wrapped) == [wrapped]


def test_numbered_item_keeps_its_number():
    assert sentences("1. The first item is short. It is.") == ["1. The first item is short.", "It is."]


def test_chinese_full_stops_split_without_blanks():
    assert sentences("今天下雨。明天晴。") == ["今天下雨。", "明天晴。"]


@pytest.mark.parametrize(
    "text", ["", "  \n ", "no end", "A. B. C.", "...", "\n\nx\n \n7\n", "a\x00b. C\ud83d", "1 2 3\n" * 50]
)
def test_spans_are_ordered_and_cover_everything_that_is_not_blank(text):
    spans = split(text)
    assert all(a < b for a, b in spans)
    assert all(first[1] <= second[0] for first, second in itertools.pairwise(spans))
    covered = {i for a, b in spans for i in range(a, b)}
    assert all(c.isspace() for i, c in enumerate(text) if i not in covered)


def test_readable_joins_words_and_removes_what_cannot_be_seen():
    assert readable("termi-\nnate  the non\u00adsense\u200b \x00 now\u202e.") == "terminate the nonsense now."
    assert readable("well-known \nPort-\nSaid") == "well-known Port- Said"


def test_blank_line_ends_a_sentence():
    assert sentences("the first part of it\n\nand something else") == ["the first part of it", "and something else"]


@pytest.mark.parametrize(
    "text", ["." * 200_000 + "x", "x-" + "\n" * 200_000 + "1", "word, and \n" * 50_000, "a.B. " * 50_000]
)
def test_floods_take_no_more_than_moments(text):
    start = time.monotonic()
    split(text)
    readable(text)
    assert time.monotonic() - start < 5


def test_long_lines_are_not_kept_in_memory():
    _is_known_row.cache_clear()
    row = "1 2 " * 51
    assert len(row) > KEPT_LINE and is_row(row) and is_row("Rent 12 13")
    assert _is_known_row.cache_info().currsize == 1


def verbatim(text):
    return [text[start:end] for start, end in split(text)]


def test_a_row_of_words_is_one_sentence_apart_from_the_rows_and_the_prose_around_it():
    text = "It rained\nfor days.\nE101\tTank empty. Lamp on.\tFill it\nE207\tHopper empty\tRefill\nIf not, wait."
    assert verbatim(text) == [
        "It rained\nfor days.",
        "E101\tTank empty. Lamp on.\tFill it",
        "E207\tHopper empty\tRefill",
        "If not, wait.",
    ]


def test_cells_of_whole_paragraphs_are_cut_at_their_sentences():
    cell = "The tenant pays for the water that is used in the house. " * 6
    found = verbatim(f"Water\t{cell}")
    assert len(found) == 6
    assert found[0].startswith("Water\tThe tenant")


def test_a_wide_blank_inside_a_sentence_parts_no_cells():
    assert verbatim("The gate opens\nat five\tin the morning.") == ["The gate opens\nat five\tin the morning."]


def parts(text, **how):
    return [text[start:end] for start, end in split(text, **how)]


def test_the_first_line_of_a_piece_of_a_page_is_no_running_header():
    said = "No \ncollective agreement applies to it, and none of the parties has asked for one in all these years."
    assert parts(f"{said}\nMore follows.", page=False) == [said, "More follows."]
    assert parts(f"Annual report 2022 \n{said[4:]}\nMore follows.")[0] == "Annual report 2022"


def test_an_item_after_one_that_ends_in_and_begins_anew():
    items = ["(a) wages under\nclause 9.3; and", "(b) costs of\ntravel, or", "(c) loans."]
    assert parts("\n".join(items)) == items


@pytest.mark.parametrize("mark", ["1", "12", "3,4", "[1]", "[1][2]", "*", "†"])
def test_the_mark_of_a_note_ends_no_word_but_a_sentence(mark):
    assert parts(f"Residents were asked.{mark} All of them answered.") == [
        f"Residents were asked.{mark}",
        "All of them answered.",
    ]


def test_a_number_behind_a_full_stop_may_be_a_part_of_a_name():
    for said in ("He lives at No.5 Quay Street.", "The file is kept in vol.2 Index.", "It weighs 3.5 Tonnes."):
        assert parts(said) == [said]


def test_what_a_caption_is_called_belongs_to_it():
    assert parts("Figure 2. The lock by night. Annex 4. Prices.") == [
        "Figure 2. The lock by night.",
        "Annex 4. Prices.",
    ]
