"""Sentences of running text and of PDF pages, as character offsets, and a readable form of such text.

Knows lines: a line break inside a sentence is no boundary, but a table row, a heading or a bullet is a sentence of
its own. Knows nothing about pages or tokens. Limit: abbreviations of English, and the common ones of German, French,
Spanish and Italian; German dates and ordinals ("am 30. Juni", "im 3. Stock"), other languages' by the month's small
letter only.
"""

from __future__ import annotations

import functools
import re

ROW_NUMBERS = 3  # a line that ends in so many numbers, or a short one in two, is a table row
HEADING_WORDS = 14
PROSE_WORDS = 5  # at least, of a line of prose with a wide blank
LONGEST_ROW = 300  # characters; in longer ones, cells of whole paragraphs, each sentence is one of its own
KEPT_LINE = 200  # characters; longer lines are few, and a hostile file's must not fill the memory
SHORTEST_NOTED = 4  # letters of a word whose full stop and number are a note's mark, not a part of a name
SHORT_LINE = 0.75  # a heading ends before this share of the page's usual line

# Before a full stop that ends no sentence, whatever follows.
_TITLES = frozenset(
    (
        "mr mrs ms dr prof messrs col sgt capt lt gov st jr sr vs cf al approx ca viz resp incl excl eds ed vol "
        "dept univ assn bros fig figs eq eqs chap pp"
    ).split()
)
# The same in other languages, in the letters that they are written in: an English sentence may end in "ABS".
_ABBREVIATED = frozenset(
    (
        "Nr Abs Hr Fr Bd Kap Ziff Anm Bsp Mio Mrd Dipl bzw ggf zzgl inkl evtl vgl sog Mme Mlle Sra Srta Dra Avda EE "
        "pág págs núm aprox Sig Dott Avv dott sig avv"
    ).split()
)
# Before a German ordinal: "am 30. Juni", "im 3. Stock". English says hardly any of them before a number ("I am 30.").
_BEFORE_ORDINALS = frozenset("am zum vom dem der den des das die im beim ab bis seit zur jedes jeden und".split())
_GERMAN_MONTHS = frozenset("Januar Jänner Februar März Mai Juni Juli Oktober Dezember".split())
_BEFORE_NUMBERS = frozenset(
    "no nos p pp vol fig figs sec secs art ch eq tab item pt cl reg ser rev ver app ref refs para est".split()
)
# May end a sentence or not: only a word that usually opens one splits after them.
_MAYBE = frozenset("inc corp co ltd llc plc jan feb mar apr jun jul aug sep sept oct nov dec etc a.m p.m".split())
_OPENERS = frozenset(
    (
        "The This These Those That In It Its We Our As For On At If However Such There They He She Their All Each "
        "No Any An A Under During After Although While When Additionally Furthermore"
    ).split()
)

# A line that ends in one of these goes on in the next one.
_DANGLING = frozenset(
    "a an the of and or by to in on for with from at as is are was were that which its our their be not under".split()
)
_SECTION = re.compile(r"\d{1,2}(?:\.\d{1,2}){0,3}\.?\s+[A-ZÀ-Þ]")  # "2 Prices", "4.1 Scope"
_NUMBERED = frozenset(
    (
        "item note chapter section part article appendix schedule exhibit table step figure fig clause annex rule"
        " example algorithm equation"
    ).split()
)

_FIGURE = r"[($€£¥+\-–—]*\d[\d,.:/]*%?\)?[%)*†]*"
_NUMBER = re.compile(rf"{_FIGURE}|[—–-]{{1,2}}%?|\$|€|£|N/?[AM]")
_TWO_FIGURES = re.compile(rf"(?<!\S){_FIGURE}(?!\S).*(?<!\S){_FIGURE}(?!\S)", re.DOTALL)
_CURRENCIES = frozenset("$€£")
_BULLET = re.compile(r"\s*(?:[•◦▪▫■□●○·‣⁃∙➢➤✓✔*]|[-–—]\s|\(?(?:\d{1,2}|[a-zA-Z]|[ivxIVX]{1,5})[.)]\s)")
_NOTE_MARK = r"(?:(?:\[\d{1,3}\])+|[*†‡§]+|(?<=[a-z)]\.)\d{1,2}(?:,\d{1,2})*)"
_ENDS = re.compile(rf"(?<![.!?…])[.!?…]++{_NOTE_MARK}?[\"'”’»)\]]*(?=\s|$)|[。！？]+[」』”’）]*")
_LETTER = re.compile(r"[a-zA-Z]\.")
_ITEM_JOINED = re.compile(r"[;,]\s+(?:and|or|und|oder|et|ou|y|o|e)$")  # the next item is the last one
_CLOSED = re.compile(r"[.!?…:;。！？][\"'”’»)\]]*$")
INVISIBLE = "[\x00-\x08\x0b\x0e-\x1f\x7f\xad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]"
LINE_END_HYPHEN = rf"(?<=\w)[-\xad\u2010](?:[^\S\n]|{INVISIBLE})*\n\s*+(?=[a-z])"
_TIGHT_BULLET = re.compile(r"•(?=\w)")  # as the parser puts it where the file names an item
_UNREAD = re.compile(f"{LINE_END_HYPHEN}|{INVISIBLE}+")


