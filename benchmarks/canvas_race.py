"""How soon a stroke is seen on the screen: this app beside napari's Labels layer and labelme's canvas.

    python benchmarks/canvas_race.py                # all three on the same 50-megapixel photo; prints a table
    python benchmarks/canvas_race.py --who studio napari --zoom 100 14 --json race.json

One after the other, each program is shown on a private Xvfb in a window of the same size, with the same photo
at the same zoom, and the same paths of ``paths/`` are replayed with the X server's own pointer at 125 Hz,
over the same pixels of the screen. napari and labelme run in environments of their own
(``peers/environments.py`` makes them on the first call), with the settings that they come with; napari draws
with Mesa's software OpenGL.

The time of a move counts from handing it to the X server to the moment when the screen has changed where it
has to, for all three alike: the pixels of the X server are watched in its own memory, twice a millisecond,
and nothing is asked of the programs. (Started by root, the X server and what watches it run before all else,
so that neither is late itself; the programs take their turn, or with --ahead come right behind these two, as
on a machine of their own.) Where that is:

- a brush (ours, napari): a pixel just inside the rim of the brush, ahead of the pointer, that no earlier move
  has covered; it counts when it is nearer to the colour that it keeps to the end of the stroke than halfway
  from its first one. The brush's outline, which runs ahead of the paint, is therefore not taken for it, and
  paint under the outline's soft edge is.
- labelme has no brush: the path is drawn as a line strip, with a click every 0.3 s and the pointer moving in
  between; a pixel under the dot at the line's end counts when it changes. So what is compared is an area
  against the end of a line, which is less work.

Moves of which no such pixel exists (slower than 3 px a report, or over what was painted before) move the
pointer but are not timed. A program that is so late that it leaves moves out may never paint some places:
those are in "seen", not in the times, which flatters it. "CPU" is what the whole process computes for each
move, and is the figure that other work on the machine disturbs least.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from latency_meter import percentiles
from latency_stages import write_photo
from peers.environments import python_of
from peers.obeying import ANSWER
from recorded_paths import NAMES, Step, View, steps_of
from x_pointer import Pointer, XServer
from x_screen import Screen

MEGAPIXELS = 50
SCREEN_PX = (1920, 1080)
WINDOW = "20,40,1860,1000"
VIEW_PX = (900, 600)  # of every canvas, in its middle
STUDIO, NAPARI, LABELME = "studio", "napari", "labelme"
WATCH_SECONDS = 0.0005
LATEST_SECONDS = 2.0  # after the last move
CLICK_SECONDS = 0.3
LEAST_STEP_PX = 3.0
DOT_PX = 3  # ahead of the pointer, still on the dot with which labelme ends its line
_OTHER = 24  # of 255: a last colour that is less unlike the first says nothing


@dataclass
class Program:
    """One of the programs, running; it obeys ``peers/obeying.py``."""

    name: str
    process: subprocess.Popen
    what: str = ""

    def read(self) -> dict[str, Any]:
        """Its next answer.

        Raises:
            SystemExit: It has ended instead.
        """
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith(ANSWER):
                said: dict[str, Any] = json.loads(line[len(ANSWER) :])
                return said
        raise SystemExit(f"{self.name} ended with code {self.process.wait()} before it answered")

    def look(self, zoom: float, brush_px: float) -> View:
        """Show the middle of the photo with nothing painted on it; returns where the canvas is."""
        assert self.process.stdin is not None
        command = {"command": "look", "zoom": zoom, "brush_px": brush_px}
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        return View(**self.read())

    def cpu_seconds(self) -> float:
        """Of all its threads so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start(name: str, photo: Path, display: str, home: Path) -> Program:
    """Start a program with a home folder of its own and wait until it shows the photo."""
    here = Path(__file__).parent / "peers"
    surroundings = os.environ | {
        "DISPLAY": display, "QT_QPA_PLATFORM": "xcb", "LIBGL_ALWAYS_SOFTWARE": "1", "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "config"), "XDG_CACHE_HOME": str(home / "cache"),
    }  # fmt: skip
    python, shown = sys.executable, str(MEGAPIXELS)
    if name != STUDIO:
        python, shown = str(python_of(name)), str(photo)
        surroundings.pop("PYTHONPATH", None)
    process = subprocess.Popen(
        [python, str(here / f"{name}_stage.py"), shown, WINDOW], env=surroundings, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=(home / "said.txt").open("w"),
    )  # fmt: skip
    program = Program(name, process)
    program.what = program.read()["what"]
    return program


