"""The command line as a user meets it: exit codes, one sentence for each mistake, and what needs no model."""

import json
import os
import pty
import signal
import subprocess
import sys
import time

import pytest

from rag_chat import cli
from rag_chat.library.incoming import Incoming


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Away from the checkout's own library, settings file and environment."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("RAG_CHAT_")]:
        monkeypatch.delenv(name)


def command(*arguments, **options):
    line = [sys.executable, "-m", "rag_chat.cli", *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, timeout=60, **options)


def failed(capfd, *arguments):
    """(exit code, the one line on stderr); nothing may be on stdout."""
    code = cli.run([str(argument) for argument in arguments])
    out, err = capfd.readouterr()
    assert out == ""
    assert err.count("\n") == 1 and "Traceback" not in err
    return code, err.strip()


def printed(capfd, *arguments):
    assert cli.run([str(argument) for argument in arguments]) == 0
    return capfd.readouterr().out


# --- help and mistakes ----------------------------------------------------------------------------------------


def test_help_comes_at_once_and_names_every_command():
    times, of_torch = [], []
    for _ in range(3):
        start = time.perf_counter()
        shown = command("--help")
        times.append(time.perf_counter() - start)
        subprocess.run([sys.executable, "-c", "import torch"], check=True)
        of_torch.append(time.perf_counter() - start - times[-1])
    assert shown.returncode == 0
    for name in (
        "documents",
        "delete",
        "search",
        "ask",
        "chat",
        "eval",
        "models",
        "doctor",
        "backup",
        "restore",
        "train",
    ):
        assert f"  {name} " in shown.stdout
    assert min(times) < 0.6 * min(of_torch)  # 0.3 s where nothing else runs, and 1.8 s


def test_no_command_shows_the_help_and_counts_as_a_mistake(capfd):
    assert cli.run([]) == 2
    assert "Commands:" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["searhc"], "No such command 'searhc'"),
        (["search", "q", "--mode", "psychic"], "'psychic' is not one of 'auto', 'dense', 'rerank', 'hybrid'"),
        (["search", "q", "--candidates", "0"], "The setting 'candidates' cannot take the value '0'"),
        (["search"], "Give either a query or --queries FILE.jsonl; neither was given."),
        (["ask", "q", "--questions", "q.jsonl"], "Give either a question or --questions FILE.jsonl; both were given."),
        (["ask", ""], "The question is empty"),
        (["ask", "  \n "], "The question is empty"),
        (["ask", "why " * 25_000], "The question has 100,000 characters, more than the 4,000"),
        (["search", "why " * 25_000], "The question has 100,000 characters"),
        (["ask", "why?"], "The library holds no documents yet"),
        (["chat"], "The library holds no documents yet"),
        (["delete", "abcd"], "The library holds no documents yet"),
        (["delete"], "Missing argument"),
        (["--config", "absent.toml", "documents"], "No settings file 'absent.toml' is there"),
        (["eval", ".", "--limit", "0"], "--limit 0 leaves no query to measure with"),
        (["train", "reranker", "--pairs", "p", "--out", "o", "--steps", "0"], "--steps 0 trains nothing"),
        (["eval", "absent"], "'absent' is no folder"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_code_2(capfd, arguments, said):
    code, err = failed(capfd, *arguments)
    assert code == 2
    assert said in err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--pages", "ten"], "--pages 'ten' is no range of pages; write 7 or 10-20."),
        (["--pages", "9-7"], "--pages '9-7' is no range of pages"),
        (["--since", "yesterday"], "'yesterday' as `since` is no date; write it as 2024-01-31."),
        (["--until", "1999-12-31"], "No document was added in that time"),
        (["--document", "abcd", "--since", "2020-01-01"], "No document has the name or the id 'abcd'"),
    ],
)
def test_a_filter_that_is_none_is_refused(capfd, small_library, options, said):
    code, err = failed(capfd, "search", "q", "--library", small_library.folder, *options)
    assert code == 2
    assert said in err


def test_an_unknown_setting_names_the_nearest_one(capfd, monkeypatch):
    monkeypatch.setenv("RAG_CHAT_PASSAGE", "3")
    code, err = failed(capfd, "documents")
    assert code == 2 and "'passages'" in err


