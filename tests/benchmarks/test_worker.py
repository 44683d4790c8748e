import os
import subprocess
import sys

from benchmarks.worker import _resident_mb


def test_the_memory_of_children_counts():
    before = _resident_mb(os.getpid())
    code = "held = bytearray(b'x' * 100_000_000); print('held', flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout.readline() == b"held\n"
        meanwhile = _resident_mb(os.getpid())
        child.communicate(b"\n")
    assert meanwhile - before > 100
    assert _resident_mb(os.getpid()) < meanwhile - 100