@dataclass
class Probe:
    """A pixel of the screen that one move has to change, and what was seen of it."""

    at: float
    row: int
    column: int
    first: int = 0
    seen: list[tuple[float, int]] = field(default_factory=list)

    def shown_at(self, last: int | None) -> float | None:
        """When it was painted with its last colour, or with None had any but the first; None for never."""
        for when, colour in self.seen:
            if colour != self.first if last is None else self.is_painted(colour, last):
                return when
        return None

    def is_painted(self, colour: int, last: int) -> bool:
        """Whether a colour is more than halfway from the first to the last one."""
        return unlike(colour, last) < 0.5 * unlike(self.first, last)


def unlike(one: int, other: int) -> int:
    """The largest difference of two colours 0x00RRGGBB in red, green or blue."""
    return max(abs((one >> shift & 255) - (other >> shift & 255)) for shift in (0, 8, 16))


def probes_of(steps: Sequence[Step], radius_px: float, line: bool) -> dict[int, Probe]:
    """For moves that can be timed, by their index in ``steps``: the pixel that shows them.

    Args:
        steps: On the screen.
        radius_px: Of the brush on the screen.
        line: Whether a line strip is drawn in place of a brush's stroke.
    """
    found: dict[int, Probe] = {}
    reach = DOT_PX + 2.5 if line else radius_px + 0.75
    ahead = DOT_PX if line else max(0.0, radius_px - 2.0)
    held, earlier = False, np.zeros((0, 2))
    for index, step in enumerate(steps):
        if step.kind != "move":
            held = step.kind == "press" or (line and held)
        here = np.array([step.y, step.x], np.float64)
        if step.kind == "move" and held and len(earlier):
            way = here - earlier[-1]
            length = math.hypot(*way)
            if length >= LEAST_STEP_PX:
                place = np.rint(here + way / length * ahead)
                if np.hypot(*(earlier - place).T).min() > reach:
                    found[index] = Probe(0.0, int(place[0]), int(place[1]))
        earlier = np.concatenate([earlier, here[None]])
    return found


def with_clicks(steps: Sequence[Step]) -> list[Step]:
    """A path for a line strip: a click where a stroke begins and every so often on its way; nothing held."""
    clicked, held, last = [], False, 0.0
    for step in steps:
        if step.kind == "press":
            held, last = True, -math.inf
        if step.kind == "move":
            clicked.append(step)
        if held and step.seconds - last >= CLICK_SECONDS:
            last = step.seconds
            clicked += [step._replace(kind="press"), step._replace(kind="release")]
        if step.kind == "release":
            held = False
    return clicked


def replay(pointer: Pointer, screen: Screen, steps: Sequence[Step], probes: dict[int, Probe]) -> None:
    """Do the steps, each at its time, and watch the pixels meanwhile."""
    rows = np.array([probe.row for probe in probes.values()])
    columns = np.array([probe.column for probe in probes.values()])
    order = list(probes.values())
    for probe in order:
        probe.first = int(screen.pixels[probe.row, probe.column])
    known = screen.pixels[rows, columns]
    begin, done = time.monotonic(), 0
    while True:
        now = time.monotonic()
        if done < len(steps) and now - begin >= steps[done].seconds:
            if done in probes:
                probes[done].at = now
            pointer.act(steps[done].kind, steps[done].x, steps[done].y)
            done += 1
            continue
        fresh = screen.pixels[rows, columns]
        if not np.array_equal(fresh, known):
            for index in np.flatnonzero(fresh != known):
                order[index].seen.append((now, int(fresh[index])))
            known = fresh
        if done == len(steps) and now - begin > steps[-1].seconds + LATEST_SECONDS:
            return
        time.sleep(WATCH_SECONDS)


def step_ahead(server: int) -> None:
    """Run the X server and this process before all else, where that is allowed; not what they start."""
    with contextlib.suppress(PermissionError):
        for process in (0, server):
            os.sched_setscheduler(process, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(2))


@contextlib.contextmanager
def ahead(process: int, wanted: bool) -> Iterator[None]:
    """Run every thread of a process before other work for a while."""

    def give(policy: int, rank: int) -> None:
        for task in Path(f"/proc/{process}/task").iterdir():
            with contextlib.suppress(ProcessLookupError):
                os.sched_setscheduler(int(task.name), policy, os.sched_param(rank))

    if wanted:
        give(os.SCHED_RR, 1)
    try:
        yield
    finally:
        if wanted:
            give(os.SCHED_OTHER, 0)


def quiet(screen: Screen, view: View, seconds: float = 1.0) -> None:
    """Wait until nothing changes on a part of the screen."""
    part = (slice(view.top, view.top + view.height), slice(view.left, view.left + view.width))
    known, since, end = screen.pixels[part].copy(), time.monotonic(), time.monotonic() + 60
    while time.monotonic() < min(since + seconds, end):
        time.sleep(0.1)
        if not np.array_equal(screen.pixels[part], known):
            known, since = screen.pixels[part].copy(), time.monotonic()