def test_a_traceback_comes_with_debug_only(capfd):
    assert cli.run(["ask", "", "--debug"]) == 2
    assert "Traceback" in capfd.readouterr().err


def test_a_folder_given_as_settings_file_is_a_mistake_without_a_path(capfd, tmp_path):
    (tmp_path / "rag.toml").mkdir()
    code, err = failed(capfd, "--config", tmp_path / "rag.toml", "documents")
    assert code == 2 and "rag.toml" in err and str(tmp_path) not in err


def test_looking_makes_no_library(capfd, tmp_path):
    assert "holds no documents" in printed(capfd, "documents")
    assert not (tmp_path / "data").exists()
    (tmp_path / "new").mkdir()
    assert json.loads(printed(capfd, "documents", "--json", "--library", "new")) == []
    assert not any((tmp_path / "new").iterdir())


@pytest.mark.parametrize(
    "arguments", [["documents"], ["documents", "--json"], ["search", "q"], ["delete", "abcd"], ["chat"]]
)
def test_a_library_that_was_named_and_is_not_there_is_a_mistake(capfd, tmp_path, monkeypatch, arguments):
    said = "The library 'my docs/libary' does not exist yet; check the path, or make it with: rag-ingest PATH"
    code, err = failed(capfd, *arguments, "--library", "my docs/libary")
    assert code == 2 and err.startswith(said)
    monkeypatch.setenv("RAG_CHAT_LIBRARY", "my docs/libary")
    code, err = failed(capfd, *arguments)
    assert code == 2 and err.startswith(said)
    assert not (tmp_path / "my docs").exists()


@pytest.mark.parametrize("arguments", [["documents"], ["search", "q"], ["doctor"]])
def test_a_library_that_is_a_file_is_a_mistake(capfd, tmp_path, arguments):
    (tmp_path / "rag.toml").touch()
    code, err = failed(capfd, *arguments, "--library", "rag.toml")
    assert (code, err) == (2, "The library 'rag.toml' is a file; name the folder that rag-ingest made.")


@pytest.mark.parametrize("command", ["ask", "search"])
def test_help_tells_the_form_of_a_file_of_questions(capfd, command):
    shown = " ".join(printed(capfd, command, "--help").split())
    assert '{"id": 1, "text": "...", "documents": ["a.pdf"]}' in shown


# --- documents and delete -------------------------------------------------------------------------------------


def test_documents_are_listed_as_json_with_the_contracts_keys(capfd, small_library):
    found = json.loads(printed(capfd, "documents", "--json", "--library", small_library.folder))
    assert sorted(d["document"] for d in found) == ["harbor.pdf", "pump.pdf", "pump.pdf"]
    assert found[0].keys() == {"document", "doc_id", "status", "pages", "chunks", "bytes", "added", "kind"}


def test_uploads_that_wait_or_failed_are_listed_after_the_documents(capfd, small_library, tmp_path):
    incoming = Incoming(small_library.folder)
    kept = []
    for number, name in enumerate(("bad.pdf", "b\x1b[31m.pdf"), 1):
        (tmp_path / "upload").write_bytes(b"%PDF-1.4")
        kept.append(incoming.keep(number, tmp_path / "upload", name))
    incoming.fail(kept[0], "E_DAMAGED", "The file is damaged.")
    (small_library.folder / "incoming" / "9.upload").write_bytes(b"being moved in by the running app")
    found = json.loads(printed(capfd, "documents", "--json", "--library", small_library.folder))
    assert [d["status"] for d in found] == ["ready"] * 3 + ["failed", "queued"]
    assert found[3] == {
        "document": "bad.pdf", "doc_id": None, "status": "failed", "pages": 0, "chunks": 0, "bytes": 8, "added": None,
        "kind": None, "code": "E_DAMAGED", "error": "The file is damaged.",
    }  # fmt: skip
    assert (found[4]["code"], found[4]["error"]) == (None, None)
    lines = printed(capfd, "documents", "--library", small_library.folder).splitlines()
    assert lines[-2:] == ["bad.pdf: failed (E_DAMAGED): The file is damaged.", "b[31m.pdf: queued"]
    assert (small_library.folder / "incoming" / "9.upload").exists()  # looking changes nothing


def test_the_library_may_be_named_before_or_after_the_command(capfd, small_library):
    before = printed(capfd, f"--library={small_library.folder}", "documents")
    assert before == printed(capfd, "documents", "--library", small_library.folder)
    assert "harbor.pdf" in before


