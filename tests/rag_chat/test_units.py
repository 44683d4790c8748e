"""The same number of something else is noticed; another way to write it, or no unit at all, is not."""

import pytest

from rag_chat.units import contradicts


@pytest.mark.parametrize(
    ("sentence", "quote"),
    [
        ("The rent is €400.", "A rent of $400 is due."),
        ("It cost US$ 5 million.", "It cost £5 million."),
        ("Revenue was 12 billion.", "Revenue was 12 million US dollars."),
        ("The tank holds 30 gallons.", "The tank holds 30 litres."),
        ("Take 20 µg a day.", "Take 20 mg a day."),
        ("Heat it to 100°C.", "Heat it to 100 °F."),
        ("It lasts 30-days.", "It lasts 30 months."),
        ("The yard has 40 m².", "The yard has 40 acres."),
        ("Sales were higher in 2020 than in 2019.", "Sales were higher in 2019 than in 2020."),
    ],
)
def test_a_contradiction_is_noticed_both_ways(sentence, quote):
    assert contradicts(sentence, quote)
    assert contradicts(quote, sentence)


@pytest.mark.parametrize(
    ("sentence", "quote"),
    [
        ("Revenue was 12 million.", "Revenue was $12 million in 2020."),
        ("Revenue was $4.20.", "Revenue 4.2"),  # the table's head has the unit
        ("It costs USD 1,000.", "It costs $1000."),
        ("5 per cent of 100 km", "5% of 100 kilometres"),
        ("8 gallons are enough.", "30 litres (8 gallons) are enough."),
        ("A 12-month term.", "The term is 12 months."),
        ("It weighs 4 pounds.", "It costs £4."),  # of either kind
        ("In 2020 it fell; in 2019 it grew.", "It grew in 2019 and fell in 2020."),
        ("From 3 to 5 years.", "From 3 years to 5 years, or 5 to 3 in winter."),
        ("The rent is high.", "The rent is $400."),
    ],
)
def test_what_may_be_the_same_contradicts_nothing(sentence, quote):
    assert not contradicts(sentence, quote)
    assert not contradicts(quote, sentence)
