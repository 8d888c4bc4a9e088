"""What promotions gained, by where the gate saw their likely range begin.

    python benchmarks/likely_ranges.py FOLDER [FOLDER ...] [--after 2 3]

A folder is what ``resatt-studio simulate --out`` wrote; nothing is walked. Of the app's promotions the gain
on unseen photos is set beside the lower end of the range that their reason names ("60 % likely: -0.003 to
+0.016"). With ``--after`` those alone that came into use after so many photos.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Collection
from itertools import pairwise
from pathlib import Path

import numpy as np

from resatt_studio.simulation.compare import OURS
from resatt_studio.simulation.promotions import gate_records
from resatt_studio.simulation.report import Simulation, read_json

EDGES = (-0.0055, -0.0035, -0.0025, -0.0015, -0.0005, 0.0015, 0.0045, 0.0065, 1.0)
"""Between the three digits that a reason has."""
LOST, WON = 0.01, 0.005
HEADS = (
    *("the range began between", "promotions", "gained on unseen photos: mean", "worst", "lost > 0.01"),
    "gained > 0.005",
)
_RANGE = re.compile(r"% likely: ([+-]\d\.\d+) to ")


def ranges(simulation: Simulation, after: Collection[int]) -> list[tuple[float, float]]:
    """Where the likely range of each of the app's promotions began, and what it gained on unseen photos.

    Args:
        after: Numbers of photos; none for all.
    """
    records = [gate for gate in gate_records(simulation.points) if gate.recipe == OURS]
    made = [one for gate in records for one in gate.promotions if not after or one.photos in after]
    told = [(_RANGE.findall(one.reason), one.change) for one in made]
    # The last range is the promotion's: before it may stand why an earlier candidate was refused once more.
    return [(float(found[-1]), change) for found, change in told if found]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--after", nargs="+", type=int, default=[], metavar="PHOTOS")
    options = parser.parse_args()
    walks = [read_json(folder / "simulation.json") for folder in options.folders]
    pairs = [pair for walk in walks for pair in ranges(walk, options.after)]
    low, change = np.array(pairs, np.float64).reshape(-1, 2).T
    print(f"| {' | '.join(HEADS)} |\n{'|---' * len(HEADS)}|")
    for first, last in pairwise(EDGES):
        some = change[(low > first) & (low <= last)]
        if len(some):
            cells = f"{first:+.4f} and {last:+.4f}", len(some), f"{some.mean():+.4f}", f"{some.min():+.3f}"
            counts = np.count_nonzero(some < -LOST), np.count_nonzero(some > WON)
            print(f"| {' | '.join(map(str, (*cells, *counts)))} |")


if __name__ == "__main__":
    main()