def test_delete_by_the_beginning_of_an_id_proves_that_nothing_is_left(capfd, small_library):
    gone = next(d for d in small_library.documents if d.name == "harbor.pdf")
    out = printed(capfd, "--library", small_library.folder, "delete", gone.doc_id[:8])
    assert "Left of it: 0 rows, 0 vectors, 0 files." in out
    assert "Documents in the library: 2" in out
    left = json.loads(printed(capfd, "--library", small_library.folder, "documents", "--json"))
    assert gone.doc_id not in [d["doc_id"] for d in left]


@pytest.mark.parametrize(
    ("options", "answer", "left"),
    [([], "", 3), ([], "n", 3), ([], "Y", 2), (["--yes"], None, 2), (["-y", "--json"], None, 2)],
)
def test_delete_asks_whoever_sits_at_a_terminal(small_library, options, answer, left):
    ours, theirs = pty.openpty()
    line = [
        sys.executable,
        "-m",
        "rag_chat.cli",
        "delete",
        "harbor.pdf",
        "--library",
        str(small_library.folder),
        *options,
    ]
    asked = subprocess.Popen(line, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    os.close(theirs)
    if answer is not None:
        os.write(ours, f"{answer}\n".encode())
    out, err = asked.communicate(timeout=60)
    os.close(ours)
    assert asked.returncode == 0
    assert ("Delete harbor.pdf with all that was made of it? [y/N]" in err) == (answer is not None)
    assert ("Nothing was deleted." in err) == (left == 3) and (out == "") == (left == 3)
    assert len(json.loads(command("documents", "--json", "--library", small_library.folder).stdout)) == left


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("ffff0000ffff", "No document has the name or the id 'ffff0000ffff'"),
        ("pump.pdf", "'pump.pdf' stands for 2 documents; give the whole name, or more of the id."),
        ("", "No document has the name or the id ''"),
    ],
)
def test_delete_refuses_what_is_unknown_or_ambiguous_and_deletes_nothing(capfd, small_library, given, said):
    code, err = failed(capfd, "--library", small_library.folder, "delete", "harbor.pdf", given)
    assert code == 2 and said in err
    assert len(json.loads(printed(capfd, "--library", small_library.folder, "documents", "--json"))) == 3


def test_an_unknown_document_is_refused_before_any_model_loads(capfd, small_library):
    for arguments in (["ask", "why?"], ["search", "why?"], ["chat"]):
        code, err = failed(capfd, "--library", small_library.folder, *arguments, "--document", "ffff0000")
        assert code == 2 and "No document has the name or the id 'ffff0000'" in err


@pytest.mark.slow
def test_a_library_of_another_embedder_is_refused(small_library):
    asked = command(
        "ask", "why?", "--library", small_library.folder, env=os.environ | {"RAG_CHAT_GENERATOR": "quoting"}
    )
    assert asked.returncode == 1
    assert "was built with 'hash'" in asked.stderr and asked.stderr.count("\n") == 1


def test_ctrl_c_ends_with_130_and_no_traceback(small_library, tmp_path):
    os.mkfifo(tmp_path / "queries.jsonl")  # reading it waits for a writer, so the moment is known
    line = [sys.executable, "-m", "rag_chat.cli", "search", "--queries", "queries.jsonl", "--json"]
    asked = subprocess.Popen([*line, "--library", str(small_library.folder)], stderr=subprocess.PIPE, text=True)
    writer = os.open(tmp_path / "queries.jsonl", os.O_WRONLY)
    asked.send_signal(signal.SIGINT)
    _, err = asked.communicate(timeout=30)
    os.close(writer)
    assert asked.returncode == 130
    assert "Traceback" not in err


# --- models and doctor ----------------------------------------------------------------------------------------


def test_models_names_each_role_with_its_hash(capfd):
    found = {row["role"]: row for row in json.loads(printed(capfd, "models", "--json"))}
    assert list(found) == ["embedder", "reranker", "reader", "generator", "answerer"]
    encoder = found["embedder"]
    assert list(encoder) == ["role", "name", "source", "path", "bytes", "sha256", "present"]
    assert encoder["sha256"] == "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
    assert (encoder["name"], encoder["source"], encoder["present"]) == ("all-MiniLM-L6-v2", "package", True)


