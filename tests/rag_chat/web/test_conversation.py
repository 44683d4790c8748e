"""The middle column: what an answer says of itself, what a refusal offers, and that nothing foreign becomes a tag."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hostile import HOSTILE
from page_values import DOC_ID, Tags, answer, citation, exchange, known, nobody, passage

from rag_chat.library.conversations import Conversation
from rag_chat.types import Sentence
from rag_chat.web.conversation import conversation_html, exchange_html, turns

TALK = Conversation("id1", "Pumps", "2026-01-01T00:00:00+00:00", "2026-01-02T00:00:00+00:00", 1)


def refusal(**changes) -> str:
    made = answer(abstained=True, text="The documents do not say.", sentences=(), citations=())
    return str(exchange_html(exchange(3, made, **changes), known))


def test_answer_says_what_was_checked_and_can_be_rated_explained_and_copied():
    html = str(exchange_html(exchange(3, votes={"": 1}), known))
    assert ">1 of 1 sentence is quoted word for word from 1 passage of 1 document.</p>" in html
    assert 'class="summary whole" title="What is checked is where the words come from' in html
    buttons = Tags(html).all("button")
    assert [b["aria-pressed"] for b in buttons if b.get("class") == "vote"] == ["true", "false"]
    assert [b["data-why"] for b in buttons if "data-why" in b] == ["3"]
    assert [b["data-sources"] for b in buttons if "data-sources" in b] == ["3"]


def test_doubtful_answer_is_visibly_so():
    made = answer(sentences=(Sentence("The pump lifts 40 litres a minute.", 0, False),))
    assert 'class="summary partly"' in exchange_html(exchange(1, made), known)


def test_what_was_searched_is_shown_where_it_is_not_the_question_and_can_always_be_changed():
    assert "Change the search" in exchange_html(exchange(), known)
    html = str(exchange_html(exchange(1, answer(standalone_question='How much "at night"?')), known))
    assert "Searched for: <q>How much &#34;at night&#34;?</q>" in html
    assert Tags(html).all("input")[0]["value"] == 'How much "at night"?'


def test_what_asked_nothing_is_answered_and_offers_nothing():
    made = answer(
        standalone_question="", text="Happy to help.", abstained=True, sentences=(), citations=(), passages=()
    )
    html = str(exchange_html(exchange(3, made, doc_ids=("a" * 64,)), known))
    assert "Happy to help." in html and not Tags(html).all("button")


def test_refusal_shows_three_nearest_passages_and_where_else_to_look():
    html = refusal()
    assert html.count('<span class="score">score 0.93') == 2
    assert [b["data-card"] for b in Tags(html).all("button") if "data-card" in b] == ["source-3-1", "source-3-2"]
    assert "data-elsewhere" not in html  # there is but one document, and all were asked


def test_restricted_refusal_offers_all_documents():
    offers = [b["data-elsewhere"] for b in Tags(refusal(doc_ids=("a" * 64,))).all("button") if "data-elsewhere" in b]
    assert [json.loads(offer) for offer in offers] == [[]]


def test_refusal_offers_two_documents_of_one_name_together():
    def of(number: int, doc_id: str, name: str):
        found = passage(number, name)
        return replace(found, candidate=replace(found.candidate, chunk=replace(found.chunk, doc_id=doc_id * 64)))

    made = answer(
        abstained=True, sentences=(), citations=(),
        passages=(of(1, "a", "pump.pdf"), of(2, "b", "pump.pdf"), of(3, "c", "tide.pdf")),
    )  # fmt: skip
    buttons = Tags(str(exchange_html(exchange(3, made), lambda doc_id: known(DOC_ID)))).all("button")
    offers = [json.loads(b["data-elsewhere"]) for b in buttons if "data-elsewhere" in b]
    assert offers == [["a" * 64, "b" * 64], ["c" * 64]]


def test_refusal_offers_no_deleted_document():
    made = answer(abstained=True, sentences=(), citations=())
    assert "data-elsewhere" not in exchange_html(exchange(1, made), nobody)


def test_interrupted_failed_and_running_exchanges():
    assert "Stopped." in exchange_html(exchange(1, state="stopped", said="The tide"), known)
    assert 'role="alert"' in exchange_html(exchange(1, state="failed", said="It failed."), known)
    html = exchange_html(exchange(1, state="asking", said="", answer=None), known, stage="Loading models… 3 s")
    assert "Loading models… 3 s" in html and 'aria-busy="true"' in html and 'data-found="no"' in html


def test_only_answered_turns_are_handed_to_the_engine():
    exchanges = [exchange(1), exchange(2, state="stopped"), exchange(3, state="failed", answer=None)]
    assert len(turns(exchanges)) == 1
    assert len(turns([exchange(n) for n in range(20)])) == 6


def test_head_names_the_conversation_and_its_exports():
    html = str(conversation_html(TALK, [exchange()], known))
    assert [a["href"] for a in Tags(html).all("a")] == ["/conversations/id1.md", "/conversations/id1.json"]
    assert conversation_html(None, [], known) == ""


@pytest.mark.parametrize("bad", HOSTILE)
def test_nothing_foreign_becomes_a_tag_or_an_attribute(bad):
    cited = citation(document=bad, quote=bad)
    near = (passage(document=bad, text=bad), passage(2, document=bad, text=bad))
    made = answer(question=bad, standalone_question=f"{bad}?", text=f"{bad} [1]", citations=(cited,), passages=near)
    refused = answer(question=bad, text=bad, abstained=True, sentences=(), citations=(), passages=near)
    talk = Conversation("id1", bad, "2026-01-01", "2026-01-01", 1)
    states = [exchange(1, made), exchange(2, refused, doc_ids=("x",)), exchange(3, said=bad, state="failed")]
    states += [exchange(4, said=bad, state="stopped"), exchange(5, said=bad, state="asking")]
    tags = Tags(str(conversation_html(talk, states, known)))
    allowed = "div h2 h3 bdi button a article p span ol li details summary q form input svg path".split()
    assert not tags.open
    assert {tag for tag, _ in tags.seen} <= {*allowed}
    assert not [name for _, attributes in tags.seen for name in attributes if name.startswith("on") or name == "src"]
    assert {a["href"] for a in tags.all("a")} == {"/conversations/id1.md", "/conversations/id1.json"}
    assert {b["data-talk"] for b in tags.all("button") if "data-talk" in b} == {"rename", "link", "delete"}
