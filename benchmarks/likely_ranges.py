"""What promotions gained, by where the gate saw their likely range begin.

    python benchmarks/likely_ranges.py FOLDER [FOLDER ...]

A folder is what ``resatt-studio simulate --out`` wrote; nothing is walked. Of the app's promotions the gain
on unseen photos is set beside the lower end of the range that their reason names ("60 % likely: -0.003 to
+0.016").
"""

from __future__ import annotations

import argparse
import re
from itertools import pairwise
from pathlib import Path

import numpy as np

from resatt_studio.simulation.compare import OURS
from resatt_studio.simulation.promotions import gate_records
from resatt_studio.simulation.report import Simulation, read_json

EDGES = (-0.0055, -0.0035, -0.0025, -0.0015, -0.0005, 0.0015, 0.0045, 1.0)
"""Between the three digits that a reason has."""
LOST = 0.01
HEADS = ("the range began between", "promotions", "gained on unseen photos: mean", "worst", "lost > 0.01")
_RANGE = re.compile(r"% likely: ([+-]\d\.\d+) to ")


def ranges(simulation: Simulation) -> list[tuple[float, float]]:
    """Where the likely range of each of the app's promotions began, and what it gained on unseen photos."""
    made = [one for gate in gate_records(simulation.points) if gate.recipe == OURS for one in gate.promotions]
    told = [(_RANGE.findall(one.reason), one.change) for one in made]
    # The last range is the promotion's: before it may stand why an earlier candidate was refused once more.
    return [(float(found[-1]), change) for found, change in told if found]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    folders = parser.parse_args().folders
    pairs = [pair for folder in folders for pair in ranges(read_json(folder / "simulation.json"))]
    low, change = np.array(pairs, np.float64).reshape(-1, 2).T
    print(f"| {' | '.join(HEADS)} |\n|---|---|---|---|---|")
    for first, last in pairwise(EDGES):
        some = change[(low > first) & (low <= last)]
        if len(some):
            cells = f"{first:+.4f} and {last:+.4f}", len(some), f"{some.mean():+.4f}", f"{some.min():+.3f}"
            print(f"| {' | '.join(map(str, cells))} | {np.count_nonzero(some < -LOST)} |")


if __name__ == "__main__":
    main()
