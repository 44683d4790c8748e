"""An app that nobody uses leaves the processor alone."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from served import is_ready

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="the system does not count how often a process wakes"
)
def test_an_idle_app_hardly_wakes(tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    line = [sys.executable, str(ROOT / "tests" / "browser" / "scripted_app.py"), str(tmp_path), port]
    paths = f"{ROOT}{os.pathsep}{ROOT / 'tests'}"
    app = subprocess.Popen(line, env=os.environ | {"PYTHONPATH": paths}, stdout=subprocess.DEVNULL)
    try:
        while not is_ready(port):
            assert app.poll() is None
            time.sleep(0.1)
        before = wakes(app.pid)
        time.sleep(3)
        assert (wakes(app.pid) - before) / 3 < 200
    finally:
        app.terminate()
        app.wait(20)


def wakes(pid):
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("\nvoluntary_ctxt_switches:")[1].split()[0])
