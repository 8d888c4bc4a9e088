"""How well whole photos are labelled, and which constants of the rule that joins the looks would do better.

    python benchmarks/label_rule.py --data DATA --model rmt                       # validation photos
    python benchmarks/label_rule.py --data DATA --model rmt --weights FILE --search
    python benchmarks/label_rule.py --data DATA --model rmt --split test          # the rule as it is, only

Photos of ``classify/labels.csv`` whose type is not ambiguous, and windows of the same photos that hold no
crack within 16 pixels, since no set has photos without one. Each photo is looked at once; the search then
changes one constant of ``LabelRule`` at a time and keeps what raises the mean of crack / no crack accuracy
and macro F1, until nothing does. Beside it stands what single levels of looks would say. A few hundred photos
do not tell apart rules that differ by a hundredth: change a constant for a gain that both networks show.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from resatt_studio.imaging.confusion import Confusion
from resatt_studio.imaging.files import read_mask, read_photo
from resatt_studio.inference.label_rule import RULE, LabelRule, Probabilities, combine
from resatt_studio.inference.labeller import Labeller, look
from resatt_studio.inference.sliding import run_to_end
from resatt_studio.inference.views import plan_views
from resatt_studio.models.state import load_weights
from resatt_studio.records.arrays import BoolArray, UInt8Array
from resatt_studio.records.labels import CRACK_TYPES, CrackType
from resatt_studio.resources import asset

MARGIN_PX = 16
SHARES = (0.75, 0.6, 0.45)
LEAST_PX = 150
GRID: dict[str, tuple[float, ...]] = {
    "crossing": (0.0, 0.25, 0.5, 0.75, 1.0),
    "whole_weight": (0.0, 0.25, 0.5, 0.75, 1.0),
    "close_weight": (0.25, 0.5, 0.75, 1.0, 1.5),
    "shift": tuple(np.arange(-4.0, 2.1, 0.25).tolist()),
    "whole_type_weight": (0.0, 0.5, 1.0, 2.0, 4.0),
    "close_type_weight": (0.0, 0.5, 1.0, 2.0),
    "trust": (0.0, 1.0, 2.0, 4.0),
    "contrast": (1.0, 1.5, 2.0, 3.0),
}


@dataclass(frozen=True)
class Looked:
    """A photo's true type and what each level of looks saw."""

    kind: CrackType
    levels: list[Probabilities]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", choices=("rmt", "revit"), required=True)
    parser.add_argument("--weights", type=Path, help="in place of the shipped ones")
    parser.add_argument("--split", default="val", choices=("val", "test"))
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--search", action="store_true")
    arguments = parser.parse_args()
    labeller = Labeller(threads=arguments.threads or None)
    labeller.use(
        load_weights(arguments.weights or asset("weights", f"{arguments.model}-factory.safetensors"))
    )
    network, _ = labeller.in_use()
    photos = []
    for kind, pixels in cases(arguments.data, arguments.split):
        levels = plan_views(*pixels.shape[:2])
        answers = run_to_end(look(network, pixels, tuple(box for level in levels for box in level)))
        starts = np.cumsum([len(level) for level in levels])[:-1]
        photos.append(Looked(kind, np.split(answers, starts)))
    print(f"{len(photos)} photos, {arguments.split} split, {labeller.weights_id[:12]}")
    tell("the rule", [combine(photo.levels) for photo in photos], photos)
    tell("whole level alone", [combine(photo.levels[:1]) for photo in photos], photos)
    tell("closest level alone", [combine(photo.levels[-1:]) for photo in photos], photos)
    if arguments.search:
        best = search(photos)
        tell("best found", [combine(photo.levels, best) for photo in photos], photos)
        print(best)


def cases(data: Path, split: str) -> Iterator[tuple[CrackType, UInt8Array]]:
    """Photos with their types, and windows of them without a crack."""
    random = np.random.default_rng(0)
    with (data / "classify" / "labels.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == split]
    for row in rows:
        pixels = read_photo(data / row["image"]).pixels
        if row["ambiguous"] != "1":
            yield CrackType(row["type"]), pixels
        window = crack_free(read_mask(data / row["mask"], pixels.shape[:2]), random)
        if window is not None:
            yield CrackType.NO_CRACK, pixels[window]


def crack_free(mask: BoolArray, random: np.random.Generator) -> tuple[slice, slice] | None:
    """A window of the photo's shape, as large as there is one, without a crack in it or near it."""
    side = 2 * MARGIN_PX + 1
    near = cv2.dilate(mask.astype(np.uint8), np.ones((side, side), np.uint8))
    total = cv2.integral(near)
    for share in SHARES:
        height, width = (int(length * share) for length in mask.shape)
        if min(height, width) < LEAST_PX:
            continue
        inside = (
            total[height:, width:]
            - total[:-height, width:]
            - total[height:, :-width]
            + total[:-height, :-width]
        )
        tops, lefts = np.nonzero(inside == 0)
        if len(tops):
            one = int(random.integers(len(tops)))
            return slice(tops[one], tops[one] + height), slice(lefts[one], lefts[one] + width)
    return None


def score(photos: Sequence[Looked], rule: LabelRule) -> float:
    found = confusion([combine(photo.levels, rule) for photo in photos], photos)
    return (found.crack_accuracy + found.macro_f1) / 2


def confusion(answers: Sequence[tuple[float, ...]], photos: Sequence[Looked]) -> Confusion:
    named = [CRACK_TYPES[int(np.argmax(answer))] for answer in answers]
    return Confusion.of([photo.kind for photo in photos], named)


def search(photos: Sequence[Looked]) -> LabelRule:
    """Change one constant at a time while that helps; the constant's present value wins a tie."""
    best, top, better = RULE, score(photos, RULE), True
    while better:
        better = False
        for name, values in GRID.items():
            for value in values:
                tried = replace(best, **{name: value})
                found = score(photos, tried)
                if found > top + 1e-9:
                    best, top, better = tried, found, True
    return best


def tell(name: str, answers: Sequence[tuple[float, ...]], photos: Sequence[Looked]) -> None:
    found = confusion(answers, photos)
    each = ", ".join(f"{kind} {value:.3f}" for kind, value in found.f1.items())
    print(f"{name}: crack / none {found.crack_accuracy:.3f}, macro F1 {found.macro_f1:.3f} ({each})")


if __name__ == "__main__":
    main()
