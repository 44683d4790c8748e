import pytest

from rag_chat import words


def test_content_leaves_out_what_carries_no_meaning():
    assert words.content("The pump is in the cellar, and it was moved to 3,000.50 sites.") == [
        "pump",
        "cellar",
        "mov",
        "3000.5",
        "sit",
    ]
    assert words.content("It is what it was.") == []


@pytest.mark.parametrize(
    "forms",
    [("increase", "increases", "increased", "increasing"), ("Pump", "pumps", "PUMP's", "pump’s"), ("quickly", "quick")],
)
def test_forms_of_a_word_meet(forms):
    assert len({words.stem(form) for form in forms}) == 1


def test_short_words_keep_their_endings():
    assert [words.stem(word) for word in ("gas", "bed", "rely", "ring")] == ["gas", "bed", "rely", "ring"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,250.50 and 1250.5", {"1250.5"}),
        ("$4.20 in 2021.", {"4.2", "2021"}),
        ("10.0% of 100", {"10", "100"}),
        ("version 1.2.30", {"1.2.30"}),
        ("none", set()),
    ],
)
def test_numbers_compare_by_value(text, expected):
    assert words.numbers(text) == expected


def test_a_name_is_a_capital_that_opens_no_sentence():
    assert words.names("Harbors were built by Lind in Tarnwick. Grain came later.") == {"lind", "tarnwick"}
    assert words.names("The Coca-Cola Company") == {"coca", "cola", "company"}


@pytest.mark.parametrize(
    "text", ["It does not leak.", "It doesn't leak.", "It doesn’t leak.", "No, it leaks.", "It cannot leak"]
)
def test_negation_is_seen(text):
    assert words.negated(text)


@pytest.mark.parametrize("text", ["It leaks.", "A notable knot.", "Norway leaks."])
def test_no_negation_is_seen_where_none_is(text):
    assert not words.negated(text)


def test_coverage_is_the_share_of_distinct_words():
    assert words.coverage(["a", "b", "a", "c", "d"], ["b", "d", "e"]) == 0.5
    assert words.coverage([], ["a"]) == 0.0


def test_a_sentence_meets_its_quote_however_that_is_written():
    sentence, quote = (
        "The office in Łódź did not terminate 4.2 contracts.",
        "The o\ufb03ce in Ło\u0301dz\u0301 did n\u200bot termi\u00adnate ４.２ contracts",
    )
    assert words.word_for_word(sentence, quote)
    assert words.content(sentence) == words.content(quote)
    assert words.numbers(sentence) == words.numbers(quote) == {"4.2"}
    assert words.names(sentence) == words.names(quote)
    assert words.negated(quote)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("賃料は月額12万円とする。", ["賃料", "は", "月額", "12", "万円", "とす", "する"]),
        ("每月租金为三千元", ["每月", "月租", "租金", "金为", "为三", "三千", "千元"]),
        ("임대료는 매월", ["임대", "대료", "료는", "매월"]),
        ("A社のテレビ（3.5億円）", ["A", "社", "の", "テレ", "レビ", "3.5", "億円"]),
        ("ค่าเช่า 5000", ["ค", "าเ", "เช", "า", "5000"]),
        ("The Société’s tide gate", ["The", "Société’s", "tide", "gate"]),
    ],
)
def test_where_no_blanks_are_written_two_characters_are_a_word(text, expected):
    assert words.parted(text) == expected


def test_length_counts_two_characters_as_a_word_where_no_blanks_are_written():
    assert words.length("賃料は月額12万円とする。") == 7
    assert words.length("目次") == 1
    assert words.length("12 ページ") == 2
    assert words.length("Le café — ouvert") == 4


def test_a_sentence_without_blanks_is_found_word_for_word():
    assert words.word_for_word("賃料は月額十二万円とする。", "第二条　賃料は月額十二万円とする。敷金は")
    assert not words.word_for_word("賃料は月額十三万円とする。", "第二条　賃料は月額十二万円とする。敷金は")
    assert words.coverage(words.content("保修期"), words.content("水泵的保修期为三十个月")) == 1.0


def test_codes_are_told_by_their_letters_and_years_are_none():
    assert words.codes("E163, e-169 or R12; not 42, 10K, FY22 or COVID-19") == {"e": {"163", "169"}, "r": {"12"}}
