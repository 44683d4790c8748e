"""`rag-chat eval answers`: what it takes, and its table on the installed models with a generator of each kind."""

import json
import os
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from pydantic import SecretStr

from rag_chat import cli, config
from rag_chat.commands.evaluate_answers import with_generator

CORPUS = [
    {"_id": "tide", "title": "Harbor", "text": "The tide gate of Tarnwick opens at five in the morning, every day."},
    {"_id": "pump", "title": "Pump", "text": "The circulation pump carries a guarantee of thirty months."},
]
QUESTIONS = [
    {"_id": "q1", "text": "When does the tide gate of Tarnwick open?", "answers": ["five in the morning"]},
    {"_id": "q2", "text": "How long is the guarantee of the circulation pump?", "answers": ["thirty months"]},
    {"_id": "q3", "text": "Which wine suits grilled trout?", "answers": [], "passage": None},
]
KEYS = (
    "generator contains_gold token_f1 citation_precision citation_recall refused_right refused_wrong supported words"
    " seconds"
).split()


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """A set named `toy`, its caches beside it, and no settings but the test's own."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("RAG_CHAT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("RAG_CHAT_OFFLINE", "1")
    written("toy", QUESTIONS)


def written(name, questions):
    os.makedirs(name)
    for file, rows in (("corpus", CORPUS), ("questions", questions)):
        with open(f"{name}/{file}.jsonl", "w", encoding="utf-8") as lines:
            lines.writelines(json.dumps(row) + "\n" for row in rows)


class Talking(BaseHTTPRequestHandler):
    """An OpenAI-compatible server that always says the same."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
        said = {"choices": [{"delta": {"content": "Trains leave at noon from platform four."}}]}
        self.wfile.write(f"data: {json.dumps(said)}\n\ndata: [DONE]\n\n".encode())

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    with HTTPServer(("127.0.0.1", 0), Talking) as found:
        threading.Thread(target=found.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{found.server_address[1]}/v1"
        found.shutdown()


@pytest.mark.slow
def test_a_row_for_each_generator_with_the_contracts_keys(capfd, server):
    line = ["eval", "answers", "toy", "--generator", "quoting", "--generator", f"noon@{server}", "--json"]
    assert cli.run(line) == 0
    (found,) = map(json.loads, capfd.readouterr().out.splitlines())
    assert list(found) == ["dataset", "questions", "rows"]
    assert (found["dataset"], found["questions"]) == ("toy", 3)
    quoting, remote = found["rows"]
    assert list(quoting) == list(remote) == KEYS
    assert (quoting["generator"], remote["generator"]) == ("quoting", "noon")
    assert (quoting["contains_gold"], quoting["citation_recall"], quoting["supported"]) == (1.0, 1.0, 1.0)
    assert (quoting["refused_right"], quoting["refused_wrong"]) == (1.0, 0.0)
    assert (remote["contains_gold"], remote["citation_recall"]) == (0.0, 0.0)
    assert (remote["supported"], remote["citation_precision"]) == (0.0, None)


@pytest.mark.slow
def test_given_answers_from_the_contexts_and_the_table_is_for_people(capfd):
    written("given", [QUESTIONS[0] | {"contexts": ["pump"]}, QUESTIONS[1] | {"contexts": ["pump"]}])
    assert cli.run(["eval", "answers", "given", "--given", "--generator", "quoting"]) == 0
    title, heads, row = capfd.readouterr().out.splitlines()
    assert title == "given: 2 questions, 2 of them answerable, 2 texts"
    assert heads.split("  ")[0] == "generator" and "refused wrong" in heads
    assert row.split()[:2] == ["quoting", "0.500"]
    assert row.split()[5] == "-"  # no unanswerable question, no share


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["answers"], "Missing argument 'folder'"),
        (["answers", "absent"], "'absent' is no folder; an answer set needs corpus.jsonl and questions.jsonl."),
        (["answers", "toy", "--limit", "0"], "--limit 0 leaves no question to measure with; give 1 or more."),
        (["answers", "toy", "--given"], "The question 'q1' has no `contexts`"),
        (["./answers"], "'answers' is no folder; name one with corpus.jsonl, queries.jsonl and qrels.tsv."),
        (["--limit", "1", "toy"], "'toy' holds no queries.jsonl"),
        (["default"], "'default' is no folder"),
        ([], "Give either a FOLDER that holds a retrieval set or --own"),
    ],
)
def test_a_mistake_is_one_sentence_and_other_words_are_folders_of_the_ranking(capfd, arguments, said):
    assert cli.run(["eval", *arguments]) == 2
    out, err = capfd.readouterr()
    assert out == "" and err.count("\n") == 1
    assert said in err


def test_both_helps_say_what_they_take(capfd):
    assert cli.run(["eval", "--help"]) == 0
    assert "rag-chat eval answers" in " ".join(capfd.readouterr().out.split())
    assert cli.run(["eval", "answers", "--help"]) == 0
    assert "--generator" in capfd.readouterr().out


def test_the_configured_server_is_asked_for_its_own_model_only(monkeypatch):
    monkeypatch.setenv("RAG_CHAT_GENERATOR_KEY", "secret")
    settings = config.load(generator="own", generator_url="http://here/v1")
    assert with_generator(settings, "own") is settings
    assert with_generator(settings, "quoting").generator_url is None
    other = with_generator(settings, "m@https://there/v1")
    assert (other.generator, other.generator_url, other.generator_key) == ("m", "https://there/v1", None)
    same = with_generator(settings, "m@http://here/v1")
    assert same.generator_key == SecretStr("secret")
