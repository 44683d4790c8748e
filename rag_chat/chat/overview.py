"""Questions over documents instead of passages: "Which documents ...?", "How many of the reports ...?".

The five best passages may all be of one document; here each document is heard once, by its best passage, and the
program counts them, since no model does so reliably. What counts is a document that mentions the subject: all its words
in one passage, of "rent or deposit" either, of "rent and deposit" each in some passage. Where none does, the nearest
documents' passages answer as they do any other question. How many documents there are is counted, too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rag_chat import words
from rag_chat.chat.citations import Attribution
from rag_chat.chat.passages import quotable
from rag_chat.scoring import logit
from rag_chat.types import Candidate, Document, Passage, Quote, SearchResult


def _any(alternatives: str) -> str:
    """A pattern of whole words; "_" stands for blanks between them."""
    return rf"(?:{'|'.join(alternatives.replace('_', chr(92) + 's+').split())})\b"


_PLAIN = _any("documents? docs? files? pdfs?")
_KIND = _any(
    "documents? docs? files? pdfs? reports? papers? contracts? agreements? manuals? handbooks? guides? stud(?:y|ies)"
    " articles? filings? letters? invoices? polic(?:y|ies) presentations? slides? books? minutes notes memos?"
    " statements? e-?mails? brochures? thes[ie]s sources?"
)
_COURTESY = rf"^\s*(?:{_any('please can_you could_you can_i do_you_know tell_me')}\s+)*"
_WH = rf"(?:which\b|how\s+many\b|what(?=\s+{_PLAIN}))"  # "What studies ...?" may ask of the world
_WHICH = rf"(?:{_any('list name show find count give get search_for look_for')}(?:\s+me\b)?(?:\s+{_WH})?|{_WH})"
_HAVE = (
    rf"(?:do(?:es)?\s+{_any('any some')}|(?:is|are)\s+there(?:\s+{_any('any an? some')})?"
    rf"|do\s+(?:you|i|we)\s+have(?:\s+{_any('any an? some')})?)"
)
_AUXILIARY = _any("is are was were do does did can could will has had have")
_OURS = rf"(?:\s+{_any('of the these those them my our your all any every each')})*"
_THEM = rf"(?:{_OURS}(?:\s+(?!{_AUXILIARY})[\w-]+)?\s+{_KIND}|\s+of\s+{_any('these those them')})"
_LINKS = rf"(?:\s+{_any('that which who do does have has are is can there actually explicitly also anywhere')})*"
_SAY = _any(
    "(?:mention|say|talk|speak|describe|contain|discuss|cover|refer|deal|name|state|report|concern|include|explain|use"
    "|address|treat|relate|cite|define|note)s? discusses addresses"
    " mentioning containing describing including using citing covering dealing concerning regarding"
    " related relevant about on with"
    r" (?:have|has|having|give|gives|provide|provides)(?=\s+(?:any\s+)?(?:information|anything|something|details)\b)"
)
_OF = (
    rf"(?:\s+{_any('about of to with that on for any anything something information details')}"
    rf"|(?:\s+the)?\s+{_any('words? terms? phrases? expressions?')})*"
)
_STANDS = _any(
    "mentioned named discussed described covered explained defined found cited addressed listed used treated"
    " referred_to talked_about appears? occurs? comes?_up turns?_up"
)
_SUBJECT = r"\s+(?P<subject>[^?]+?)"
_FORMS = [
    re.compile(rf"{_COURTESY}{form}(?:\s+{_any('at_all anywhere in_it in_them')})*[\s?.!]*$", re.IGNORECASE | re.DOTALL)
    for form in (
        rf"{_WHICH}{_THEM}{_LINKS}\s+{_SAY}{_OF}{_SUBJECT}",
        rf"{_HAVE}{_THEM}{_LINKS}\s+{_SAY}{_OF}(?!\s+(?:wh\w+|how|if)\b){_SUBJECT}",
        rf"in\s+{_WH}{_THEM}\s+{_AUXILIARY}\s+{_any('i we you one')}\s+{_any('find see read_about')}{_SUBJECT}",
        rf"in\s+{_WH}{_THEM}\s+{_AUXILIARY}{_SUBJECT}\s+{_STANDS}",
        rf"{_WHICH}{_THEM}\s+{_AUXILIARY}{_SUBJECT}\s+{_STANDS}\s+in",
        rf"{_WHICH}{_THEM}\s+(?:where|in\s+which){_SUBJECT}(?:\s+{_AUXILIARY})?\s+{_STANDS}",
    )
]
_OVER = re.compile(rf"{_COURTESY}(?:which|what|how\s+many)\s+of\b{_OURS}(?:\s+[\w-]+)?\s+{_KIND}", re.IGNORECASE)
_LIBRARY = re.compile(
    rf"{_COURTESY}{_WHICH}{_OURS}\s+{_PLAIN}(?:\s+"
    + _any(
        "that which do have has are is there i we you been know added uploaded loaded indexed available in the my this"
        " your library here now all currently so_far"
    )
    + r")*[\s?.!]*$",
    re.IGNORECASE,
)
_EDGES = re.compile(r"^(?:(?:an?|the|my|our|either|both)\s+|[\s\"“”'‘’])+|[\s\"“”'‘’?.!]+$", re.IGNORECASE)
MOST = 20  # documents named in one answer
NEAR = 0.7  # in logits under the best document's passage: what counts as meant too where none says it word for word


@dataclass(frozen=True, slots=True)
class Asked:
    """What the documents are asked for; `counted` where those that mention it are."""

    subject: str
    counted: bool


def asked(question: str) -> Asked | None:
    """ "Which documents mention hydrogen?" -> "hydrogen", counted; "Which of the reports has the highest revenue?" is
    heard from each document, but nothing is counted; None for other questions."""
    subject = subject_of(question)
    if words.content(subject):
        return Asked(subject, True)
    return Asked(question, False) if _OVER.match(question) else None


def subject_of(question: str) -> str:
    """What documents are to mention, "it" too; "" for other questions."""
    return next((_EDGES.sub("", found["subject"]) for form in _FORMS if (found := form.match(question))), "")


def with_subject(question: str, subject: str) -> str:
    """The same question over documents with another subject."""
    found = next(found for form in _FORMS if (found := form.match(question)))
    return question[: found.start("subject")] + subject + question[found.end("subject") :]


def of_library(question: str) -> bool:
    """Whether it asks which documents there are, or how many."""
    return _LIBRARY.match(question) is not None


def inventory(documents: Sequence[Document]) -> str:
    """How many documents there are, and the names of the first."""
    names = [document.name for document in documents[:MOST]]
    more = f" and {len(documents) - MOST:,} more" if len(documents) > MOST else ""
    count = "1 document is" if len(documents) == 1 else f"{len(documents):,} documents are"
    return f"{count} searched: {', '.join(names)}{more}."


def none(subject: str, searched: int) -> str:
    """What is said where no document mentions it."""
    return f"No document of {searched:,} mentions “{subject}” in these words; what comes nearest was read."


def heard(candidates: Sequence[Candidate]) -> tuple[Passage, ...]:
    """The passages of the best documents, one each."""
    return tuple(Passage(number, candidate) for number, candidate in enumerate(_firsts(candidates)[:MOST], start=1))


def nearest(candidates: Sequence[Candidate]) -> tuple[Passage, ...]:
    """The best passage of each document that is about as near as the best one: none says it word for word."""
    return heard([c for c in candidates if logit(c.score) > logit(candidates[0].score) - NEAR])


def quotes(passages: Sequence[Passage], wanted: str) -> tuple[Quote, ...]:
    """Of each passage the sentence that says most of it."""
    stems = words.content(wanted)
    said = ([(words.coverage(stems, words.content(q.text)), q) for q in quotable([passage])] for passage in passages)
    return tuple(
        replace(best[1], score=best[0]) for own in said if (best := max(own, key=lambda one: one[0], default=None))
    )


def answer(found: SearchResult, quoted: Sequence[Quote]) -> list[Attribution]:
    """How many documents mention it, and each with its own words."""
    listed = [f"{quote.passage.candidate.document}: {quote.text}" for quote in quoted]
    mention = "mentions" if found.saying == 1 else "mention"
    said = f"{found.saying} of {found.searched} documents {mention} “{found.subject}”"
    some = "" if found.saying <= len(listed) else f"; {len(listed)} of them"
    sentences = [f"{said}{some}: {listed[0]}", *listed[1:]] if listed else []
    return [Attribution(sentence, quote, 1.0) for sentence, quote in zip(sentences, quoted, strict=True)]


def _firsts(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The first of each document."""
    first: dict[str, Candidate] = {}
    for candidate in candidates:
        first.setdefault(candidate.chunk.doc_id, candidate)
    return list(first.values())
