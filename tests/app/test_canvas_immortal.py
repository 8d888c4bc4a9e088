"""None, True and False outlive the Qt bindings."""

from __future__ import annotations

import os
import subprocess
import sys

PROGRAM = """
import resatt_studio.app
from PySide6.QtCore import QObject, QRect, Signal
class Bell(QObject):
    rung = Signal()
bell, rect = Bell(), QRect()
bell.rung.connect(lambda: None)
for _ in range(60_000):
    rect.setWidth(3)
    bell.rung.emit()
    bell.blockSignals(False)
print("alive", None, True, False)
"""


def test_a_hundred_thousand_calls_of_qt_do_not_use_up_the_constants():
    env = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "alive None True False"
