from ingest.furniture import bodies
from rag_chat.types import Page

BEASTS = ("otter", "heron", "badger", "marten")


def prose(beast):
    return f"The {beast} runs at full load for two hours before anybody may look at the reading. " * 3


def pages(*texts):
    return [Page(number, str(number), text) for number, text in enumerate(texts, start=1)]


def kept(given):
    return [page.text[start:end] for page, (start, end) in zip(given, bodies(given), strict=True)]


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


def test_a_page_without_text_is_no_trouble():
    assert bodies(pages("", "")) == [(0, 0), (0, 0)]


def test_rows_that_differ_by_their_numbers_alone_are_no_running_lines():
    table = "".join(f"Quay {n} grain 1{n} 2{n} 3{n} \n" for n in range(30))
    given = pages(*(f"Annual report 2025 \n{table}Page {n} of 4" for n in range(4)))
    assert kept(given) == [table.removesuffix("\n")] * 4


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
