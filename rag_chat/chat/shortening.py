"""The sentence that holds the answer, shortened to what was asked.

Only leaves words out, never adds or reorders any, so that the quote carries what is left. Rules over commas and opening
words of clauses; knows no grammar beyond that. Conditions and exceptions (if, unless, when, until, but) are never left
out: without them a sentence says something else; nor is what a sentence begins by restricting itself to ("During the
probation, ...", "According to the seller, ..."), unless the question says it too; nor are reasons where the question
asks for one. English only.
"""

from __future__ import annotations

import re
from collections import Counter

from rag_chat import words

SHORT_ENOUGH = 12  # words; a shorter sentence stays as it is, but for its parentheses
FEWEST = 4  # words that must be left
NAMED = 2  # of the question's words may not be lost together with a part that is left out

_CONDITIONS = frozenset(
    (
        "if unless until till when whenever where only except excluding provided subject but however otherwise whether"
    ).split()
)
_REASONS = frozenset("because since as so due owing thanks therefore thus hence".split())
_WHY = re.compile(r"\bwhy\b|\bhow come\b|\breasons?\b|\bcauses?d?\b", re.IGNORECASE)
_PARENTHESIS = re.compile(r"\s*(?:\([^()]*\)|\[[^\[\]]*\])(?!\s*[-−(]?[$€£¥]?\d)")  # before a number it is its unit
_LATER = re.compile(
    r"\s*(?:[;–—]|\s--?\s"
    r"|,\s+(?=(?:which|who|whom|whose|where|while|although|though|because|since|with|including|such|so"
    r"|despite|unlike|whereas|however|followed|leading|making|\w+ing|especially|particularly|even"
    r"|rather|resulting|due|thus|then|yet)\b)"
    # Before anything else "and" or "as" may join one more thing that answers ("Ann, Bob, and the others").
    r"|,\s+(?=(?:and|as)\s+(?:it|he|she|we|you|they|there|this|these|those|that)\b)"
    r"|\s+(?=(?:because|although|though|whereas|while)\b))",
    re.IGNORECASE,
)
_RESTRICTING = frozenset(
    (
        "in on at by for with without after before during from over among throughout following according like unlike"
        " given upon through within under as to until since except initially originally historically traditionally"
        " currently recently today"
    ).split()
)
_LINKING = frozenset(
    (
        "while although though because despite besides however moreover furthermore additionally also therefore thus"
        " finally first second later eventually meanwhile nevertheless instead indeed similarly consequently"
        " subsequently and but so yet then here due having"
    ).split()
)
_LINKS = re.compile(
    r"(?:in (?:addition|fact|general|particular|short|turn|other words|contrast|conclusion|summary)"
    r"|for (?:example|instance)|as (?:a result|a consequence|well)|by contrast|at the same time"
    r"|on the (?:other hand|one hand|whole|contrary)|to that end)(?: to (?:this|that|these|those))?,",
    re.IGNORECASE,
)
_RESTRICTION = re.compile(r"[A-Za-z]+\b[^,;:–—]*,(?=\s)")
_OPEN_END = frozenset(
    (
        "a an the of and or but by to in on for with from at as is are was were be been has had have not under into"
        " than about through during after before between among that according both either if its their his her"
    ).split()
)  # a part that ends in one of these is no sentence
_SUBJECTS = frozenset(
    (
        "the a an he she it they we you i there this these those that his her its their our some many most several all"
        " both each one no more about such"
    ).split()
)
_ASIDE = re.compile(
    r",\s+(?:which|who|whose|whom|where|including|such as|also|formerly|known|called|named|however|therefore)\b"
    r"[^,;]*,(?=\s+(?!and\b|or\b)[a-z])"
)


def shorten(sentence: str, answer: str, question: str) -> str:
    """The sentence without the parts that neither hold the answer nor say what the question names."""
    text = _without(_PARENTHESIS, sentence, answer, "")
    for rule in (_cut_tail, _cut_lead, _cut_asides):
        if len(text.split()) > SHORT_ENOUGH:
            text = rule(text, answer, question)
    return closed(text)


