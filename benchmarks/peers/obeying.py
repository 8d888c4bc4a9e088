"""How a program that is compared is told what to do: lines of JSON in, lines of JSON out. No library."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import Any

ANSWER = "@ "
"""Begins a line that is an answer; whatever else a program prints is none."""

Command = Callable[..., "dict[str, Any] | None"]


def answer(said: dict[str, Any]) -> None:
    """Say something to whoever started this program."""
    sys.stdout.write(f"{ANSWER}{json.dumps(said)}\n")
    sys.stdout.flush()


def obey(notifier: Any, commands: dict[str, Command], leave: Callable[[], object]) -> object:
    """Answer every line of standard input by what its command returns, from the event loop.

    Args:
        notifier: The class QSocketNotifier of the program's own Qt.
        commands: By name; a line is ``{"command": name, ...}``, whose other entries are its arguments.
        leave: Called when the input ends.

    Returns:
        What has to be kept for as long as commands are obeyed.
    """
    rest = b""

    def read(*_: object) -> None:
        nonlocal rest
        data = os.read(0, 65536)
        if not data:
            watch.setEnabled(False)
            leave()
            return
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            said = json.loads(line)
            answer(commands[said.pop("command")](**said) or {})

    watch = notifier(0, notifier.Type.Read)
    watch.activated.connect(read)
    return watch, read


def place_on_screen(widget: Any) -> dict[str, int]:
    """Where a widget of any Qt is on the screen."""
    corner = widget.mapToGlobal(widget.rect().topLeft())
    return {"left": corner.x(), "top": corner.y(), "width": widget.width(), "height": widget.height()}