def split(text: str, *, page: bool = True) -> list[tuple[int, int]]:
    """The sentences' (start, end) in order; together they cover all text that is not blank.

    `page` says that the text may begin with a running header; a piece of a page begins with a sentence.
    """
    spans: list[tuple[int, int]] = []
    for start, end in _blocks(text, page):
        spans.extend(_sentences(text, start, end))
    return spans


def readable(text: str) -> str:
    """For prompts and eyes: words joined over line ends, invisible characters gone, blanks collapsed.

    Lengths change, so no offset of the page holds in it. What is searched goes further: see `search_copy`.
    """
    return " ".join(_TIGHT_BULLET.sub("• ", _UNREAD.sub("", text)).split())


def is_row(line: str) -> bool:
    """A table row: several numbers, and hardly any prose around them."""
    return _is_known_row(line) if len(line) <= KEPT_LINE else _is_row(line)


@functools.lru_cache(maxsize=20_000)  # asked of a page's lines, of its chunks' lines, and again by the next question
def _is_known_row(line: str) -> bool:
    return _is_row(line)


def _is_row(line: str) -> bool:
    if not _TWO_FIGURES.search(line):
        return False
    words = line.split()
    numbers = [bool(_NUMBER.fullmatch(word)) for word in words]
    if sum(numbers) >= len(words) / 2:
        return True
    trailing = 0
    while numbers[-1 - trailing] and not words[-1 - trailing].endswith((",", ".")):
        trailing += 1
    label = words[-1 - trailing].lower()
    return trailing >= ROW_NUMBERS or (trailing == 2 and len(words) <= HEADING_WORDS and label not in _DANGLING)


def has_cells(line: str) -> bool:
    """Is it parted by tabs, as the cells of a table's row are?"""
    return "\t" in line.strip()


def columns(line: str) -> int:
    """How many figures the line ends in; a dash in the place of one counts."""
    words, found = line.split(), 0
    while words and _NUMBER.fullmatch(words[-1]):
        found += words.pop() not in _CURRENCIES
    return found


def is_closed(text: str) -> bool:
    """Does it end as a sentence ends?"""
    return bool(_CLOSED.search(text.rstrip()[-20:]))


def dangles(text: str) -> bool:
    """Does it end in a word after which every sentence goes on?"""
    words = text[-KEPT_LINE:].split()
    return len(words) > 1 and words[-1].lower() in _DANGLING


def _blocks(text: str, page: bool) -> list[tuple[int, int]]:
    """Runs of lines that can share a sentence. Linear in the text, as pages may be made to be long."""
    lines = _lines(text)
    if not lines:
        return []
    usual = _usual_length(lines, text)
    blocks: list[tuple[int, int]] = []
    before = ""  # the line before, where this one may go on in its block
    for i, (start, end) in enumerate(lines):
        line = text[start:end]
        following = text[slice(*lines[i + 1])].strip() if i + 1 < len(lines) else ""
        if i and start > lines[i - 1][1] + 1:
            before = ""  # a blank line ends what stands above it
        is_first_line = bool(blocks) and text.find("\n", *blocks[-1]) < 0
        alone = (
            is_row(line)
            or (has_cells(line) and not _is_rest(before, line))
            or _is_furniture(line, i + 1 == len(lines) and i > 0)
            or _is_heading(line, before, following, usual, page and i == 0)
        )
        if before and not alone and not _opens_item(line, before, is_first_line):
            blocks[-1] = (blocks[-1][0], end)
        else:
            blocks.append((start, end))
        before = "" if alone else line
    return blocks


def _lines(text: str) -> list[tuple[int, int]]:
    """The lines that are not blank."""
    spans, start = [], 0
    for part in text.split("\n"):
        if part.strip():
            spans.append((start, start + len(part)))
        start += len(part) + 1
    return spans


def _usual_length(lines: list[tuple[int, int]], text: str) -> int:
    lengths = sorted(len(text[start:end].strip()) for start, end in lines)
    return lengths[round(0.9 * (len(lengths) - 1))]


def item_sign(text: str) -> str:
    """What kind of bullet or enumerator it begins with: "•", "(" for "(a)", "1" or "a"; "" for none."""
    if not _BULLET.match(text):
        return ""
    sign = text.lstrip()[0]
    return "1" if sign.isdigit() else "a" if sign.isalpha() else sign


def _opens_item(line: str, before: str, is_first_line: bool) -> bool:
    """A bullet or an enumerator; "(b) of" in the middle of a sentence is none unless the text before is closed."""
    if not _BULLET.match(line):
        return False
    bulleted, ended = line.lstrip()[0] in "•◦▪▫■□●○‣⁃∙➢➤✓✔", is_closed(before) or _ITEM_JOINED.search(before.rstrip())
    return bool(bulleted or ended or is_first_line)