def test_models_says_what_is_missing_and_what_has_no_weights(capfd, monkeypatch):
    monkeypatch.setenv("RAG_CHAT_EMBEDDER", "./nowhere")
    monkeypatch.setenv("RAG_CHAT_GENERATOR", "quoting")
    found = {row["role"]: row for row in json.loads(printed(capfd, "models", "--json"))}
    assert (found["embedder"]["present"], found["embedder"]["sha256"]) == (False, None)
    assert (found["generator"]["source"], found["generator"]["present"]) == ("built-in", True)
    assert "embedder: No model './nowhere' is here" in printed(capfd, "models")


@pytest.mark.slow
def test_doctor_finds_a_lost_file_and_missing_weights(capfd, small_library, monkeypatch):
    monkeypatch.setenv("RAG_CHAT_EMBEDDER", "./nowhere")
    document = small_library.documents[0]
    for file in small_library.folder.rglob(f"{document.doc_id}*"):
        file.unlink()
    assert cli.run(["doctor", "--library", str(small_library.folder)]) == 1
    out = capfd.readouterr().out
    assert f"FAULT  library: the file of '{document.name}' is gone" in out
    assert "FAULT  embedder: No model './nowhere' is here" in out
    assert "library: built with 'hash'" in out


def test_doctor_repair_mends_the_index_from_the_catalog(capfd, small_library, monkeypatch):
    from rag_chat.index.chroma import Chroma

    chroma = Chroma(small_library.folder / "chroma")
    chroma.delete(small_library.documents[0].doc_id)
    chroma.close()
    where = ["--library", str(small_library.folder)]
    cli.run(["doctor", *where])
    assert "the vector index is not as it was left; run: rag-chat doctor --repair" in capfd.readouterr().out
    cli.run(["doctor", "--repair", *where])
    out = capfd.readouterr().out
    assert "the vector index was made anew from the catalog" in out
    assert "library: 3 documents, 4 chunks, every vector and every file as it was added" in out


# --- backup and restore ---------------------------------------------------------------------------------------


def test_backup_comes_back_whole_in_another_folder(capfd, small_library, tmp_path):
    said = printed(capfd, "backup", str(tmp_path / "b.tar"), "--library", str(small_library.folder))
    assert said.startswith("Documents in the backup: 3")
    restored = ["--library", str(tmp_path / "new" / "library")]
    assert "Documents restored: 3, with 4 chunks" in printed(capfd, "restore", str(tmp_path / "b.tar"), *restored)
    before = json.loads(printed(capfd, "documents", "--json", "--library", str(small_library.folder)))
    assert json.loads(printed(capfd, "documents", "--json", *restored)) == before
    for document in small_library.documents:
        kept = tmp_path / "new" / "library" / "files" / f"{document.doc_id}.pdf"
        assert kept.read_bytes() == (small_library.folder / "files" / kept.name).read_bytes()


def test_restore_writes_over_no_library(capfd, small_library, tmp_path):
    where = ["--library", str(small_library.folder)]
    printed(capfd, "backup", str(tmp_path / "b.tar"), *where)
    code, said = failed(capfd, "restore", tmp_path / "b.tar", *where)
    assert code == 2 and "holds a library already" in said


@pytest.mark.parametrize("damage", ["cut", "a byte changed", "no backup"])
def test_damaged_backup_is_refused_and_leaves_nothing(capfd, small_library, tmp_path, damage):
    backup = tmp_path / "b.tar"
    printed(capfd, "backup", str(backup), "--library", str(small_library.folder))
    body = bytearray(backup.read_bytes())
    body[len(body) // 2] ^= 1
    backup.write_bytes({"cut": body[: len(body) // 2], "a byte changed": body, "no backup": b"hello" * 999}[damage])
    code, said = failed(capfd, "restore", backup, "--library", tmp_path / "new")
    assert code == 1 and "is no backup of a library, or is damaged" in said
    assert not (tmp_path / "new").exists()


def test_backup_that_cannot_be_written_is_said_so(capfd, small_library, tmp_path):
    code, said = failed(capfd, "backup", tmp_path / "nowhere" / "b.tar", "--library", small_library.folder)
    assert code == 2 and "No folder" in said
