"""The middle column: the questions and answers so far as values, and as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rag_chat.render import Markup, answer_html, answer_markdown, seconds_text, visible
from rag_chat.types import Answer, Turn

REMEMBERED = 6  # turns that are handed to the engine


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question and what came of it so far: text that is being written, the checked answer, or an error."""

    number: int
    question: str
    text: str = ""
    stage: str = "Looking for passages…"
    answer: Answer | None = None
    error: str | None = None
    stopped: bool = False

    @property
    def busy(self) -> bool:
        return self.answer is None and self.error is None and not self.stopped


def turns(exchanges: Sequence[Exchange]) -> tuple[Turn, ...]:
    """What the engine may know of the conversation."""
    done = [Turn(exchange.question, exchange.answer.text) for exchange in exchanges if exchange.answer is not None]
    return tuple(done[-REMEMBERED:])


def conversation_html(exchanges: Sequence[Exchange], examples: Sequence[str] = (), *, documents: bool = True) -> Markup:
    if not exchanges:
        return _welcome(examples, documents)
    return Markup('<div class="thread" role="log" aria-live="polite" aria-label="Conversation">{}</div>').format(
        Markup("").join(_exchange(exchange) for exchange in exchanges)
    )


def _welcome(examples: Sequence[str], documents: bool) -> Markup:
    hint = "Ask what you want to know." if documents else "Add PDFs on the left, then ask."
    buttons = [
        Markup('<li><button type="button" class="example" data-ask="{0}">{0}</button></li>').format(example)
        for example in examples
    ]
    listed = Markup("")
    if buttons:
        listed = Markup('<p class="try">For example:</p><ul class="examples">{}</ul>').format(Markup("").join(buttons))
    return Markup(
        '<div class="welcome"><h2>{}</h2><p>Each sentence of an answer shows the words of the page that it rests on. '
        "What the documents do not say is not answered.</p>{}</div>"
    ).format(hint, listed)


def _exchange(exchange: Exchange) -> Markup:
    return Markup(
        '<article class="exchange" data-turn="{}"><h3 class="question">{}</h3><div class="reply"{}>{}</div></article>'
    ).format(
        exchange.number,
        visible(exchange.question),
        Markup(' aria-busy="true"') if exchange.busy else "",
        _reply(exchange),
    )


def _reply(exchange: Exchange) -> Markup:
    if exchange.error is not None:
        return Markup('<p class="failure" role="alert">{}</p>').format(visible(exchange.error))
    if exchange.answer is not None:
        return _answered(exchange, exchange.answer)
    if exchange.stopped:
        return Markup('<div class="answer">{}</div><p class="foot">Stopped.</p>').format(visible(exchange.text))
    if exchange.text:
        return Markup('<div class="answer writing">{}</div>').format(visible(exchange.text))
    return Markup('<p class="stage">{}</p>').format(exchange.stage)


def _answered(exchange: Exchange, answer: Answer) -> Markup:
    asked = Markup("")
    if answer.standalone_question.strip() != answer.question.strip():
        asked = Markup('<p class="asked">Searched for: {}</p>').format(visible(answer.standalone_question))
    seconds = seconds_text(answer.seconds)
    return Markup(
        '{asked}{answer}<p class="foot">{seconds}'
        '<button type="button" class="link" data-sources="{turn}">Sources</button>'
        '<button type="button" class="link" data-copy="{markdown}">Copy</button></p>'
    ).format(
        asked=asked,
        answer=answer_html(answer, turn=exchange.number),
        seconds=Markup('<span class="seconds">{}</span>').format(seconds) if seconds else "",
        turn=exchange.number,
        markdown=answer_markdown(answer),
    )
