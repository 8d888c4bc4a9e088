"""All that is claimed of the canvas's speed, as Markdown: ten minutes on a quiet machine.

    python benchmarks/canvas_proof.py proof.md           # the matrix, the race, the first view, in this order

1. ``stroke_latency.py --window --learning``: brushes of 2, 40 and 400 px and the tracer's preview, on 12, 50
   and 200 megapixels, at 5, 100 and 800 %, while fine-tuning runs.
2. ``canvas_race.py``: the same paths in this app, in napari's Labels layer and in labelme.
3. ``huge_photos.py --jpeg-only``: how soon a 50-megapixel JPEG is seen after the click, and the peak of
   memory.

A part that fails or takes longer than its bound says so in the file, and the next one is measured all the
same.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

_HERE = Path(__file__).parent


class Part(NamedTuple):
    """One command and where its figures go."""

    title: str
    command: tuple[str, ...]
    most_seconds: int


PARTS = (
    Part("From the pointer to the paint", ("stroke_latency.py", "--window", "--learning"), 420),
    Part("Beside napari and labelme", ("canvas_race.py",), 300),
    Part("First view and memory", ("huge_photos.py", "--jpeg-only"), 150),
)


def run(part: Part, more: list[str]) -> str:
    """Markdown of one part."""
    command = [sys.executable, str(_HERE / part.command[0]), *part.command[1:], *more]
    said = f"`python benchmarks/{' '.join((*part.command, *more))}`, load before {os.getloadavg()[0]:.1f}"
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        found, _ = process.communicate(timeout=part.most_seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        found, _ = process.communicate()
        return f"{said}: stopped after {part.most_seconds} s.\n\n{found}"
    failed = f": failed with code {process.returncode}" if process.returncode else ""
    return f"{said}{failed}:\n\n{found.strip()}\n"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path, help="for the Markdown")
    parser.add_argument(
        "--ahead", action="store_true", help="as on a machine of its own, where others work (needs root)"
    )
    asked = parser.parse_args()
    asked.file.write_text(f"# The canvas, {datetime.now():%Y-%m-%d %H:%M}, {os.cpu_count()} cores\n")
    for part in PARTS:
        more = []
        if asked.ahead and part.command[0] != "huge_photos.py":
            more = ["--ahead", "all"] if part.command[0] == "stroke_latency.py" else ["--ahead"]
        print(f"{part.title} …", file=sys.stderr, flush=True)
        with asked.file.open("a", encoding="utf-8") as file:
            file.write(f"\n## {part.title}\n\n{run(part, more)}")
    print(asked.file.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
