"""`rag-chat train support` from files to a folder that the app reads with, on the real encoder."""

import json

import pytest

from rag_chat import build, cli, config
from rag_chat.reading.reader import CARD_FILE, WEIGHTS_FILE
from rag_chat.training.claims import Claim
from rag_chat.training.support import kept_aside
from rag_chat.weights import SHIPPED

THINGS = "rail ship road wind salt sand rope lamp fish coal".split()


def file_of(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def pair(i):
    thing = THINGS[i % 10]
    passage = (
        f"The {thing} of part {i} goes to the northern quay {i} in the morning of every working day. In {1950 + i} the"
        f" harbor master of Tarnwick sold {i} tons of {thing} to Ostwick, more than ever before in one year."
    )
    return {"question": f"Where does the {thing} of part {i} go?", "passage": passage, "answer": f"northern quay {i}"}


def test_a_fifth_of_the_claims_is_kept_aside_whatever_else_there_is():
    claims = [Claim(f"Sentence {i} of many.", "q", True) for i in range(1000)]
    assert 0.15 < sum(map(kept_aside, claims)) / 1000 < 0.25


@pytest.mark.slow
def test_a_run_gives_a_folder_that_the_app_reads_with(tmp_path, capfd, monkeypatch):
    monkeypatch.chdir(tmp_path)
    asked = [
        {**pair(i), "answerable": i % 2 == 0, "answers": [pair(i)["answer"]] if i % 2 == 0 else []} for i in range(24)
    ]
    claims = [
        {"claim": f"Quay {i} is long.", "evidence": f"Quay {i} is {word}.", "label": label}
        for i, (word, label) in enumerate([("long", "SUPPORT"), ("short", "no")] * 30)
    ]
    command = ["train", "support", "--out", "out", "--steps", "2"]
    command += ["--pairs", file_of(tmp_path / "p.jsonl", [pair(i) for i in range(60)])]
    command += ["--answerable", file_of(tmp_path / "a.jsonl", asked), "--claims", file_of(tmp_path / "c.jsonl", claims)]
    assert cli.run(command) == 0
    said = capfd.readouterr().out
    assert "first quote holds the answer" in said
    assert "claims of c.jsonl, balanced accuracy" in said
    card = json.loads((tmp_path / "out" / CARD_FILE).read_text())
    assert card["recipe"]["steps"] == 2
    assert (tmp_path / "out" / WEIGHTS_FILE).stat().st_size < 20e6
    made = build.reader(config.load(reader=str(tmp_path / "out")))
    assert made.read("Where does the rail go?", ["To quay 3."])[0].offsets

    assert cli.run([*command, "--steps", "3"]) == 2
    assert "'out' holds another run (steps 2, not 3)" in capfd.readouterr().err
    lines = [json.loads(line)["step"] for line in (tmp_path / "out" / "losses.jsonl").read_text().splitlines()]
    assert lines == [1, 2]
    (mined,) = (tmp_path / "out").glob("hard-*.json")
    hard = json.loads(mined.read_text())
    assert len(hard) == 60
    assert not [t for i in range(60) for t in hard[pair(i)["question"]] if pair(i)["answer"] + " " in t]


def test_too_few_pairs_with_an_answer_are_refused(tmp_path, capfd, monkeypatch):
    monkeypatch.chdir(tmp_path)
    asked = [{**pair(i), "answerable": i > 0, "answers": [pair(i)["answer"]]} for i in range(3)]
    pairs = [pair(i) | {"answer": "" if i else pair(i)["answer"]} for i in range(60)]
    command = ["train", "support", "--out", "out", "--pairs", file_of(tmp_path / "p.jsonl", pairs)]
    assert cli.run([*command, "--answerable", file_of(tmp_path / "a.jsonl", asked)]) == 2
    assert "Only 1 pairs have an answer that stands in the passage; give at least 50." in capfd.readouterr().err


@pytest.mark.slow
def test_the_gate_alone_is_set_for_the_reranker_in_use(tmp_path, capfd, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAG_CHAT_RERANKER", "none")
    asked = [
        {**pair(i), "answerable": i % 2 == 0, "answers": [pair(i)["answer"]] if i % 2 == 0 else []} for i in range(12)
    ]
    command = ["train", "support", "--answerable", file_of(tmp_path / "a.jsonl", asked), "--out", "out"]
    assert cli.run([*command, "--calibrate-only"]) == 0
    said = capfd.readouterr().out
    assert "questions refused though the answer is there" in said and "questions answered though it is not" in said
    assert "RAG_CHAT_READER=out" in said
    made, shipped = tmp_path / "out", SHIPPED / "minilm-reader"
    assert (made / WEIGHTS_FILE).read_bytes() == (shipped / WEIGHTS_FILE).read_bytes()
    card, before = (json.loads((folder / CARD_FILE).read_text()) for folder in (made, shipped))
    assert {name for name in before if card[name] != before[name]} == {"quotes", "threshold"}
    assert card.keys() == before.keys()


def test_training_and_calibrating_only_are_not_asked_for_together_nor_neither(tmp_path, capfd):
    command = ["train", "support", "--answerable", "a.jsonl", "--out", str(tmp_path)]
    for more in ([], ["--calibrate-only", "--pairs", "p.jsonl"]):
        assert cli.run([*command, *more]) == 2
        assert "Give either --pairs FILE to train on, or --calibrate-only" in capfd.readouterr().err
