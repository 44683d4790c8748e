"""A conversation as a file to keep: Markdown to read, with quotes, file and page, or JSON with everything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rag_chat import wire
from rag_chat.library.conversations import Conversation, Exchange
from rag_chat.render import answer_markdown, counted, markdown, plain

STOPPED = "*Stopped before the answer was complete.*"


def conversation_markdown(conversation: Conversation, exchanges: Sequence[Exchange]) -> str:
    parts = [
        f"# {markdown(plain(conversation.title))}",
        f"{conversation.started[:10]}, {counted(len(exchanges), 'question')}",
    ]
    return "\n\n".join([*parts, *(_exchange(exchange) for exchange in exchanges)]) + "\n"


def _exchange(exchange: Exchange) -> str:
    parts = [f"## {markdown(plain(exchange.question))}"]
    if exchange.state == "answered" and exchange.answer is not None:
        searched = exchange.answer.standalone_question
        if searched and searched.strip() != exchange.question.strip():
            parts.append(f"Searched for: {markdown(plain(searched))}")
        parts.append(answer_markdown(exchange.answer, titled=False).rstrip())
        parts += [f"*{markdown(plain(notice))}*" for notice in exchange.answer.notices]
    else:
        parts += [markdown(exchange.said).strip(), "" if exchange.state == "failed" else STOPPED]
    return "\n\n".join(filter(None, parts))


def conversation_json(conversation: Conversation, exchanges: Sequence[Exchange]) -> dict[str, Any]:
    """Answers as `ask --json` has them; `votes` by chunk id come on top."""
    return {
        "id": conversation.id,
        "title": conversation.title,
        "started": conversation.started,
        "changed": conversation.changed,
        "turns": [_turn(exchange) for exchange in exchanges],
    }


def _turn(exchange: Exchange) -> dict[str, Any]:
    answer = exchange.answer
    made: dict[str, Any] = {
        "number": exchange.number,
        "asked": exchange.asked,
        "state": exchange.state,
        "documents": None if exchange.doc_ids is None else list(exchange.doc_ids),
        "votes": exchange.votes,
    }
    if answer is None or exchange.state != "answered":
        return made | {"question": exchange.question, "said": exchange.said}
    return made | wire.answer(answer) | {"question": exchange.question, "mode": answer.mode}
