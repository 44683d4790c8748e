"""The lines of a financial statement that a question asks for, and whether a page prints them.

Questions say "capex" or "fixed asset turnover" where the statement has "Purchases of property and equipment" and "Net
sales": hardly a word in common, and a statement has no prose for an encoder to hold on to. The vocabulary is that of
any textbook of accounting: what each line is called in questions, what companies print, and of which lines the usual
ratios are made.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from rag_chat import figures
from rag_chat.sentences import is_row

Statement = Literal["income", "position", "cash"]

TITLE_REACH = 350  # characters of a page within which its title stands
FEWEST_FIGURES = 0.3  # share of a statement's text that is rows; prose names statements too
AND = r"(?:and|&)"
EQUIPMENT = rf"property,? (?:plant,? )?{AND} equipment"


@dataclass(frozen=True, slots=True)
class _Line:
    """Patterns of what it is called in a question, and of how a row of it begins."""

    statement: Statement
    asked: str
    printed: str


_LINES = {
    "revenue": _Line(
        "income", r"revenues?|(?:net|total) sales|sales", r"(?:total )?(?:net )?(?:revenues?|sales)(?: to customers)?"
    ),
    "cost": _Line(
        "income",
        r"cogs|costs? of (?:goods|products|sales|revenues?)",
        r"(?:total )?(?:merchandise costs|costs? of (?:(?:goods|products) sold|sales|(?:net )?revenues?))",
    ),
    "gross": _Line("income", r"gross profit", r"gross (?:profit|margin)"),
    "operating income": _Line(
        "income",
        r"operating (?:income|profit)|ebit",
        r"(?:total )?(?:operating (?:income|profit|loss|earnings)|(?:income|earnings|loss|profit)(?: \(loss\))? from"
        r" operations)",
    ),
    "net income": _Line("income", r"net (?:income|earnings|profit|loss)", r"net (?:income|earnings|loss|profit)"),
    "before tax": _Line(
        "income", r"pre-?tax (?:income|earnings|profit)", r"(?:income|earnings|loss)(?: \(loss\))? before .{0,40}tax"
    ),
    "tax": _Line(
        "income", r"income tax(?:es)?", r"(?:(?:provision|benefit) .{0,20})?income tax|effective (?:income )?tax rate"
    ),
    "interest": _Line("income", r"interest expense", r"interest (?:and debt )?expense"),
    "research": _Line("income", r"r&d|research and development", r"research (?:and|&) development"),
    "overhead": _Line("income", r"sg&a|general and administrative", rf"selling|marketing|general {AND} administrative"),
    "per share": _Line("income", r"eps|earnings per share", r"(?:basic|diluted)|(?:net )?(?:earnings|income) per"),
    "equipment": _Line("position", rf"pp ?(?:&|n|and )?e|fixed assets|{EQUIPMENT}", rf"(?:net )?{EQUIPMENT}"),
    "inventory": _Line("position", r"inventor(?:y|ies)", r"(?:total |merchandise )?inventor(?:y|ies)"),
    "receivables": _Line("position", r"receivables?", r"(?:accounts|trade|notes)(?: and \w+)? receivable|receivables"),
    "payables": _Line("position", r"(?:accounts )?payables?", r"accounts payable|payables"),
    "current assets": _Line("position", r"current assets", r"total current assets"),
    "current liabilities": _Line("position", r"current liabilities", r"total current liabilities"),
    "assets": _Line("position", r"total assets", r"total assets"),
    "equity": _Line("position", r"(?:share|stock)holders['’]? equity", r"total .{0,30}equity"),
    "debt": _Line(
        "position", r"debt", r"(?:current portion of )?(?:long|short)-term (?:debt|borrowings)|notes payable"
    ),
    "cash": _Line("position", r"cash and (?:cash )?equivalents", r"(?:total )?cash,? (?:and )?(?:cash )?equivalents"),
    "operating cash": _Line(
        "cash",
        r"cash (?:flows? )?from operati(?:ons|ng)|operating cash ?flows?",
        r"(?:net )?cash .{0,40}(?:operating activities|operations)",
    ),
    "capital expenditure": _Line(
        "cash",
        r"cap(?:ital )?(?:ex|expenditures?)",
        r"capital expenditures?|(?:purchases?|additions?|acquisitions?|payments?)(?: \w+){0,3}"
        r" (?:of|to|for)(?: \w+)? (?:property|equipment)",
    ),
    "depreciation": _Line("cash", r"depreciation|d&a", r"(?:total )?depreciation"),
    "dividends": _Line("cash", r"dividends?", r"(?:cash )?dividends|payments? of (?:cash )?dividends"),
}
_RATIOS = {
    r"working capital|current ratio": ("current assets", "current liabilities"),
    r"quick ratio": ("cash", "receivables", "current liabilities"),
    r"operating cash flow ratio": ("operating cash", "current liabilities"),
    r"fixed asset turnover": ("revenue", "equipment"),
    r"(?<!fixed )asset turnover": ("revenue", "assets"),
    r"inventory turnover|days inventory outstanding|dio": ("cost", "inventory"),
    r"days sales outstanding|dso|receivables turnover": ("revenue", "receivables"),
    r"days payables? outstanding|dpo": ("cost", "payables"),
    r"cash conversion cycle": ("cost", "inventory", "revenue", "receivables", "payables"),
    r"gross (?:profit )?margin": ("gross", "cost", "revenue"),
    r"operating (?:income |profit )?margin": ("operating income", "revenue"),
    r"(?:net|profit) (?:profit |income )?margin": ("net income", "revenue"),
    r"ebitda": ("operating income", "depreciation"),
    r"free ?cash ?-?flow|fcf": ("operating cash", "capital expenditure"),
    r"capital[- ]intensi(?:ve|ty)": ("capital expenditure", "equipment", "assets", "revenue"),
    r"return on assets|roa": ("net income", "assets"),
    r"return on equity|roe": ("net income", "equity"),
    r"pay-?out ratio|retention ratio": ("dividends", "net income"),
    r"(?:effective )?tax rate": ("tax", "before tax"),
    r"interest coverage": ("operating income", "interest"),
}
_EVERYDAY = frozenset({"revenue", "inventory", "debt", "dividends", "payables"})
_TITLES: dict[Statement, str] = {
    "income": r"income statements?|statements? of (?:consolidated )?(?:income|operations|earnings)",
    "position": r"balance sheets?|statements? of (?:consolidated )?financial (?:position|condition)",
    "cash": r"cash flows? statements?|statements? of (?:consolidated )?cash flows?",
}


def _word(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w&])(?:{pattern})(?![\w&])", re.IGNORECASE)


_NAMED = {name: _word(line.asked) for name, line in _LINES.items()}
_MADE_OF = [(_word(pattern), lines) for pattern, lines in _RATIOS.items()]
_PRINTED = {name: re.compile(rf"\W*(?:{line.printed})\b", re.IGNORECASE) for name, line in _LINES.items()}
_TITLE = {statement: _word(pattern) for statement, pattern in _TITLES.items()}


def asked_for(question: str) -> frozenset[str]:
    """Names of the lines that the question needs; empty where it is about nothing of the kind.

    "Sales" may mean the people: what everyday words name counts where figures or a statement are asked for too.
    """
    named = frozenset(name for name, pattern in _NAMED.items() if pattern.search(question))
    made = frozenset(name for pattern, lines in _MADE_OF if pattern.search(question) for name in lines)
    sure = made or named - _EVERYDAY or figures.asked_for(question) or any(t.search(question) for t in _TITLE.values())
    return named | made if sure else frozenset()


def share(lines: Iterable[str], page: str) -> float:
    """How much a page's text is what gives these lines, 0..1: half for the rows it has of them, half for being a
    statement, by its title and its figures, in which some of them stand."""
    wanted = frozenset(lines)
    titles, printed = _read(page)
    there = bool(titles & {_LINES[name].statement for name in wanted})
    return (len(wanted & printed) / len(wanted) + there) / 2 if wanted else 0.0


@lru_cache(maxsize=2_000)  # the pages of a few reports are looked at again and again
def _read(page: str) -> tuple[frozenset[Statement], frozenset[str]]:
    """Which statements a page is, and which lines it has rows of."""
    rows = [" ".join(line.split()) for line in page.splitlines() if is_row(line)]
    printed = frozenset(name for name, pattern in _PRINTED.items() if any(map(pattern.match, rows)))
    if figures.share(page) <= FEWEST_FIGURES:
        return frozenset(), printed
    head = " ".join(page[:TITLE_REACH].split())
    return frozenset(statement for statement, pattern in _TITLE.items() if pattern.search(head)), printed
