"""What "it", "that document" and "And the pump manual?" stand for where whole documents are asked for.

"Summarise it" means the document that the last answer cites first, "Which documents mention it?" what the last question
was about. Knows a subject by the article before it; where there is none, the question's content words are the subject.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from rag_chat import words
from rag_chat.chat import history, overview, sections
from rag_chat.document_name import ENDING
from rag_chat.types import Document, Turn

_ARTICLES = frozenset("the a an this my our your its their".split())
_BEFORE_A_VERB = frozenset("do does did can could may must will would should".split())
_PARTICIPLE = re.compile(r"ed$", re.IGNORECASE)


def resolved(question: str, turns: Sequence[Turn], documents: Sequence[Document]) -> str | None:
    """How a question over whole documents that points at something said before reads by itself; None for others."""
    if not turns:
        return None
    last, rest = turns[-1], history.OPENERS.sub("", question, count=1).strip(" ?.!,")
    if sections.unnamed(question):
        spoken_of = next((turn.doc_id for turn in reversed(turns) if turn.doc_id), "")
        cited = next((document for document in documents if document.doc_id == spoken_of), None)
        return f"Summarise {cited.name}" if cited else question
    named = f"Summarise {rest}"
    if sections.meant(last.question, documents, None) and not sections.unnamed(named):
        others = [d for d in sections.meant(named, documents, None) if d.doc_id != last.doc_id]
        if others:
            return named
    wanted = overview.subject_of(question)
    if wanted and not words.content(wanted) and (subject := _subject(turns)):
        return overview.with_subject(question, subject)
    counted = last.searched or last.question
    begins = next(iter(words.WORD.findall(rest.lower())), "")
    leads_on = history.OPENERS.match(question) and begins not in words.STOP - _ARTICLES - {""}
    if rest and leads_on and overview.subject_of(counted):
        return overview.with_subject(counted, rest)
    return None


def elsewhere(question: str, turns: Sequence[Turn], documents: Sequence[Document]) -> list[str]:
    """Ids of the documents that the question names by words of their file names ("in the pump manual"), where the last
    answer does not cite one of them."""
    runs = [set(words.content(run)) for run in _runs(question)]
    names = {d.doc_id: sections.stems(ENDING.sub("", d.name)) for d in documents}
    named = [doc_id for doc_id, own in names.items() if any(run and run <= own for run in runs)]
    return [] if not turns or turns[-1].doc_id in named else named


def _subject(turns: Sequence[Turn]) -> str:
    """What the last question that says so was about: "When does the lease end?" -> "lease"."""
    return next((subject for turn in reversed(turns) if (subject := _about(turn))), "")


def _about(turn: Turn) -> str:
    if counted := overview.subject_of(turn.searched or turn.question):
        return counted
    meaning = [word for word in words.WORD.findall(turn.question) if words.content(word)]
    return next(iter(_runs(turn.question)), " ".join(word for word in meaning if not _PARTICIPLE.search(word)))


def _runs(question: str) -> list[str]:
    """The words behind each article, up to one that carries no meaning; without a verb at the end."""
    found, asked = [], words.WORD.findall(question)
    for place, word in enumerate(asked):
        if word.lower() in _ARTICLES:
            run = list(itertools.takewhile(lambda one: one.lower() not in words.STOP, asked[place + 1 :]))
            ends = place + 1 + len(run) == len(asked)
            verb = ends and (_BEFORE_A_VERB & {one.lower() for one in asked[:place]} or _PARTICIPLE.search(run[-1]))
            found.append(" ".join(run[:-1] if verb and len(run) > 1 else run))
    return found
