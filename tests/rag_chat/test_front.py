from dataclasses import replace

from values import candidate

from rag_chat import front

REPORT = "harbor-annual-report.pdf Tarnwick Harbor plc: annual report 2025"


def test_document_and_section_stand_in_front():
    assert front.before("ACME_2021_10K.pdf", "Item 7", "Revenue \nrose.") == "ACME 2021 10K | Item 7\nRevenue rose."


def test_a_candidate_is_read_under_the_title_of_a_scan():
    told = replace(candidate("Revenue rose."), document="scan0012.pdf", title="Annual report")
    assert front.of(told) == "Annual report\nRevenue rose."
    assert front.of(replace(told, document="acme.pdf")) == "acme\nRevenue rose."


def test_nothing_known_leaves_the_text_alone():
    assert front.before("", "", "Revenue rose.") == "Revenue rose."


def test_encoders_read_letters_as_people_type_them():
    assert front.before("O\ufb03ce.pdf", "Ｆｅｅｓ", "To termi\u00adnate.") == "Office | Fees\nTo terminate."


def test_words_of_a_title_that_all_candidates_share_leave_the_question():
    asked = "Why did Tarnwick Harbor's board give up hydrogen?"
    assert front.within(asked, [REPORT] * 5) == "Why did board give up hydrogen?"


def test_a_title_that_only_some_candidates_bear_still_tells_them_apart():
    asked = "Why did Tarnwick Harbor give up hydrogen?"
    assert front.within(asked, [REPORT] * 3 + ["pump-manual.pdf RX-40"] * 2) == asked


def test_a_question_about_the_title_itself_is_kept():
    assert front.within("What is Tarnwick Harbor?", [REPORT] * 5) == "What is Tarnwick Harbor?"
    assert front.within("What is hydrogen?", []) == "What is hydrogen?"


def test_of_a_question_without_blanks_only_what_is_all_title_is_left_out():
    assert front.within("賃料規約の解約通知は何日前ですか", ["賃料規約"] * 5) == "賃料規約の解約通知は何日前ですか"
    assert front.within("賃料規約 解約通知は何日前ですか", ["賃料規約"] * 5) == "解約通知は何日前ですか"
