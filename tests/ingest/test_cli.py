"""`rag-ingest` as a user runs it, in processes of its own."""

import json
import os
import pty
import signal
import subprocess
import sys

import pytest
from pdfs import prose, write_pdf

PROGRAM = "import sys; sys.argv[0] = 'rag-ingest'; from ingest.cli import main; main()"
# The same command with the tests' embedder in the place of the real one, which takes seconds to load.
WITH_FAKE = """
import sys
sys.argv[0] = "rag-ingest"
sys.path.insert(0, sys.argv.pop(1))
import rag_chat.index.embedders as embedders
from fakes import HashEmbedder
embedders.BiEncoder = lambda weights: HashEmbedder(weights.name)
from ingest.cli import main
main()
"""
TESTS = os.path.dirname(os.path.dirname(__file__))


def run(*arguments, cwd, fake=True, **environment):
    start = ["-c", WITH_FAKE, TESTS] if fake else ["-c", PROGRAM]
    return subprocess.run(
        [sys.executable, *start, *map(str, arguments)],
        capture_output=True, text=True, cwd=cwd, timeout=120, check=False,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)} | environment,
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "in" / "deep").mkdir(parents=True)
    write_pdf(tmp_path / "in" / "a.pdf", [prose(4), []])
    write_pdf(tmp_path / "in" / "deep" / "b.PDF", [prose(2, "oat")])
    return tmp_path


def test_json_has_one_line_a_file_with_the_public_keys(folder):
    done = run("in", "--library", "lib", "--json", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    reports = [json.loads(line) for line in done.stdout.splitlines()]
    keys = "document doc_id status pages chunks pages_without_text pages_ocr error seconds".split()
    keys += [
        "code",
        "pages_failed",
        "pages_hidden",
        "replaced",
        "kind",
        "pages_garbled",
        "pages_layer",
        "repaired",
        "notice",
    ]
    assert [list(report) for report in reports] == [keys, keys]
    assert [(r["document"], r["status"], r["pages"], r["pages_without_text"]) for r in reports] == [
        ("a.pdf", "ready", 2, [2]),
        ("b.PDF", "ready", 1, []),
    ]
    again = run("in", "--library", "lib", "--json", cwd=folder)
    assert {json.loads(line)["status"] for line in again.stdout.splitlines()} == {"unchanged"}


def test_failed_file_is_told_on_standard_error_and_in_the_exit_code(folder):
    (folder / "in" / "c.pdf").write_bytes(b"")
    done = run("in", "missing.pdf", "--library", "lib", cwd=folder)
    assert done.returncode == 1
    assert "a.pdf: ready, 1 of 2 pages read, 1 without text: 2, " in done.stdout
    assert "c.pdf: failed (E_EMPTY): The file is empty (0 bytes)" in done.stderr
    assert "missing.pdf: failed (E_NO_FILE): No file 'missing.pdf' is there" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "environment", "words"),
    [
        ((), {}, "No file or folder is named"),
        (("in/deep/..", "--config", "none.toml"), {}, "No settings file 'none.toml' is there"),
        (("empty",), {}, "text file is in 'empty'"),
        (("in",), {"RAG_CHAT_CHUNK_TOKENZ": "9"}, "the nearest that exists is 'chunk_tokens'"),
    ],
)
def test_mistakes_are_one_sentence_and_exit_code_2(folder, arguments, environment, words):
    (folder / "empty").mkdir()
    done = run(*arguments, cwd=folder, **environment)
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


def test_library_of_another_embedder_is_refused_until_rebuilt(folder):
    run("in", "--library", "lib", cwd=folder)
    other = {"RAG_CHAT_CHUNK_TOKENS": "100"}
    refused = run("in", "--library", "lib", cwd=folder, **other)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "run rag-ingest --rebuild" in refused.stderr
    rebuilt = run("--rebuild", "--library", "lib", "--json", cwd=folder, **other)
    assert rebuilt.returncode == 0
    assert len(rebuilt.stdout.splitlines()) == 2
    assert run("in", "--library", "lib", cwd=folder, **other).returncode == 0


