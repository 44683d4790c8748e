import pytest

from rag_chat import statements

CASH = """ACME CORPORATION
CONSOLIDATED STATEMENTS OF CASH FLOWS
(In millions)
Net earnings 310 280
Depreciation and amortization 42 40
Net cash provided by operating activities 361 333
Purchases of property and equipment (58) (61)
Dividends paid (12) (10)"""
POSITION = """Acme Corporation
Consolidated
Balance Sheets
Inventories 90 80
Total current assets 410 395
Property, plant and equipment, net 700 690
Total assets $ 1,900 $ 1,850
Total current liabilities 300 280"""
PROSE = "Our consolidated balance sheets show total assets of $1,900 million, which management thinks is enough."


@pytest.mark.parametrize(
    ("question", "lines"),
    [
        ("What was Acme's capex in FY2019?", {"capital expenditure"}),
        ("How much PP&E does Acme have?", {"equipment"}),
        ("What is the fixed asset turnover ratio?", {"revenue", "equipment"}),
        ("What is the asset turnover ratio?", {"revenue", "assets"}),
        ("Is Acme a capital-intensive business?", {"capital expenditure", "equipment", "assets", "revenue"}),
        ("What is the working capital ratio?", {"current assets", "current liabilities"}),
        ("Which debt is on the balance sheet?", {"debt"}),
    ],
)
def test_the_lines_that_a_question_needs(question, lines):
    assert statements.asked_for(question) == lines


@pytest.mark.parametrize(
    "question",
    ["Who leads the sales team?", "What does the ferry cost?", "Is my dog in debt?", "How old is the bridge?"],
)
def test_a_question_about_nothing_of_the_kind(question):
    assert not statements.asked_for(question)


def test_a_statement_with_all_lines_is_all_that_was_asked_for():
    assert statements.share({"operating cash", "capital expenditure"}, CASH) == 1.0
    assert statements.share({"current assets", "current liabilities"}, POSITION) == 1.0


def test_a_statement_with_some_of_the_lines_counts_for_less():
    assert statements.share({"revenue", "equipment"}, POSITION) == 0.75


def test_another_statement_counts_for_the_rows_that_it_has_alone():
    assert statements.share({"net income"}, CASH) == 0.5


def test_prose_that_names_a_statement_is_none():
    assert statements.share({"assets"}, PROSE) == 0.0
    assert statements.share((), CASH) == 0.0
