"""Numbers with what they count: does a text say the same number of something else?

"€400" and "$400", "12 billion" and "12 million", "30 gallons" and "30 litres" hold the same numbers and do not say the
same. Only what both texts name counts: a number without a unit contradicts nothing, as a table may name it elsewhere.
English names and the usual signs; "pound" and "m" mean two things and contradict neither.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

from rag_chat.words import NUMBER, content, plain_number

# Each line is a dimension; "/" parts units of it, blanks the ways to write one.
_DIMENSIONS = (
    "$ us$ usd dollar dollars/€ eur euro euros/£ gbp sterling/¥ jpy yen/chf francs/inr rupees/cny yuan renminbi",
    "thousand thousands k/million millions mn mio/billion billions bn/trillion trillions tn",
    "% percent percentage pct/‰ permille",
    "°c celsius/°f fahrenheit/kelvin",
    "mm millimetre millimetres millimeter millimeters/cm centimetre centimetres centimeter centimeters"
    "/metre metres meter meters/km kilometre kilometres kilometer kilometers/mile miles mi/yard yards yd"
    "/foot feet ft/inch inches",
    "µg μg mcg microgram micrograms/mg milligram milligrams/g gram grams gramme grammes"
    "/kg kilogram kilograms kilo kilos"
    "/ton tons tonne tonnes/ounce ounces oz/lb lbs",
    "ml millilitre millilitres milliliter milliliters/litre litres liter liters l/gallon gallons gal/pint pints"
    "/barrel barrels/m³ cubic",
    "second seconds sec/minute minutes min/hour hours/day days/week weeks/month months/quarter quarters/year years",
    "w watt watts/kw kilowatt kilowatts/mw megawatt megawatts/gw gigawatt gigawatts/kwh/mwh/gwh",
    "kb kilobyte kilobytes/mb megabyte megabytes/gb gigabyte gigabytes/tb terabyte terabytes",
    "hz/khz/mhz/ghz",
    "hectare hectares ha/acre acres/m² square",
)
_UNITS = {
    name: (dimension, unit)
    for dimension, line in enumerate(_DIMENSIONS)
    for unit, names in enumerate(line.split("/"))
    for name in names.split()
}
_SIGNS = "$€£¥"
_BEFORE = re.compile(rf"(?:\b(?:us)?[{_SIGNS}]|[{_SIGNS}]|\b(?:usd|eur|gbp|chf|jpy|inr|cny))\s?$", re.IGNORECASE)
_AFTER = re.compile(rf"[\s-]?(°[cf]|[%‰{_SIGNS}]|m[²³]|[^\W\d_]+)", re.IGNORECASE)
FOLLOWING = 3  # words after a number that may be its unit: "12 million US dollars"

Unit = tuple[int, int]  # dimension, unit


def contradicts(sentence: str, quote: str) -> bool:
    """Does the quote have a number of the sentence, and only of other things of its kind; or the same words in the same
    order with the numbers exchanged?"""
    there = _measured(quote)
    for number, units in _measured(sentence).items():
        for dimension, said in units.items():
            meant = there.get(number, {}).get(dimension)
            if meant and not said & meant:
                return True
    return _exchanged(sentence, quote)


def _measured(text: str) -> Mapping[str, Mapping[int, set[int]]]:
    """For each number the units that it stands with, by dimension."""
    found: defaultdict[str, defaultdict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
    for match in NUMBER.finditer(text):
        number = plain_number(match[0])
        for dimension, unit in _around(text, match.start(), match.end()):
            found[number][dimension].add(unit)
    return found


def _around(text: str, start: int, end: int) -> Iterable[Unit]:
    if before := _BEFORE.search(text[max(0, start - 4) : start]):
        yield _UNITS[before[0].strip().lower()]
    for _ in range(FOLLOWING):
        after = _AFTER.match(text, end)
        unit = _UNITS.get(after[1].lower()) if after else None
        if after is None or (unit is None and after[1].lower() not in ("us", "u")):
            return
        if unit is not None:
            yield unit
        end = after.end()


def _exchanged(sentence: str, quote: str) -> bool:
    """ "More in 2020 than in 2019" against "more in 2019 than in 2020"."""
    said, there = content(sentence), content(quote)
    numbers = [word for word in said if word[0].isdigit()]
    others = [word for word in said if not word[0].isdigit()]
    if len(set(numbers)) < 2 or not all(there.count(word) == 1 for word in said):
        return False
    places = {word: place for place, word in enumerate(there)}
    return _rises(others, places) and not _rises(numbers, places)


def _rises(words: list[str], places: Mapping[str, int]) -> bool:
    found = [places[word] for word in words]
    return found == sorted(found)