def race(name: str, options: argparse.Namespace, photo: Path, server: XServer, folder: Path) -> list[dict]:
    """One program through every zoom and path."""
    home = folder / name
    home.mkdir()
    program = start(name, photo, server.display, home)
    screen, pointer = Screen(folder / "screen"), Pointer(server.display)
    rows = []
    for zoom in options.zoom:
        times: list[float] = []
        timed, moves, cpu, canvas = 0, 0, 0.0, View(0, 0, 0, 0)
        for path in options.path:
            canvas = program.look(zoom / 100, options.brush)
            if canvas.width < VIEW_PX[0] or canvas.height < VIEW_PX[1]:
                raise SystemExit(f"the canvas of {name} is only {canvas.width} x {canvas.height}")
            left = canvas.left + (canvas.width - VIEW_PX[0]) // 2
            view = View(left, canvas.top + (canvas.height - VIEW_PX[1]) // 2, *VIEW_PX)
            steps = steps_of(path, view)
            if name == LABELME:
                steps = with_clicks(steps)
            pointer.act("move", steps[0].x, steps[0].y)
            quiet(screen, view)
            probes = probes_of(steps, options.brush / 2 * zoom / 100, name == LABELME)
            spent = program.cpu_seconds()
            with ahead(program.process.pid, options.ahead):
                replay(pointer, screen, steps, probes)
            cpu += program.cpu_seconds() - spent
            for probe in probes.values():
                last = int(screen.pixels[probe.row, probe.column])
                if name != LABELME and unlike(last, probe.first) < _OTHER:
                    continue  # never painted, or painted in the colour that it had
                when = probe.shown_at(None if name == LABELME else last)
                if when is not None:
                    times.append((when - probe.at) * 1000)
            timed += len(probes)
            moves += sum(step.kind == "move" for step in steps)
        row = {
            "who": name,
            "what": program.what,
            "zoom_percent": zoom,
            "canvas": f"{canvas.width} x {canvas.height}",
        }
        row |= {**percentiles(np.array(times)), "timed": timed, "seen": len(times), "moves": moves}
        row["cpu_ms"] = round(1000 * cpu / moves, 2)
        rows.append(row)
        print(" ".join(f"{key}={value}" for key, value in row.items()), file=sys.stderr, flush=True)
    program.end()
    return rows


def table(rows: list[dict], brush_px: float) -> str:
    """Markdown, and the ratios that were asked for."""
    lines = [
        "| program | zoom | canvas | p50 ms | p95 ms | p99 ms | seen | CPU ms a move |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        lines.append(
            f"| {row['what']} | {row['zoom_percent']:g} % | {row['canvas']} | {row['p50']:.1f} | "
            f"{row['p95']:.1f} | {row['p99']:.1f} | {row['seen']} of {row['timed']} | {row['cpu_ms']:.1f} |"
        )
    lines.append(f"\nBrush {brush_px:g} px, photo of {MEGAPIXELS} megapixels, load {os.getloadavg()[0]:.1f}.")
    for zoom in dict.fromkeys(row["zoom_percent"] for row in rows):
        here = {row["who"]: row for row in rows if row["zoom_percent"] == zoom}
        if STUDIO in here and len(here) > 1:
            own = here[STUDIO]
            said = [
                f"{name} " + " : ".join(f"{row[name] / own[name]:.1f}" for row in here.values())
                for name in ("p50", "p95", "p99", "cpu_ms")
            ]
            lines.append(f"- at {zoom:g} %, {' : '.join(here)}: {'; '.join(said)}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--who", nargs="+", default=[STUDIO, NAPARI, LABELME], choices=[STUDIO, NAPARI, LABELME]
    )
    parser.add_argument("--zoom", type=float, nargs="+", default=[100], help="percent")
    parser.add_argument("--path", nargs="+", default=["follow", "scrub"], choices=NAMES)
    parser.add_argument("--brush", type=float, default=40, help="diameter in photo pixels")
    parser.add_argument(
        "--ahead", action="store_true", help="the programs go before other work on the machine (needs root)"
    )
    parser.add_argument("--json", type=Path, help="file for the figures")
    options = parser.parse_args()
    for name in options.who:
        if name != STUDIO:
            python_of(name)
    with TemporaryDirectory(prefix="canvas-race-") as temporary:
        folder = Path(temporary)
        (folder / "screen").mkdir()
        photo = folder / "deck.jpg"
        write_photo(photo, MEGAPIXELS)
        with XServer(*SCREEN_PX, screen_in=folder / "screen") as server:
            step_ahead(server.process_id)
            rows = [row for name in options.who for row in race(name, options, photo, server, folder)]
    print(table(rows, options.brush))
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
