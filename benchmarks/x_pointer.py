"""A pointer moved by an X server itself (its XTEST extension), so that a window gets real events.

Speaks the X protocol over the server's socket and needs no library. Run as a program it reads JSON
``{"display": ":7", "steps": [[seconds, "move" | "press" | "release", x, y], ...]}`` from standard input, does
each step at its time, and writes the list of monotonic times (seconds) at which it did them.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

_KINDS = {"move": 6, "press": 4, "release": 5}


class XServer:
    """A private Xvfb for as long as the ``with`` block lasts.

    Args:
        width, height: Of its screen, in pixels.
        screen_in: A folder for the screen's pixels, which ``x_screen`` reads; no pointer is drawn
            then, as the server's own drawing of it would be taken for the window's.
    """

    def __init__(self, width: int = 1920, height: int = 1080, screen_in: Path | None = None) -> None:
        self._options = ["-screen", "0", f"{width}x{height}x24", "-nolisten", "tcp", "-ac"]
        if screen_in is not None:
            self._options += ["-nocursor", "-fbdir", str(screen_in)]
        self.display = ""

    def __enter__(self) -> Self:
        if shutil.which("Xvfb") is None:
            raise SystemExit("Xvfb is missing; install it (Debian: apt install xvfb) and run this again.")
        read, write = os.pipe()
        self._process = subprocess.Popen(
            ["Xvfb", "-displayfd", str(write), *self._options],
            pass_fds=(write,),
            stderr=subprocess.DEVNULL,
        )
        os.close(write)
        with os.fdopen(read) as pipe:
            number = pipe.readline().strip()
        if not number:
            raise SystemExit("Xvfb did not start.")
        self.display = f":{number}"
        return self

    @property
    def process_id(self) -> int:
        return self._process.pid

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait(10)


class Pointer:
    """The pointer of a local X display that asks for no password.

    Raises:
        OSError: There is no such display, or it has no XTEST extension.
    """

    def __init__(self, display: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        path = f"/tmp/.X11-unix/X{display.lstrip(':').split('.')[0]}"
        try:
            self._socket.connect(path)
        except OSError:
            self._socket.connect("\0" + path)
        self._socket.sendall(struct.pack("<BxHHHHxx", ord("l"), 11, 0, 0, 0))
        status, length = struct.unpack("<B5xH", self._read(8))
        setup = self._read(length * 4)
        if status != 1:
            raise OSError(f"display {display} refused: {setup[:80]!r}")
        vendor_length, formats = struct.unpack_from("<H", setup, 16)[0], setup[21]
        (self._root,) = struct.unpack_from("<I", setup, 32 + (vendor_length + 3) // 4 * 4 + formats * 8)
        name = b"XTEST"
        request = struct.pack("<BxHHxx", 98, 2 + (len(name) + 3) // 4, len(name))
        self._socket.sendall(request + name.ljust((len(name) + 3) // 4 * 4, b"\0"))
        present, self._opcode = struct.unpack_from("<BB", self._read(32), 8)
        if not present:
            raise OSError(f"display {display} has no XTEST extension")

    def act(self, kind: str, x: int = 0, y: int = 0) -> None:
        """Move to (x, y) on the screen, or press or release the left button where the pointer is.

        Args:
            kind: "move", "press" or "release".
        """
        detail = 0 if kind == "move" else 1
        event = struct.pack("<BBxxII8xhh7xB", _KINDS[kind], detail, 0, self._root, x, y, 0)
        self._socket.sendall(struct.pack("<BBH", self._opcode, 2, 9) + event)

    def _read(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            part = self._socket.recv(count - len(data))
            if not part:
                raise OSError("the X server hung up")
            data += part
        return data


def replay(display: str, steps: list[tuple[float, str, int, int]]) -> list[float]:
    """Do each step ``seconds`` after the beginning; returns when each was done (monotonic clock)."""
    pointer = Pointer(display)
    begin, times = time.monotonic(), []
    for seconds, kind, x, y in steps:
        time.sleep(max(0.0, begin + seconds - time.monotonic()))
        times.append(time.monotonic())
        pointer.act(kind, x, y)
    time.sleep(0.2)  # what was sent last is still on its way
    return times


if __name__ == "__main__":
    task = json.load(sys.stdin)
    json.dump(replay(task["display"], task["steps"]), sys.stdout)
