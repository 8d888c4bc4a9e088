"""Claims about sessions in processes of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SCRIPT = """
import sys, time
from pathlib import Path
from resatt_studio.simulation.parallel import spread_over_processes
from tests_work import Endless

if __name__ == "__main__":
    for _ in spread_over_processes(["a", "b"], Endless(sys.argv[1]), 2, print, str):
        pass
"""
WORK = """
import os, time
from pathlib import Path

class Endless:
    def __init__(self, folder):
        self.folder = folder

    def __call__(self, task):
        Path(self.folder, task).write_text(str(os.getpid()))
        while True:
            time.sleep(0.05)
            yield None
"""


def alive(process_id: int) -> bool:
    try:
        state = Path(f"/proc/{process_id}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to look at other processes")
def test_processes_end_by_themselves_when_the_one_that_began_them_was_killed(tmp_path: Path) -> None:
    (tmp_path / "tests_work.py").write_text(WORK)
    (tmp_path / "main.py").write_text(SCRIPT)
    process = subprocess.Popen(
        [sys.executable, "main.py", str(tmp_path)],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])},
    )
    ids: list[int] = []
    try:
        deadline = time.monotonic() + 60
        while len(ids) < 2 and time.monotonic() < deadline:
            time.sleep(0.1)
            found = [tmp_path / name for name in ("a", "b") if (tmp_path / name).exists()]
            ids = [int(path.read_text()) for path in found if path.read_text()]
        assert len(ids) == 2
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        deadline = time.monotonic() + 20
        while any(map(alive, ids)) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert not any(map(alive, ids)), "they would go on computing for nobody"
    finally:
        process.kill()
        for process_id in filter(alive, ids):
            os.kill(process_id, signal.SIGKILL)