def closed(text: str) -> str:
    """Begins with a capital and ends as a sentence ends; one that announces what follows keeps its colon."""
    text = text.strip().rstrip(" ,;–—-")
    if not text:
        return text
    text = text if text[-1] in ".!?:。！？" or text[-2:] in ('."', ".”", ".'") else f"{text}."
    return text[0].upper() + text[1:]


def place(text: str, answer: str) -> tuple[int, int] | None:
    """Where the answer stands as whole words, whatever its case."""
    found = re.search(rf"(?<!\w){re.escape(answer.strip())}(?!\w)", text, re.IGNORECASE) if answer.strip() else None
    return found.span() if found else None


def _cut_tail(text: str, answer: str, question: str) -> str:
    """Up to the first clause boundary behind the answer."""
    found = place(text, answer)
    if answer and found is None:
        return text
    for boundary in _LATER.finditer(text, found[1] if found else 0):
        kept = text[: boundary.start()]
        whole = len(kept.split()) >= SHORT_ENOUGH // 2 and kept.split()[-1].lower() not in _OPEN_END
        if whole and not loses(text, kept, question) and _balanced(kept):
            return kept
    return text


def _cut_lead(text: str, answer: str, question: str) -> str:
    """From the main clause on, where an introduction stands in front; or the half that holds the answer."""
    found = place(text, answer)
    if found is None:
        return text
    for boundary in re.finditer(r"[,;–—]\s+(?:(?:and|but|so|while)\s+)?", text[: found[0]]):
        kept = text[boundary.end() :]
        first = re.match(r"[\w’'-]+", kept)
        if first is None or len(kept.split()) < FEWEST or loses(text, kept, question) or not _balanced(kept):
            continue
        introduced = text.split()[0].lower().strip(",") in _LINKING | _RESTRICTING and boundary.group().strip() == ","
        joined = boundary.group().strip() != ","
        # A name that another one follows is a part of a list, not the subject of what comes.
        listed = re.match(r"\s*,|\s+(?:and|or)\b", kept[first.end() :]) is not None
        opens = first.group().lower() in _SUBJECTS or (first.group()[0].isupper() and not listed)
        if opens and (introduced or joined):
            return kept
    return text


def _cut_asides(text: str, answer: str, question: str) -> str:
    return _without(_ASIDE, text, answer, question)


def _without(pattern: re.Pattern[str], text: str, answer: str, question: str) -> str:
    """Every match left out whose loss keeps the answer and what was asked."""
    for match in reversed(list(pattern.finditer(text))):
        kept = text[: match.start()] + text[match.end() :]
        if (not answer or place(kept, answer) or not place(text, answer)) and not loses(text, kept, question):
            text = kept
    return text


def loses(text: str, kept: str, question: str) -> bool:
    """Whether what is left out changes what the sentence says, or is what the question names or asks for."""
    left = set(words.content(kept))
    lost = set(words.content(text)) - left
    bound = _CONDITIONS | _REASONS if _WHY.search(question) else _CONDITIONS
    before, after = (Counter(word for word in _words(part) if word in bound) for part in (text, kept))
    return (
        len(lost & set(words.content(question))) >= NAMED
        or words.negated(text) != words.negated(kept)
        or bool(before - after)
        or not _restriction(text) <= left | set(words.content(question))
    )


def _restriction(text: str) -> set[str]:
    """The content words of the introduction to which the sentence restricts what it says."""
    found = _RESTRICTION.match(text)
    if found is None or _LINKS.match(text) or text.split()[0].lower().strip(",") not in _RESTRICTING:
        return set()
    return set(words.content(found[0]))


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z]+", text.lower())


def _balanced(text: str) -> bool:
    return text.count("(") == text.count(")") and text.count('"') % 2 == 0 and text.count("“") == text.count("”")