def _is_heading(line: str, before: str, following: str, usual: int, is_top: bool) -> bool:
    """A short line that starts like a title, does not end like a sentence, and whose next line starts anew."""
    stripped = line.strip()
    words = stripped[: 20 * HEADING_WORDS].split()
    if len(words) > HEADING_WORDS or len(stripped) > SHORT_LINE * usual or is_closed(stripped) or stripped[-1] in ",-":
        return False
    if words[-1].lower() in _DANGLING or stripped[0].islower() or _goes_on(before, stripped):
        return False
    if is_top and len(stripped) < 0.4 * usual and len(following) > SHORT_LINE * usual:
        return True  # a running header above the rest of the last page's sentence
    return bool(following) and not following[0].islower()


def _is_rest(before: str, line: str) -> bool:
    """Does it go on with the sentence before, so that its wide blank is only a wide blank?"""
    prose = len(line.split()) >= PROSE_WORDS and line.lstrip()[0].islower()
    return prose and bool(before) and not is_closed(before)


def _goes_on(before: str, line: str) -> bool:
    """May `line` be the rest of the sentence before? A section's number opens a heading, under an open title too."""
    if not before or is_closed(before):
        return False
    last = before.split()[-1].lower()
    return last in _DANGLING or last[-1] in ",-" or not _SECTION.match(line)


def _is_furniture(line: str, last: bool) -> bool:
    """A line of signs only, or the page number under everything."""
    return not any(c.isalnum() for c in line) or (last and line.strip().isdigit())


def _sentences(text: str, start: int, end: int) -> list[tuple[int, int]]:
    if end - start <= LONGEST_ROW and has_cells(text[start:end]) and "\n" not in text[start:end]:
        return [_trim(text, start, end)]
    spans, begin = [], start
    for match in _ENDS.finditer(text, start, end):
        if _is_boundary(text, begin, match.start(), match.end(), end):
            spans.append((begin, match.end()))
            begin = match.end()
    spans.append((begin, end))
    trimmed = [_trim(text, *span) for span in spans]
    return [span for span in trimmed if span[0] < span[1]]


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def _is_boundary(text: str, begin: int, mark: int, after: int, end: int) -> bool:
    following = text[after : min(end, after + 40)].split()
    if not following:
        return False
    if text[mark] in "!?。！？":
        return not following[0][0].islower()
    if text[mark:after].count(".") >= 3 and following[0][0].isdigit():  # leader dots of a table of contents
        return False
    first = following[0].lstrip("\"'“‘«([")
    if not first or first[0].islower():
        return False
    if any(c in "\"'”’»)]" for c in text[mark:after]) and first[0].isupper():
        return True
    before = text[max(begin, mark - 200) : mark]
    if text[mark + 1 : after].isdigit() and len(before.split()[-1]) < SHORTEST_NOTED:
        return False  # "No.5 Quay"
    return _word_may_end(before, first)


def _word_may_end(before: str, following: str) -> bool:
    """May a full stop after `before` end the sentence, given the word that follows?"""
    words = before.split()
    if not words:
        return False
    word = words[-1].lstrip("\"'“‘«([-–—")
    lower = word.lower()
    if len(words) == 1 and re.fullmatch(r"\(?(?:\d{1,3}|[a-zA-Z]|[ivxlIVXL]{1,6}|\d+(?:\.\d+)+)", word):
        return False  # "1. The first item"
    if len(words) == 2 and words[0].lower() in _NUMBERED and len(word) <= 4 and any(c.isdigit() for c in word):
        return False  # "Item 7A. Quantitative disclosures"
    if following[0].isdigit() and (re.split("['’]", lower)[-1] in _BEFORE_NUMBERS or lower.endswith("str")):
        return False
    if lower in _TITLES or word in _ABBREVIATED or _is_ordinal(words, following):
        return False
    if word.islower() and len(word) == 1 and (_LETTER.fullmatch(following) or _LETTER.fullmatch(words[-2:][0])):
        return False  # "z. B.", "d. h."
    opener = following.rstrip(".,;:") in _OPENERS
    if lower in _MAYBE or re.fullmatch(r"(?:[a-zA-Z]\.)+[a-zA-Z]", word):  # "Inc", "U.S", "e.g"
        return opener and lower not in {"e.g", "i.e"}
    return not (len(word) == 1 and word.isupper() and word != "I") or (opener and len(words) > 2 and len(words[-2]) > 2)


def _is_ordinal(words: list[str], following: str) -> bool:
    """Does the number with the full stop count what follows, as German writes it?"""
    if len(words) < 2 or not re.fullmatch(r"\d{1,2}", words[-1]):
        return False
    if following.rstrip(".,;:") in _GERMAN_MONTHS:
        return True
    if following[0].isdigit() and re.fullmatch(r"\d{1,2}\.", words[-2]):  # "1. 7. 2024"
        return True
    return words[-2].lower() in _BEFORE_ORDINALS and words[-3:-1] != ["I", "am"]
