"""Commands beside a running app: a real app, real commands, the same JSON as without it."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
from pdfs import prose, write_pdf
from served import is_ready

from rag_chat import cli
from rag_chat.index.connect import SEAL
from rag_chat.library.catalog import Catalog
from rag_chat.library.conversations import Conversations
from rag_chat.running import NOTE
from rag_chat.types import Answer, Candidate, Passage

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[3]
FRACTIONS = re.compile(r"\d+(?:\.\d+(?:e-?\d+)?|e-\d+)")
TIMES = re.compile(r"\d+(\.\d+)? (m?s)\b")


@pytest.fixture(scope="module")
def surroundings(folder):
    given = {n: str(folder / n) for n in ("library", "reranker", "cache")} | {"generator": "quoting", "offline": "1"}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RAG_CHAT_")}
    return kept | {f"RAG_CHAT_{name.upper()}": value for name, value in given.items()} | {"PYTHONPATH": str(ROOT)}


@contextmanager
def app_over(folder, surroundings):
    """A running app with its library open; ends as with Ctrl-C."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    line = [sys.executable, str(ROOT / "app.py"), "--port", str(port)]
    process = subprocess.Popen(line, cwd=folder, env=surroundings, stdout=subprocess.DEVNULL)
    try:
        for _ in range(1200):
            assert process.poll() is None
            if (folder / "library" / "app.json").exists() and is_ready(port):
                break
            time.sleep(0.1)
        yield process, port
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


@pytest.fixture(scope="module")
def app(folder, surroundings, told_alone):
    """One for all tests but the last, after what commands say without it is known."""
    with app_over(folder, surroundings) as running_app:
        yield running_app


@pytest.fixture(scope="module")
def run(folder, surroundings):
    def command(*arguments, module="rag_chat.cli", **options):
        line = [sys.executable, "-m", module, *map(str, arguments)]
        options = {"timeout": 120} | options
        return subprocess.run(line, cwd=folder, env=surroundings, capture_output=True, text=True, **options)

    return command


WORK = [
    ("documents", "--json"),
    ("search", "When does the gate open?", "--json"),
    ("search", "When does the gate open?", "--mode", "dense", "--passages", "1", "--candidates", "2", "--json"),
    ("search", "guarantee", "--pages", "2"),
    ("ask", "When does the gate open?", "--json"),
    ("ask", "How long is the guarantee of the pump?", "--document", "harbor.pdf", "--pages", "2"),
    ("ask", "why " * 2000),
    ("delete", "nowhere.pdf"),
    ("search", "--queries", "queries.jsonl", "--json"),
    ("ask", "--questions", "queries.jsonl", "--json"),
    ("eval", "--own", "--mode", "dense", "--json"),
]
QUERIES = '{"id": 1, "text": "gate"}\n{"id": "b", "text": "pump", "documents": ["harbor.pdf"]}\n'
TALK = "When does the gate open?\nAnd the pump?\n/quit\n"


@pytest.fixture(scope="module")
def given(folder):
    """A rated question, and files to add: a good one, a bad one, one that is not there."""
    praise(folder / "library", "When does the gate open?")
    write_pdf(folder / "rail.pdf", [["The rail yard of Tarnwick closes at nine in the evening."]])
    (folder / "bad.pdf").write_bytes(b"%PDF-1.7 nothing")
    (folder / "queries.jsonl").write_text(QUERIES)
    return "--json", "rail.pdf", "bad.pdf", "nowhere.pdf"


def praise(folder, question):
    """Somebody asked this and was content with the first passage."""
    with closing(Catalog(folder)) as catalog, closing(Conversations(catalog)) as conversations:
        found = Candidate(catalog.all_chunks()[0], "harbor.pdf", "1", 1, 0.9, 1, 0.5)
        answer = Answer(question, question, "At five.", False, (), (), (Passage(1, found),), (found,))
        conversation = conversations.start(question)
        conversations.keep(conversation, conversations.ask(conversation, question), "answered", answer=answer)
        conversations.vote(conversation, 1, found.chunk.id, 1)