def at_terminal(folder, *arguments, typed):
    """The command with a terminal as its input, on which `typed` is typed line by line as it is asked for."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", WITH_FAKE, TESTS, *arguments], cwd=folder, stdin=theirs, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
    )  # fmt: skip
    os.close(theirs)
    heard = ""
    for line in typed:
        while not heard.endswith("leaves the file out): "):
            letter = process.stderr.read(1)
            assert letter, heard
            heard += letter
        heard += "\n"
        os.write(ours, f"{line}\n".encode())
    out, err = process.communicate(timeout=60)
    os.close(ours)
    return process.returncode, out, heard + err


def test_password_is_asked_for_at_a_terminal_until_it_opens_the_file_or_none_is_given(folder):
    files = ("x.pdf", "y.pdf", "z.pdf")
    for name in files:
        write_pdf(folder / name, [prose(2, name)], password="open sesame" if name != "z.pdf" else None)
    code, out, err = at_terminal(folder, *files, "--library", "lib", typed=["wrong one", "open sesame", ""])
    assert code == 1 and err.count("Password (Enter") == 3
    assert "x.pdf: The file is encrypted and needs a password.\nPassword (Enter leaves the file out): " in err
    assert "x.pdf: The file is encrypted and the password given does not open it; give the right one." in err
    assert "x.pdf: ready, 1 page" in out and "z.pdf: ready" in out
    assert "y.pdf: failed (E_ENCRYPTED): The file is encrypted and needs a password; give it with --password." in err
    assert "sesame" not in out + err and "wrong" not in out + err


@pytest.mark.parametrize("options", [["--json"], []])
def test_password_is_not_asked_for_by_a_script_nor_in_a_pipe(folder, options):
    write_pdf(folder / "x.pdf", [prose(2)], password="open sesame")
    arguments = ["x.pdf", "--library", "lib", *options]
    if options:
        code, out, err = at_terminal(folder, *arguments, typed=[])
    else:
        done = run(*arguments, cwd=folder)
        code, out, err = done.returncode, done.stdout, done.stderr
    assert code == 1 and "needs a password; give it with --password." in out + err and "leaves" not in out + err


def test_ctrl_c_leaves_a_library_that_works(folder):
    for i in range(60):
        write_pdf(folder / "in" / f"x{i}.pdf", [prose(40, f"seed{i}")] * 3)
    process = subprocess.Popen(
        [sys.executable, "-c", WITH_FAKE, TESTS, "in", "--library", "lib"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
    )  # fmt: skip
    assert "ready" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Stopped; what was finished is in the library" in err
    assert "Traceback" not in err
    done = run("in", "--library", "lib", "--json", cwd=folder)
    statuses = [json.loads(line)["status"] for line in done.stdout.splitlines()]
    assert statuses.count("unchanged") >= 1 + out.count("ready")
    assert set(statuses) == {"ready", "unchanged"}


def test_help_loads_nothing_heavy(folder):
    code = "import sys, ingest.cli; sys.exit(any(m in sys.modules for m in ('torch', 'chromadb', 'pypdf')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert "--rebuild" in run("--help", cwd=folder, fake=False, COLUMNS="120").stdout


@pytest.mark.slow
def test_real_embedder_finds_the_right_page(folder):
    from rag_chat.config import Settings
    from rag_chat.index.connect import open_library
    from rag_chat.index.embedders import BiEncoder
    from rag_chat.weights import find

    write_pdf(
        folder / "in" / "c.pdf", [["The canteen serves soup at noon on weekdays."], prose(30), ["Cats sleep all day."]]
    )
    done = run("in", "--library", "lib", "--json", cwd=folder, fake=False)
    assert done.returncode == 0, done.stderr
    settings, embedder = Settings(), BiEncoder(find("all-MiniLM-L6-v2", offline=True))
    library = open_library(
        folder / "lib", embedder.name, embedder.dimension,
        chunk_tokens=settings.chunk_tokens, overlap=settings.chunk_overlap_tokens, exclusive=False,
    )  # fmt: skip
    best, _ = library.store.search(embedder.encode_query("When can I have lunch?"), 1)[0]
    assert library.catalog.chunks([best])[best].first_page == 1
    assert "canteen" in library.catalog.chunks([best])[best].text
    texts = [chunk.text for chunk in library.catalog.all_chunks()]
    assert max(embedder.token_counts(texts)) <= settings.chunk_tokens
    library.close()
