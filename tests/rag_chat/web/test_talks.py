"""The routes of conversations: lists, sources, why, exports, changes, and who may make them."""

from __future__ import annotations

import threading

import pytest
from hostile import HOSTILE
from markdown_it import MarkdownIt
from page_values import Tags
from reportlab.pdfgen import canvas
from scripted_engine import ScriptedBackend
from served import BASE, make_app, ready
from starlette.testclient import TestClient

from rag_chat.web.asking import Question, answering

QUESTION = "How much does the pump lift?"


@pytest.fixture(scope="module")
def scripted(tmp_path_factory):
    made = ScriptedBackend(folder=tmp_path_factory.mktemp("library"))
    path = tmp_path_factory.mktemp("pdf") / "pump.pdf"
    sheet = canvas.Canvas(str(path))
    sheet.drawString(72, 700, "The pump lifts 40 litres.")
    sheet.showPage()
    sheet.drawString(72, 700, "The pump needs oil.")
    sheet.save()
    made.add(path, "pump.pdf", lambda step: None)
    return made


@pytest.fixture(scope="module")
def client(scripted):
    with TestClient(make_app(scripted.backend), base_url=BASE) as opened:
        ready(opened)
        yield opened


def asked(scripted, question=QUESTION):
    kept = scripted.conversations
    conversation = kept.start(question)
    number = kept.ask(conversation, question)
    for _ in answering(scripted.backend(), conversation, number, Question(question), threading.Event()):
        pass
    return conversation


def test_list_links_to_conversations_and_is_searched(client, scripted):
    conversation = asked(scripted, "Which <b>pump</b>?")
    html = client.get("/conversations").text
    assert f'href="/?c={conversation}"' in html and "&lt;b&gt;pump" in html
    assert "1 question<" in html
    assert conversation in client.get("/conversations", params={"search": "which"}).text
    assert "No conversation holds" in client.get("/conversations", params={"search": "zzz"}).text


def test_one_question_and_its_answer_as_they_stand(client, scripted):
    conversation = asked(scripted)
    number = scripted.conversations.ask(conversation, "Why <b>oil</b>?")
    assert 'data-state="answered"' in client.get(f"/conversations/{conversation}/1").text
    asking = client.get(f"/conversations/{conversation}/{number}").text
    assert 'data-state="asking"' in asking and "Why &lt;b&gt;oil" in asking
    for gone in (f"{conversation}/99", "nowhere/1"):
        assert client.get(f"/conversations/{gone}").status_code == 404


def test_sources_of_an_answer(client, scripted):
    conversation = asked(scripted)
    answer = client.get(f"/conversations/{conversation}/1/sources")
    assert 'id="source-1-1"' in answer.text and answer.headers["cache-control"] == "no-store"
    for other in (f"/conversations/{conversation}/2/sources", "/conversations/nobody/1/sources"):
        assert client.get(other).status_code == 404


def test_why_shows_both_ranks_and_another_mode_beside(client, scripted):
    conversation = asked(scripted)
    where = f"/conversations/{conversation}/1/why"
    html = client.get(where).text
    assert "<svg" in html and "first stage" in html and "dense: dual encoder alone" in html
    assert "beside" not in html
    assert "on the other side" in client.get(where, params={"compare": "dense"}).text
    assert scripted.searched[-1] == "dense"
    for mode in ("auto", "rerank", "<script>"):  # nothing to compare with
        assert "beside" not in client.get(where, params={"compare": mode}).text
    assert scripted.searched[-1] == "dense"


def test_rename_vote_and_delete(client, scripted):
    conversation = asked(scripted)
    assert client.patch(f"/conversations/{conversation}", json={"title": "Pumps"}).status_code == 204
    assert scripted.conversations.get(conversation).title == "Pumps"
    chunk = scripted.conversations.exchange(conversation, 1).answer.passages[0].chunk.id
    votes = f"/conversations/{conversation}/1/votes"
    assert client.post(votes, json={"chunk": chunk, "vote": 1}).status_code == 204
    assert client.post(votes, json={"chunk": "", "vote": -1}).status_code == 204
    assert scripted.conversations.exchange(conversation, 1).votes == {chunk: 1, "": -1}
    assert 'aria-pressed="true"' in client.get(f"/conversations/{conversation}/1/sources").text
    assert client.post(votes, json={"chunk": "other", "vote": 1}).status_code == 404
    assert client.post(votes, json={"chunk": chunk, "vote": 7}).status_code == 422
    assert client.delete(f"/conversations/{conversation}").status_code == 204
    assert client.delete(f"/conversations/{conversation}").status_code == 404
    assert client.patch(f"/conversations/{conversation}", json={"title": "x"}).json()["error"].startswith("No such")


def test_another_origin_changes_nothing(client, scripted):
    conversation = asked(scripted)
    evil = {"origin": "http://evil.example"}
    where = f"/conversations/{conversation}"
    refused = (
        client.delete(where, headers=evil),
        client.patch(where, json={"title": "x"}, headers=evil),
        client.post(f"{where}/1/votes", json={"chunk": "", "vote": 1}, headers=evil),
    )
    assert [answer.status_code for answer in refused] == [403] * 3
    assert scripted.conversations.get(conversation).title == QUESTION


def test_markdown_export_has_quotes_file_and_page(client, scripted):
    conversation = asked(scripted)
    answer = client.get(f"/conversations/{conversation}.md")
    assert answer.headers["content-disposition"].startswith('attachment; filename="conversation-')
    for part in (f"# {QUESTION}", "The pump lifts 40 litres", "pump.pdf, page 1", "“The pump lifts 40 litres"):
        assert part in answer.text
    assert client.get("/conversations/nobody.md").status_code == 404
    assert client.get(f"/conversations/{conversation}.html").status_code == 404


def test_json_export_has_everything_that_ask_gives(client, scripted):
    conversation = asked(scripted)
    scripted.conversations.vote(conversation, 1, "", 1)
    scripted.conversations.ask(conversation, "And then?")
    first, second = client.get(f"/conversations/{conversation}.json").json()["turns"]
    assert first["citations"][0]["quote"] == "The pump lifts 40 litres."
    assert [sentence["verdict"] for sentence in first["sentences"]] == ["supported", "weak"]
    assert (first["state"], first["votes"], first["mode"]) == ("answered", {"": 1}, "rerank")
    assert (second["question"], second["state"]) == ("And then?", "asking")


@pytest.mark.parametrize("bad", HOSTILE)
def test_hostile_conversation_is_listed_exported_and_explained_as_text(client, scripted, bad):
    conversation = asked(scripted, f"pump {bad}")
    tags = Tags(client.get("/conversations", params={"search": "pump"}).text)
    assert {tag for tag, _ in tags.seen} <= {"ul", "li", "a", "span", "bdi"} and not tags.open
    written = client.get(f"/conversations/{conversation}.md").text
    tokens = [part for token in MarkdownIt("commonmark").parse(written) for part in (token, *(token.children or ()))]
    assert not {token.type for token in tokens} & {"link_open", "image", "html_block", "html_inline", "fence"}
    why = Tags(client.get(f"/conversations/{conversation}/1/why").text)
    assert not {tag for tag, _ in why.seen} & {"script", "img", "iframe", "style", "form", "a", "image"}
    assert not [name for _, attributes in why.seen for name in attributes if name.startswith("on")]
    scripted.conversations.delete(conversation)
