"""The page: three columns of Gradio components, wired to `events`. Style is in page.css, behaviour in the scripts.

What answers a question streams through Gradio; what is only looked at (sources, the list of conversations, images) is
fetched by the scripts from routes of our own.
"""

from __future__ import annotations

from typing import Any

import gradio as gr

from rag_chat.web.events import Events
from rag_chat.web.sources import NOTHING

TITLE = "Ask your documents"
HEADER = (
    '<header class="top"><h1>Ask your documents</h1>'
    "<p>Answers from your documents, each sentence with the words it rests on. Nothing leaves this machine.</p>"
    '<nav aria-label="Parts of the page">'
    '<button type="button" class="link" data-jump="conversation-column">Conversation</button>'
    '<button type="button" class="link" data-jump="sources-column">Sources</button>'
    '<button type="button" class="link" data-jump="left-column">Documents</button></nav>'
    "</header>"
)
TALKS = (
    '<details class="kept" open><summary><h2>Conversations</h2></summary>'
    '<div class="talks-tools"><input type="search" id="talks-search" placeholder="Search" '
    'aria-label="Search conversations"><button type="button" class="quiet" data-talk="new">New</button></div>'
    '<div id="talks-list"></div></details>'
)
LEAVE_TRIGGER = "element.ragChatTrigger = trigger"  # page.js sends its events through it
UPLOADS_AT_ONCE = 4
QUESTIONS_AT_ONCE = 8
# Between two looks at an empty queue, in seconds: an idle app wakes 60 times a second, with Gradio's 0.001 800 times.
LOOKS_EVERY = 0.02


def theme() -> Any:
    """Gradio's plainest theme; a font named as a string is never fetched. page.css has the rest of the look."""
    return gr.themes.Base(
        primary_hue="blue", neutral_hue="slate", font=["Arial", "sans-serif"], font_mono=["monospace"]
    )


def build_page(events: Events) -> Any:
    with gr.Blocks(title=TITLE, analytics_enabled=False, fill_width=True) as page:
        conversation = gr.State("")
        _html(HEADER, "header")
        banner = _html("", "banner")
        with gr.Row(elem_id="columns"):
            files, documents, talks = _left_column()
            welcome, past, live, question, ask, stop = _conversation_column()
            _sources_column()
        shown = [banner, documents, welcome]
        asked = [question, conversation, past, live]
        page.load(events.watch, None, shown, **_quiet(None))
        page.load(events.arrive, None, asked, **_quiet(None))
        page.unload(events.forget)
        _wire_documents(events, files, shown)
        _wire_conversation(events, asked, [ask, stop], [welcome, past, live], talks)
    page.queue(default_concurrency_limit=UPLOADS_AT_ONCE, max_size=256)
    page._queue.sleep_when_free = LOOKS_EVERY
    page._queue.progress_update_sleep_when_free = 1.0  # of Gradio's own progress bars, which the page does not use
    return page


def _left_column() -> tuple[Any, Any, Any]:
    with gr.Column(elem_id="left-column"):
        _html("<h2>Documents</h2>", "documents-title")
        files = gr.File(
            label="Drop files here",
            file_count="multiple",
            file_types=[".pdf", ".docx", ".html", ".htm", ".md", ".txt"],
            height=104,
            show_label=False,
            elem_id="drop",
        )
        documents = _html("", "documents")
        talks = _html(TALKS, "talks")
    return files, documents, talks


def _conversation_column() -> tuple[Any, ...]:
    with gr.Column(elem_id="conversation-column"):
        with gr.Column(elem_id="thread"):
            welcome, past, live = _html("", "welcome"), _html("", "past"), _html("", "live")
        with gr.Row(elem_id="composer"):
            question = gr.Textbox(
                placeholder="Ask a question",
                label="Question",
                show_label=False,
                container=False,
                lines=1,
                max_lines=6,
                autofocus=True,
                elem_id="question",
                scale=1,
            )
            ask = gr.Button("Ask", variant="primary", elem_id="ask", min_width=76, scale=0)
            stop = gr.Button("Stop", elem_id="stop", min_width=76, scale=0)
        with gr.Row(elem_id="actions"):
            gr.Button("Ask again", size="sm", elem_id="retry", min_width=0, scale=0)
    return welcome, past, live, question, ask, stop


def _sources_column() -> None:
    with gr.Column(elem_id="sources-column"):
        _html("<h2>Sources</h2>", "sources-title")
        _html(f'<div id="evidence"><p class="hint">{NOTHING}</p></div>', "sources")


def _wire_documents(events: Events, files: Any, shown: list[Any]) -> None:
    _, documents, _ = shown
    anew = _every_click(None)
    taken = files.upload(events.accept, [files], [], **_every_click())
    taken.then(lambda: None, None, files, **_quiet(None)).then(events.watch, None, shown, **anew)
    acted = documents.select(events.documents_acted, None, documents, **_every_click())
    acted.then(events.watch, None, shown, **anew)


def _wire_conversation(events: Events, asked: list[Any], buttons: list[Any], acting: list[Any], talks: Any) -> None:
    question, conversation, _, _ = asked
    ask, stop = buttons
    # A question that comes while one is answered is refused by `events`, which knows whether that one is about to end.
    limits = _every_click(QUESTIONS_AT_ONCE) | {"concurrency_id": "questions"}
    gr.on([ask.click, question.submit], events.ask, [question, conversation], asked, **limits)
    gr.on([part.select for part in acting], events.acted, [conversation], asked, **limits)
    talks.select(events.go, None, asked, **_every_click())
    stop.click(events.stop, None, None, **_quiet(None))


def _html(value: str, id_: str) -> Any:
    return gr.HTML(value, elem_id=id_, apply_default_css=False, js_on_load=LEAVE_TRIGGER)


def _quiet(limit: int | None) -> dict[str, Any]:
    """No spinner over what is read, no public endpoint."""
    return {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": limit}


def _every_click(limit: int | None = 1) -> dict[str, Any]:
    """Each counts, in the order in which they came; Gradio would drop one that comes while another is answered."""
    return _quiet(limit) | {"trigger_mode": "multiple"}
