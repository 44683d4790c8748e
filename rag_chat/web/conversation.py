"""The middle column as HTML: the head of a conversation, its questions and answers, and the welcome before any."""

from __future__ import annotations

import json
from collections.abc import Sequence

from rag_chat.chat.history import turn_of
from rag_chat.library.conversations import WHOLE_ANSWER, Conversation, Exchange
from rag_chat.render import (
    Markup,
    answer_html,
    answer_markdown,
    name,
    page_name,
    plain,
    seconds_text,
    short,
    support_text,
    visible,
)
from rag_chat.types import Answer, Passage, Turn
from rag_chat.web.sources import Known, vote_button

REMEMBERED = 6  # turns that are handed to the engine
NEAREST = 3  # passages shown under a refusal
LONGEST_BEGINNING = 220  # characters of each
THUMB = Markup(
    '<svg viewBox="0 0 16 16" width="15" height="15" aria-hidden="true"{}><path fill="none" stroke="currentColor" '
    'stroke-width="1.3" stroke-linejoin="round" d="M2 7h2.5v7H2zM4.5 7 8 1.8c1.3 0 1.9 1 1.6 2.2L9 6.5h4c.9 0 1.5.7 '
    '1.3 1.6l-1 4.6c-.2.8-.8 1.3-1.6 1.3H4.5"/></svg>'
)
UP, DOWN = THUMB.format(""), THUMB.format(Markup(' transform="rotate(180)"'))
CHECKED = "What is checked is where the words come from, not whether they answer the question."
LOOKING = "Looking for passages…"


def turns(exchanges: Sequence[Exchange]) -> tuple[Turn, ...]:
    """What the engine may know of the conversation."""
    done = [e.answer for e in exchanges if e.answer is not None and e.state == "answered"]
    return tuple(map(turn_of, done[-REMEMBERED:]))


def welcome_html(examples: Sequence[str], *, documents: bool | None) -> Markup:
    """`documents`: whether there are any; None while nobody knows."""
    hint = "Ask what you want to know." if documents else "Add documents, then ask."
    if documents is None:
        hint = "Add documents, or ask what you want to know."
    buttons = [
        Markup('<li><button type="button" class="example" data-ask="{0}">{0}</button></li>').format(example)
        for example in examples
    ]
    listed = Markup("")
    if buttons:
        listed = Markup('<p class="try">For example:</p><ul class="examples">{}</ul>').format(Markup("").join(buttons))
    elif not documents:
        listed = Markup('<p><button type="button" class="quiet act" data-act="choose">Choose documents</button></p>')
    return Markup(
        '<div class="welcome"><h2>{}</h2><p>Each sentence of an answer shows the words of the page that it rests on. '
        "What the documents do not say is not answered.</p>{}</div>"
    ).format(hint, listed)


def conversation_html(conversation: Conversation | None, exchanges: Sequence[Exchange], known: Known) -> Markup:
    """The head and all exchanges but the one that is still being answered."""
    if conversation is None:
        return Markup("")
    return _head(conversation) + Markup("").join(exchange_html(exchange, known) for exchange in exchanges)


def _head(conversation: Conversation) -> Markup:
    return Markup(
        '<div class="talk" data-conversation="{id}" data-title="{title}"><h2 title="{title}" dir="auto">{name}</h2>'
        '<button type="button" class="link" data-talk="rename">Rename</button>'
        '<button type="button" class="link" data-talk="link">Copy link</button>'
        '<a class="link" href="/conversations/{id}.md" download>Markdown</a>'
        '<a class="link" href="/conversations/{id}.json" download>JSON</a>'
        '<button type="button" class="link" data-talk="delete">Delete</button></div>'
    ).format(id=conversation.id, title=plain(conversation.title), name=name(conversation.title))


def exchange_html(exchange: Exchange, known: Known, *, stage: str = LOOKING) -> Markup:
    """`stage` says what is being done as long as nothing has been written."""
    found = exchange.answer is not None and bool(exchange.answer.passages)
    return Markup(
        '<article class="exchange" data-turn="{}" data-state="{}" data-found="{}">'
        '<h3 class="question" dir="auto">{}</h3><div class="reply"{}>{}</div></article>'
    ).format(
        exchange.number,
        exchange.state,
        "yes" if found else "no",
        visible(exchange.question),
        Markup(' aria-busy="true"') if exchange.state == "asking" else "",
        _reply(exchange, known, stage),
    )


def _reply(exchange: Exchange, known: Known, stage: str) -> Markup:
    if exchange.state == "failed":
        return Markup('<p class="failure" role="alert">{}</p>').format(visible(exchange.said))
    if exchange.state == "answered" and exchange.answer is not None:
        return _answered(exchange, exchange.answer, known)
    if exchange.state == "stopped":
        return Markup('<div class="answer" dir="auto">{}</div><p class="foot">Stopped.{}</p>').format(
            visible(exchange.said), _sources_button(exchange) if exchange.answer else ""
        )
    if exchange.said:
        return Markup('<div class="answer writing" dir="auto">{}</div>').format(visible(exchange.said))
    return Markup('<p class="stage">{}</p>').format(stage)


