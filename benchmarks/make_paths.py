"""Writes the pointer paths of ``paths/``, which the canvas's benchmarks replay.

They are drawn, not taken from a person's hand: the centre line of a drawn crack (``synthesis.strands``),
followed as hands move. Speed falls with curvature by the two-thirds power law (Lacquaniti, Terzuolo and
Viviani, The law relating the kinematic and figural aspects of drawing movements, Acta Psychologica 54, 1983);
a stroke begins and ends as a minimum-jerk movement does (Flash and Hogan, The coordination of arm movements,
Journal of Neuroscience 5, 1985); a tremor of 9 Hz and a slow wander beside the line are added. A mouse
reports 125 times a second.

A path is JSON: ``made`` says how, ``rate_hz``, and ``points``, a list of [x, y, down], each 1 / rate_hz
seconds after the one before: x and y in shares of the viewport's width and height, down is 1 with the button
held.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import numpy.typing as npt

from resatt_studio.imaging.curves import evenly_spaced, lengths, points_at, smoothed
from resatt_studio.synthesis.strands import broken_path

RATE_HZ = 125
VIEW = np.array([800.0, 1200.0])  # rows and columns in which the paths are made
SEED = 7
_HOUSE = Path(__file__).with_name("paths")
_RAMP_SECONDS = 0.18  # from rest to speed
_HAND_PX = 5.0  # a hand cuts corners finer than that
_TREMOR_HZ, _TREMOR_PX = 9.0, 0.25
_WANDER_SECONDS, _WANDER_PX = 0.3, 1.5

Points = npt.NDArray[np.float64]


def along(line: Points, speed_px: float, rng: np.random.Generator) -> Points:
    """Places of a hand that follows a line at a usual speed (px/s), one for every report of the mouse."""
    line = evenly_spaced(smoothed(evenly_spaced(line), _HAND_PX))
    ahead = np.gradient(line, axis=0)
    heading = np.unwrap(np.arctan2(ahead[:, 0], ahead[:, 1]))
    bend = np.maximum(np.abs(smoothed(np.gradient(heading), 4.0)), 1e-3)
    # The two-thirds power law: speed goes with the radius of curvature to the power of a third.
    pace = np.clip(bend ** (-1 / 3), 0, 6.0)
    pace *= speed_px / pace.mean()
    at = np.concatenate([[0.0], np.cumsum(np.diff(lengths(line)) * 2 / (pace[1:] + pace[:-1]))])
    wanted = np.arange(0.0, at[-1] + _RAMP_SECONDS, 1 / RATE_HZ)
    clock = _from_rest_to_rest(wanted, at[-1] + _RAMP_SECONDS)
    places = points_at(line, at, clock)
    return places + _hand(len(places), rng)


def _from_rest_to_rest(times: Points, total: float) -> Points:
    """Time as the line knows it: slow at both ends, with a minimum-jerk rise and fall of its pace."""
    share = np.clip(np.minimum(times, total - times) / _RAMP_SECONDS, 0, 1)
    pace = share**3 * (10 - 15 * share + 6 * share**2)
    return np.concatenate([[0.0], np.cumsum((pace[1:] + pace[:-1]) / 2)]) / RATE_HZ


def _hand(count: int, rng: np.random.Generator) -> Points:
    """What a hand adds: tremor, and a wander about the line."""
    times = np.arange(count) / RATE_HZ
    tremor = _TREMOR_PX * np.sin(2 * np.pi * _TREMOR_HZ * times[:, None] + rng.uniform(0, 2 * np.pi, 2))
    noise = smoothed(rng.normal(0, 1, (count, 2)), _WANDER_SECONDS * RATE_HZ / 2)
    return tremor + noise / max(float(noise.std()), 1e-9) * _WANDER_PX


def follow(rng: np.random.Generator) -> Points:
    """One stroke along a whole crack, from the left to the right."""
    line = broken_path(rng, np.array([0.35, 0.06]) * VIEW, np.array([0.6, 0.94]) * VIEW, 0.12)
    return _with_button(along(line, 420.0, rng), True)


def touch_up(rng: np.random.Generator) -> Points:
    """Six short strokes on pieces of a crack, and the way from one to the next with the button up."""
    line = broken_path(rng, np.array([0.25, 0.1]) * VIEW, np.array([0.75, 0.9]) * VIEW, 0.1)
    parts: list[Points] = []
    for first, last in zip(range(6), range(1, 7), strict=True):
        piece = line[round((first + 0.15) / 6 * len(line)) : round((last - 0.2) / 6 * len(line))]
        if parts:
            parts.append(_with_button(along(np.stack([parts[-1][-1, :2], piece[0]]), 500.0, rng), False))
        parts.append(_with_button(along(piece, 260.0, rng), True))
    return np.concatenate(parts)


def scrub(rng: np.random.Generator) -> Points:
    """An area that is painted over quickly, to and fro."""
    corners = np.arange(12)
    rows = np.linspace(0.3, 0.7, len(corners)) * VIEW[0]
    sides = np.where(np.isin(corners % 4, (0, 3)), 0.25, 0.75)
    columns = sides * VIEW[1] + rng.normal(0, 12, len(corners))
    return _with_button(along(np.stack([rows, columns], axis=1), 1100.0, rng), True)


def _with_button(places: Points, down: bool) -> Points:
    return np.concatenate([places, np.full((len(places), 1), float(down))], axis=1)


PATHS = {"follow": follow, "touch_up": touch_up, "scrub": scrub}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, default=_HOUSE)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in PATHS.items():
        points = make(np.random.default_rng(SEED))
        said = {
            "made": f"benchmarks/make_paths.py, seed {SEED}: {' '.join((make.__doc__ or '').split())}",
            "rate_hz": RATE_HZ,
            "points": [
                [round(x / VIEW[1], 5), round(y / VIEW[0], 5), int(down)] for y, x, down in points.tolist()
            ],
        }
        text = json.dumps(said, separators=(",", ":"))
        text = text.replace('"points":', '"points":\n').replace("],", "],\n")
        (folder / f"{name}.json").write_text(text + "\n", encoding="utf-8")
        steps = np.hypot(*np.diff(points[:, :2], axis=0).T)
        print(f"{name}: {len(points) / RATE_HZ:.1f} s, {np.median(steps):.1f} px a report")


if __name__ == "__main__":
    main()
