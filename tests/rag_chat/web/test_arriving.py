"""Uploads on the wire, and the folder that they arrive in: what does not arrive whole leaves nothing anywhere."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
import uvicorn
from scripted_engine import ScriptedBackend
from served import make_app

from rag_chat.web import server, upload_folder
from rag_chat.web.upload_folder import UploadFolder

FILE = b'--B\r\nContent-Disposition: form-data; name="files"; filename="a.pdf"\r\n\r\n%PDF-1.4'
FIELD = b'--B\r\nContent-Disposition: form-data; name="x"\r\n\r\n'
END = b"\r\n--B--\r\n"


@pytest.fixture(scope="module")
def wire(tmp_path_factory):
    """The port of a served page, and the folder that its uploads arrive in."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("tmp")))
        patched.setattr(server, "SWEEP_SECONDS", 0.1)
        app = make_app(ScriptedBackend().backend)
        opened = server.listen("127.0.0.1", 0)
        running = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=running.run, kwargs={"sockets": [opened]})
        thread.start()
        while not running.started:
            time.sleep(0.01)
        yield opened.getsockname()[1], Path(os.environ["GRADIO_TEMP_DIR"])
        running.should_exit = True
        thread.join(10)
        opened.close()
        assert list(Path(tempfile.gettempdir()).glob("rag_chat_uploads_*")) == []


def until(condition, seconds=5.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def connect(port, length):
    opened = socket.create_connection(("127.0.0.1", port), timeout=5)
    head = f"POST /gradio_api/upload HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n"
    head += f"Content-Type: multipart/form-data; boundary=B\r\n{length}\r\n\r\n"
    opened.sendall(head.encode())
    return opened


def answer(opened):
    said = b""
    while part := opened.recv(4096):
        said += part
    opened.close()
    return int(said.split()[1]), said.split(b"\r\n\r\n", 1)[1]


def left(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("body", "length", "said"),
    [
        (FILE, None, b"before it was whole"),  # cut off in the file
        (FILE + b"\r\n--B", None, b"before it was whole"),  # in the boundary
        (FILE[:40], None, b"before it was whole"),  # in the head of the part
        (FILE + END, len(FILE) + 3, b"before it was whole"),  # less announced than sent
        (FIELD + b"x" * 100 + END, None, b"Only files are taken here"),
        (b"no boundary at all" + END, None, b""),
    ],
)
def test_body_that_is_not_whole_is_refused_and_leaves_no_file(wire, body, length, said):
    port, folder = wire
    opened = connect(port, f"Content-Length: {length or len(body)}")
    opened.sendall(body)
    status, text = answer(opened)
    assert status == 400 and said in text
    assert left(folder) == []


@pytest.mark.parametrize("length", [f"Content-Length: {len(FILE) + 99}", "Transfer-Encoding: chunked"])
def test_client_that_goes_away_in_mid_stream_leaves_no_file(wire, length, caplog):
    port, folder = wire
    opened = connect(port, length)
    opened.sendall(f"{len(FILE):x}\r\n".encode() + FILE + b"\r\n" if "chunked" in length else FILE)
    until(lambda: left(folder))
    opened.close()
    until(lambda: not left(folder))
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize(("begin", "status"), [(FILE, 413), (FIELD, 400)])
def test_endless_body_is_refused_at_the_limit_and_leaves_no_file(wire, begin, status):
    port, folder = wire
    opened = connect(port, "Transfer-Encoding: chunked")
    said = b""
    with suppress(
        BrokenPipeError, ConnectionResetError
    ):  # it has closed the connection, its answer may be lost with it
        for chunk in (begin, *[b"x" * 65536] * 1000):
            opened.sendall(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
            if select.select([opened], [], [], 0)[0]:
                said = opened.recv(4096)
                break
        else:
            raise AssertionError("it took everything")
    opened.close()
    assert not said or int(said.split()[1]) == status
    until(lambda: not left(folder))


def test_file_that_is_never_taken_over_goes_after_a_while(wire):
    port, folder = wire
    body = FILE + END
    opened = connect(port, f"Content-Length: {len(body)}")
    opened.sendall(body)
    assert answer(opened)[0] == 200
    (arrived,) = left(folder)
    time.sleep(0.3)
    assert arrived.read_bytes() == b"%PDF-1.4"
    os.utime(arrived, (0, 0))
    until(lambda: not arrived.parent.exists())


LIFE = """
import time
from rag_chat.web.upload_folder import UploadFolder
folder = UploadFolder()
print(folder.path, flush=True)
time.sleep(60)
"""


def test_next_start_removes_the_folders_of_killed_processes_and_no_others(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    unknown = tmp_path / f"{upload_folder.PREFIX}unknown"  # one that is being made, or of an earlier version
    unknown.mkdir()
    here = os.environ | {"TMPDIR": str(tmp_path)}
    lives = [subprocess.Popen([sys.executable, "-c", LIFE], stdout=subprocess.PIPE, env=here) for _ in range(2)]
    folders = [Path(life.stdout.readline().decode().strip()) for life in lives]
    (folders[0] / "arriving" / "half").write_bytes(b"%PDF")
    lives[0].send_signal(signal.SIGKILL)
    lives[0].wait()
    ours = UploadFolder()
    assert set(tmp_path.iterdir()) == {unknown, folders[1], ours.path}
    ours.close()
    lives[1].kill()
    for life in lives:
        life.wait()
        life.stdout.close()
    assert set(tmp_path.iterdir()) == {unknown, folders[1]}
