"""Two small documents about a harbor and a pump, questions that they answer, and how an answer is had."""

from __future__ import annotations

from rag_chat.types import Finished

HARBOR = [
    ["The tide gate of Tarnwick opens at five in the morning and is", "closed by the night watch at nine."],
    ["Grain is moved by rail to the northern quay. In 2021 the quay", "received 4.2 million tons of it."],
]
PUMP = [["The circulation pump carries a guarantee of thirty months."], []]
QUESTION = "When is the tide gate of Tarnwick closed?"
GATE = "The tide gate of Tarnwick opens at five in the morning and is closed by the night watch at nine."
GUARANTEE = "What guarantee of months carries the circulation pump?"


def answer_of(engine, question=QUESTION, *rest, **options):
    *_, last = engine.ask(question, *rest, **options)
    assert isinstance(last, Finished)
    return last.answer