def _answered(exchange: Exchange, answer: Answer, known: Known) -> Markup:
    if not answer.standalone_question:  # nothing was asked: there is nothing to rate, to explain or to search
        return answer_html(answer, turn=exchange.number)
    said = support_text(answer)
    whole = all(sentence.supported for sentence in answer.sentences)
    summary = Markup('<p class="summary {}" title="{}">{}</p>').format("whole" if whole else "partly", CHECKED, said)
    nearest = _nearest(exchange, answer, known) if answer.abstained else ""
    notices = [Markup('<p class="notice">{}</p>').format(visible(notice)) for notice in answer.notices]
    searched, rewritten = _searched(exchange, answer), _rewritten(exchange, answer)
    return Markup("{}{}{}{}{}{}").format(
        searched if rewritten else "",
        answer_html(answer, turn=exchange.number),
        summary if said else "",
        nearest,
        Markup("").join(notices),
        _foot(exchange, answer, "" if rewritten else searched),
    )


def _rewritten(exchange: Exchange, answer: Answer) -> bool:
    return answer.standalone_question.strip() != exchange.question.strip()


def _searched(exchange: Exchange, answer: Answer) -> Markup:
    """What was searched, shown where it is not the question itself; it can be changed and searched again."""
    return Markup(
        '<details class="asked"><summary>{said}</summary><form data-again="{turn}">'
        '<input name="search" aria-label="What is searched for" value="{search}" dir="auto" autocomplete="off">'
        '<button type="submit" class="quiet">Search again</button></form></details>'
    ).format(
        said=Markup("Searched for: <q>{}</q>").format(plain(answer.standalone_question))
        if _rewritten(exchange, answer)
        else "Change the search",
        turn=exchange.number,
        search=plain(answer.standalone_question),
    )


def _nearest(exchange: Exchange, answer: Answer, known: Known) -> Markup:
    """A refusal that helps: the passages that came nearest, and other places to look."""
    rows = [_nearest_row(exchange, passage) for passage in answer.passages[:NEAREST]]
    listed = Markup('<p class="try">The nearest passages:</p><ol class="nearest">{}</ol>').format(Markup("").join(rows))
    return (listed if rows else Markup("")) + _elsewhere(exchange, answer, known)


def _nearest_row(exchange: Exchange, passage: Passage) -> Markup:
    candidate = passage.candidate
    return Markup(
        '<li><button type="button" data-card="source-{turn}-{number}" title="{full}"><span class="place">{document}, '
        "{where}</span>"
        '<span class="score">score {score}</span><span class="snippet" dir="auto">{text}</span></button></li>'
    ).format(
        turn=exchange.number,
        number=passage.number,
        full=plain(candidate.document),
        document=name(short(candidate.document)),
        where=page_name(passage.chunk.first_page, candidate.page_label),
        score=f"{candidate.score:.2f}",
        text=_beginning(plain(passage.chunk.text)) or "(its document has been deleted)",
    )


def _beginning(text: str) -> str:
    """Cut after a whole word, where the script parts its words."""
    if len(text) <= LONGEST_BEGINNING:
        return text
    cut = text[:LONGEST_BEGINNING]
    return f"{cut[: cut.rfind(' ')] if ' ' in cut else cut}…"


def _elsewhere(exchange: Exchange, answer: Answer, known: Known) -> Markup:
    """Buttons that ask again of all documents, or of one of the nearest."""
    near = dict[str, list[str]]()  # of each name: two documents may have one
    for passage in answer.passages:
        same = near.setdefault(passage.candidate.document, [])
        if passage.chunk.doc_id not in same and known(passage.chunk.doc_id):
            same.append(passage.chunk.doc_id)
    only = exchange.doc_ids or ()
    offers: list[tuple[str, str, list[str]]] = [("Search all documents", "", [])] if only else []
    offers += [("Search only", title, ids) for title, ids in near.items() if ids and {*ids} != {*only}]
    buttons = [
        Markup('<button type="button" class="quiet" data-elsewhere="{}" data-turn="{}"{}>{} {}</button>').format(
            json.dumps(ids),
            exchange.number,
            Markup(' title="{}"').format(plain(title)) if title else "",
            said,
            name(short(title)) if title else "",
        )
        for said, title, ids in offers[: NEAREST + 1]
    ]
    return (
        Markup('<p class="elsewhere">{}</p>').format(Markup(" ").join(buttons))
        if sum(map(bool, near.values())) > 1 or only
        else Markup("")
    )


def _foot(exchange: Exchange, answer: Answer, searched: Markup | str) -> Markup:
    given = exchange.votes.get(WHOLE_ANSWER, 0)
    good = vote_button(exchange.number, WHOLE_ANSWER, 1, given == 1, "This answer is good", UP)
    bad = vote_button(exchange.number, WHOLE_ANSWER, -1, given == -1, "This answer is bad", DOWN)
    seconds = seconds_text(answer.seconds).replace(" s", "\u00a0s")  # a line must not begin with the unit
    return Markup(
        '<div class="foot">{good}{bad}{sources}<button type="button" class="link" data-why="{turn}">Why these passages?'
        '</button>{searched}<button type="button" class="link" data-copy="{markdown}">Copy</button>{seconds}</div>'
    ).format(
        good=good,
        bad=bad,
        sources=_sources_button(exchange),
        turn=exchange.number,
        searched=searched,
        markdown=answer_markdown(answer),
        seconds=Markup('<span class="seconds">{}</span>').format(seconds) if seconds else "",
    )


def _sources_button(exchange: Exchange) -> Markup:
    return Markup('<button type="button" class="link" data-sources="{}">Sources</button>').format(exchange.number)