@pytest.fixture(scope="module")
def told_alone(folder, surroundings, run, given):
    """What each command says where no app is running."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name in surroundings.keys() - os.environ.keys():
            patch.setenv(name, surroundings[name])
        said = {arguments: told(_here(arguments)) for arguments in WORK}
        patch.setattr(sys, "stdin", io.StringIO(TALK))
        said["chat"] = told(_here(["chat"]))
    said["add"] = told(run(*given, module="ingest.cli"))
    said["delete"] = told(run("delete", "rail.pdf", "--json"))
    return said


def _here(arguments):
    """In this process, where torch is loaded already."""
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.TextIOWrapper(io.BytesIO(), "utf-8")
    with redirect_stdout(out), redirect_stderr(err):
        code = cli.run(arguments)
    texts = [stream.buffer.getvalue().decode() for stream in (out, err) if stream.flush() is None]
    return subprocess.CompletedProcess(arguments, code, *texts)


def told(result):
    """What a command said, without its times, its fractions and the line that says who did it.

    Each process takes the dtype that it found fastest, so that scores of two differ in their last digits.
    """
    out = [_timeless(line) for line in result.stdout.splitlines()]
    return result.returncode, out, [line for line in result.stderr.splitlines() if line != NOTE]


def _timeless(line):
    line = FRACTIONS.sub("0.0", line)
    if line.startswith("{"):
        return {key: value for key, value in json.loads(line).items() if key != "seconds"}
    return TIMES.sub("", line)


@pytest.mark.parametrize("arguments", WORK, ids=lambda arguments: " ".join(arguments)[:50])
def test_a_command_says_the_same_beside_an_app_and_without_one(told_alone, app, run, arguments):
    beside = run(*arguments)
    assert told(beside) == told_alone[arguments]
    assert (NOTE in beside.stderr) == (arguments[0] in ("search", "ask") and beside.returncode == 0)


def test_a_conversation_is_the_same_beside_an_app(told_alone, app, run):
    assert told(run("chat", input=TALK)) == told_alone["chat"]


def test_documents_come_and_go_beside_an_app(told_alone, app, run, given):
    assert told(run(*given, module="ingest.cli")) == told_alone["add"]
    assert [line["status"] for line in told_alone["add"][1]] == ["ready", "failed", "failed"]
    found = json.loads(run("ask", "When does the rail yard close?", "--json").stdout)
    assert found["citations"][0]["document"] == "rail.pdf"
    again = run("--json", "rail.pdf", module="ingest.cli")
    assert json.loads(again.stdout)["status"] == "unchanged"
    assert told(run("delete", "rail.pdf", "--json")) == told_alone["delete"]
    assert "rail.pdf" not in run("search", "rail yard", "--json").stdout


def test_a_backup_beside_an_app_comes_back_whole(folder, app, run):
    assert run("backup", "b.tar").returncode == 0
    assert "Documents restored: 1" in run("restore", "b.tar", "--library", "restored").stdout
    assert run("documents", "--json", "--library", "restored").stdout == run("documents", "--json").stdout
    assert "1 documents" in run("doctor", "--library", "restored").stdout


@pytest.mark.parametrize("words", ["doctor --repair", "restore b.tar", "--rebuild"])
def test_what_needs_the_library_alone_says_that_an_app_has_it_and_changes_nothing(folder, app, run, words):
    (folder / "b.tar").touch()
    seal = (folder / "library" / SEAL).read_bytes()
    refused = run(*words.split(), module="ingest.cli" if words == "--rebuild" else "rag_chat.cli")
    said = f"The library is open in a running app (process {app[0].pid}); end the app, then run this again.\n"
    assert (refused.returncode, refused.stdout, refused.stderr) == (1, "", said)
    assert (folder / "library" / SEAL).read_bytes() == seal


def test_who_does_not_know_the_secret_is_refused(folder, app, run):
    process, port = app
    doc_id = json.loads(run("documents", "--json").stdout)[0]["doc_id"]
    left = folder / "library" / "app.json"
    assert stat.S_IMODE(left.stat().st_mode) == 0o600
    for header in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer "}):
        for name, order in (("delete", {"doc_id": doc_id}), ("add", {"path": "/etc/passwd", "name": "a.txt"})):
            asked = urllib.request.Request(
                f"http://127.0.0.1:{port}/api/commands/{name}",
                json.dumps(order).encode(),
                {"Content-Type": "application/json"} | header,
            )
            with pytest.raises(urllib.error.HTTPError, match="401"):
                urllib.request.urlopen(asked, timeout=10)
    right = left.read_text()
    left.write_text(json.dumps(json.loads(right) | {"token": "wrong"}))
    refused = run("ask", "When does the gate open?")
    left.write_text(right)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert f"in use by process {process.pid}" in refused.stderr
    assert len(json.loads(run("documents", "--json").stdout)) == 1


def test_a_command_that_is_stopped_leaves_nothing_of_its_document(folder, surroundings, app, run):
    long = write_pdf(folder / "long.pdf", [prose(60, seed=f"grain {n}") for n in range(200)])
    line = [sys.executable, "-m", "ingest.cli", str(long)]
    adding = subprocess.Popen(line, cwd=folder, env=surroundings, stderr=subprocess.PIPE, text=True)
    assert adding.stderr is not None and adding.stderr.readline().strip() == NOTE
    time.sleep(1)
    adding.send_signal(signal.SIGINT)
    assert adding.wait(20) == 130
    adding.stderr.close()
    write_pdf(folder / "short.pdf", [["A short one."]])
    assert run("short.pdf", module="ingest.cli", timeout=60).returncode == 0  # nobody is waited for
    names = [document["document"] for document in json.loads(run("documents", "--json").stdout)]
    assert sorted(names) == ["harbor.pdf", "short.pdf"]
    assert run("delete", "short.pdf").returncode == 0


def test_an_app_that_is_ended_waits_for_no_file_and_leaves_nothing_of_it(folder, surroundings, app, run):
    process, _ = app
    left = folder / "library" / "app.json"
    kept = left.read_text()
    long = write_pdf(folder / "longer.pdf", [prose(60, seed=f"barley {n}") for n in range(400)])
    line = [sys.executable, "-m", "ingest.cli", str(long)]
    adding = subprocess.Popen(line, cwd=folder, env=surroundings, stderr=subprocess.PIPE, text=True)
    assert adding.stderr is not None and adding.stderr.readline().strip() == NOTE
    time.sleep(1)
    started = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.wait(30)
    assert time.monotonic() - started < 10
    assert adding.wait(10) == 1
    assert "ended before it had answered" in adding.stderr.read()
    adding.stderr.close()
    assert not left.exists()
    left.write_text(kept)  # as kill -9 leaves it; it is not believed
    asked = run("ask", "When does the gate open?", "--json")
    assert asked.returncode == 0 and json.loads(asked.stdout)["citations"]
    assert NOTE not in asked.stderr
    assert [document["document"] for document in json.loads(run("documents", "--json").stdout)] == ["harbor.pdf"]
    left.unlink()
