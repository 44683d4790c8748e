from ingest.furniture import bodies
from rag_chat.types import Page

BEASTS = ("otter", "heron", "badger", "marten")


def prose(beast):
    return " ".join([f"The {beast} runs at full load for two hours before anybody may look at the reading."] * 3)


def pages(*texts):
    return [Page(number, str(number), text) for number, text in enumerate(texts, start=1)]


def kept(given):
    for page, body in zip(given, bodies(given), strict=True):
        assert len(body.text) == len(page.text)
        assert all(char in (" ", page.text[i]) for i, char in enumerate(body.text))
    return [body.text.strip() for body in bodies(given)]


def test_running_head_and_numbered_foot_are_left_out():
    given = pages(*(f"Annual report 2025 \n{prose(b)}\nPage {n} of 4 \n" for n, b in enumerate(BEASTS)))
    assert kept(given) == [prose(beast) for beast in BEASTS]


def test_roman_page_numbers_count_as_numbers():
    given = pages(*(f"Contents {n} \n{prose(b)}" for n, b in zip(("i", "ii", "iii", "iv"), BEASTS, strict=True)))
    assert kept(given) == [prose(beast) for beast in BEASTS]


def test_a_line_that_repeats_inside_the_page_stays():
    lines = "First line. \nSecond line. \nThird one. \nFourth one. \n"
    given = pages(*(f"{prose(b)}\n{lines}Note to the reader \n{lines}{prose(b)} end" for b in BEASTS))
    assert all("Note to the reader" in text for text in kept(given))


def test_a_cover_that_is_all_header_stays_whole():
    given = pages("Annual report 2025 \nTarn plc", *(f"Annual report 2025 \n{prose(b)}" for b in BEASTS))
    assert kept(given)[0] == "Annual report 2025 \nTarn plc"


def test_two_pages_are_too_few_to_tell():
    given = pages(f"Head \n{prose('otter')}", f"Head \n{prose('heron')}")
    assert all(text.startswith("Head") for text in kept(given))


def long(beast):
    return " \n".join(f"{prose(beast)} Line {i} of the {beast} is its own." for i in range(6))


def test_a_watermark_between_the_lines_goes_on_all_pages():
    given = pages(*(f"{long(b)} \nCONFIDENTIAL  DRAFT \nTo be continued {b}. \n{long(b)} end" for b in BEASTS))
    assert not any("DRAFT" in text for text in kept(given))
    assert all(text.startswith("The ") and text.endswith(" end") for text in kept(given))


def test_a_line_on_many_pages_only_is_no_watermark():
    given = pages(*(f"{long(b)} \nOf the keeper \n{long(b)}" for b in BEASTS), long("stoat"), long("lynx"))
    assert sum("Of the keeper" in text for text in kept(given)) == len(BEASTS)


def test_copies_of_a_form_keep_its_labels():
    form = "{0} \nBill to \nThe {1} \nDate of delivery \n{2} of May \nTo be paid within thirty days \n{0}"
    given = pages(*(form.format(long(b), b, 3 * i) for i, b in enumerate(BEASTS)))
    assert all("To be paid within thirty days" in text for text in kept(given))


def test_the_names_of_columns_between_the_lines_are_no_watermark():
    rows = "".join(f"Quay {n} grain 1{n} 2{n} 3{n} \n" for n in range(9))
    given = pages(*(f"{long(b)} \nQuay Cargo Tons Value \n{rows}{long(b)}" for b in BEASTS))
    assert all("Quay Cargo Tons Value" in text for text in kept(given))


def test_pages_with_no_more_than_a_running_line_keep_it():
    given = pages(*(f"Exhibit {n}" for n in range(4)))
    assert kept(given) == [f"Exhibit {n}" for n in range(4)]
    among = pages(*(f"Annual report 2025 \n{prose(b)}" for b in BEASTS), "Annual report 2025")
    assert kept(among) == [*map(prose, BEASTS), ""]


def test_a_page_without_text_is_no_trouble():
    assert kept(pages("", "")) == ["", ""]


def test_rows_that_differ_by_their_numbers_alone_are_no_running_lines():
    table = "".join(f"Quay {n} grain 1{n} 2{n} 3{n} \n" for n in range(30))
    given = pages(*(f"Annual report 2025 \n{table}Page {n} of 4" for n in range(4)))
    assert kept(given) == [table.strip()] * 4


def test_a_page_with_little_on_it_loses_its_running_lines_too():
    given = pages(
        *(f"Annual report 2025 \n{text}\nPage {n}" for n, text in enumerate((*map(prose, BEASTS), "Signed.")))
    )
    assert kept(given)[-1] == "Signed."


def test_numbers_that_do_not_go_along_with_the_pages_are_no_page_numbers():
    moved = (480, 12, 3077, 905)
    given = pages(*(f"{prose(b)}\nMoved today: {n}\n{i}" for i, (b, n) in enumerate(zip(BEASTS, moved, strict=True))))
    assert kept(given) == [f"{prose(b)}\nMoved today: {n}" for b, n in zip(BEASTS, moved, strict=True)]


def test_pages_numbered_anew_for_each_part_are_numbered():
    given = pages(*(f"{prose(b)}\nPage {n} of 2" for b, n in zip(BEASTS * 2, (1, 2) * 4, strict=True)))
    assert kept(given) == [prose(b) for b in BEASTS * 2]
