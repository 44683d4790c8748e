"""Whether a question asks for figures, and how much of a text is rows of them.

A table row says little in words, so encoders rank it below the prose around it, which talks of the figure without
giving it.
"""

from __future__ import annotations

import re

from rag_chat.sentences import is_row

_ASKED = re.compile(
    r"\bhow (?:much|many|large|high|big|long|far|fast|old|often)\b"
    r"|\b(?:amounts?|numbers?|rates?|ratios?|percent(?:ages?)?|totals?|sums?|prices?|costs?|averages?|shares?|values?"
    r"|margins?|turnovers?|growth|grow|grew|increased?|decreased?|rises?|rose|falls?|fell|declined?|highest|lowest"
    r"|largest|smallest|biggest|figures?|compared?|usd|eur|millions?|billions?|thousands?)\b|[%$€£]",
    re.IGNORECASE,
)


def asked_for(question: str) -> bool:
    return _ASKED.search(question) is not None


def share(text: str) -> float:
    """The share of the text's characters that stand in table rows."""
    lines = text.splitlines()
    return sum(len(line) for line in lines if is_row(line)) / max(1, sum(map(len, lines)))
