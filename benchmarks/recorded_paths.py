"""The pointer paths of ``paths/`` as steps on a screen; how they were made is said in ``make_paths.py``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).with_name("paths")
NAMES = tuple(sorted(path.stem for path in FOLDER.glob("*.json")))
_REST_SECONDS = 0.15  # before the first press, so that what hovering shows is over


class View(NamedTuple):
    """Where on the screen a path goes, in pixels."""

    left: int
    top: int
    width: int
    height: int


class Step(NamedTuple):
    """What the pointer does, and when, in seconds from the beginning."""

    seconds: float
    kind: str
    x: int
    y: int


def steps_of(name: str, view: View, click: bool = False) -> list[Step]:
    """A path as moves, presses and releases. Reports that do not leave the pixel are left out: a mouse, too,
    says nothing then.

    Args:
        name: One of ``NAMES``.
        view: The part of the screen that the path fills.
        click: Whether the button is clicked where the path begins, and up on all the rest of it.
    """
    told = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    points = [
        (round(view.left + x * (view.width - 1)), round(view.top + y * (view.height - 1)), bool(down))
        for x, y, down in told["points"]
    ]
    x, y, _ = points[0]
    steps = [Step(0.0, "move", x - 3, y), Step(_REST_SECONDS, "move", x, y)]
    held, begin = False, 2 * _REST_SECONDS
    if click:
        steps += [Step(begin, "press", x, y), Step(begin + _REST_SECONDS, "release", x, y)]
        points = [(*place, False) for *place, _ in points]
        begin += 2 * _REST_SECONDS
    for index, (x, y, down) in enumerate(points):
        now = begin + index / told["rate_hz"]
        if (x, y) != (steps[-1].x, steps[-1].y):
            steps.append(Step(now, "move", x, y))
        if down != held:
            steps.append(Step(now, "press" if down else "release", x, y))
            held = down
    if held:
        steps.append(Step(now + _REST_SECONDS, "release", x, y))
    return steps
