"""How well a project's own surface is told from the surfaces that weights knew (``learning.surfaces``).

    python benchmarks/surfaces.py --data DATA

Every set in turn is the project: its training photos are drawn, K of them corrected, up to 40 merely in the
project. "New": the known surfaces are those of all other sets. "Known": the set itself is among them. Then
the set's test photos should be at home, those of the other sets not. No network is asked; about a minute.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from resatt_studio.imaging.files import read_photo
from resatt_studio.imaging.surface import describe_surface
from resatt_studio.learning.surfaces import find_home, known_surfaces
from resatt_studio.records.arrays import Float32Array
from resatt_studio.records.surface import HomeSurface, KnownSurfaces
from resatt_studio.simulation.photo_set import own_list, read_pairs

IN_PROJECT = 40
Described = dict[str, dict[str, Float32Array]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--draws", type=int, default=20)
    asked = parser.parse_args()
    sets = _describe(asked.data)
    print(
        "| set | it is | corrected | own photos at home: mean, worst | others' photos at home: mean, most |"
    )
    print("|---|---|---|---|---|")
    for name in sets:
        for kind in ("new", "known"):
            surfaces = {
                other: rows["train"] for other, rows in sets.items() if kind == "known" or other != name
            }
            known = known_surfaces(surfaces)
            for corrected in (1, 5):
                print(_row(name, kind, corrected, known, sets, asked.draws), flush=True)


def _describe(data: Path) -> Described:
    found: Described = {}
    for folder in sorted(path for path in data.iterdir() if (path / "train.txt").is_file()):
        found[folder.name] = {
            split: np.stack(
                [
                    describe_surface(read_photo(pair.photo).pixels)
                    for pair in read_pairs(folder, own_list(folder, split))
                ]
            )
            for split in ("train", "test")
        }
    return found


def _row(name: str, kind: str, corrected: int, known: KnownSurfaces, sets: Described, draws: int) -> str:
    own: list[float] = []
    others: dict[str, list[float]] = {other: [] for other in sets if other != name}
    for draw in range(draws):
        order = np.random.default_rng([draw, corrected]).permutation(len(sets[name]["train"]))
        photos = sets[name]["train"][order]
        home = find_home(known, list(photos[:corrected]), list(photos[corrected:IN_PROJECT]))
        own.append(_share(home, sets[name]["test"], known))
        for other, shares in others.items():
            shares.append(_share(home, sets[other]["test"], known))
    means = {other: float(np.mean(shares)) for other, shares in others.items()}
    most = max(means, key=lambda other: means[other])
    return (
        f"| {name} | {kind} | {corrected} | {np.mean(own):.2f}, {min(own):.2f} "
        f"| {np.mean(list(means.values())):.3f}, {means[most]:.2f} ({most}) |"
    )


def _share(home: HomeSurface, photos: Float32Array, known: KnownSurfaces) -> float:
    return float(home.holds(photos, known).mean())


if __name__ == "__main__":
    main()
