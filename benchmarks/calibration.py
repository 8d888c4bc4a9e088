"""Temperature, bias and threshold: what a few photos buy in reliability near cracks and in Dice.

    python benchmarks/calibration.py --data DATA [--set crackmap] [--weights FILE ...] [--strokes]

Draws 1, 2 and 5 photos of a set's test split, fits the calibration on their true masks, and measures the
expected calibration error (15 bins, pixels within 10 px of predicted cracks) and Dice at 0.5 on the photos
that were not drawn; mean and worst of the draws, for several strengths of the pull on the bias. Then the
same for the automatic threshold of calibrated probabilities and what holds it back: from lower and from
higher ones. With --strokes the drawn photos are no true masks but approved predictions with strokes over
their largest errors, as ``fewshot.py`` paints them.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from fewshot import stroke_labels

from resatt_studio.imaging.files import read_mask, read_photo
from resatt_studio.inference.device import choose_compute
from resatt_studio.inference.segmenter import Segmenter
from resatt_studio.inference.sliding import predict_tiles, run_to_end
from resatt_studio.learning.calibration import (
    PULL,
    PULL_BIAS,
    SOFT,
    Histogram,
    fit_calibration,
    histogram,
    near_cracks,
    reliability,
    soft_probability,
)
from resatt_studio.learning.exam import question
from resatt_studio.learning.support import Window, held_back_part
from resatt_studio.learning.threshold import USUAL_CAUTION, Caution, best_threshold
from resatt_studio.learning.training.datasets import Pair, find_sets
from resatt_studio.models.calibration import calibration_of
from resatt_studio.models.state import build, load_weights
from resatt_studio.records.calibration import Calibration
from resatt_studio.records.geometry import Box
from resatt_studio.records.photo import Split
from resatt_studio.records.sample import Sample
from resatt_studio.resources import asset

PULLS = (float("inf"), 0.03, 0.3, PULL_BIAS, PULL)
HOLDS = (Caution(0.0, 0.0), Caution(4.0, 4.0), USUAL_CAUTION, Caution(16.0, 16.0))
DRAWN = (1, 2, 5)


@dataclass(frozen=True, eq=False)
class Answered:
    """Soft answers about a photo: near predicted cracks and everywhere, by the truth and by what is told."""

    near: Histogram
    whole: Histogram
    told_near: Histogram
    told_whole: Histogram


def answers(segmenter: Segmenter, pair: Pair, strokes: bool, parts: bool = False) -> Answered:
    """What is told is the truth, or an approved prediction with ``strokes``; of these only the ``parts`` that
    the app holds back of photos that teach."""
    photo = read_photo(pair.photo)
    truth = read_mask(pair.mask, (photo.height, photo.width))
    answer, _ = run_to_end(predict_tiles(segmenter.read_with(SOFT), photo.pixels))
    near, everywhere = near_cracks(answer), np.ones_like(truth)
    told, known = truth, everywhere
    if strokes:
        shown = np.rint(255 * soft_probability()[answer]).astype(np.uint8)
        labels = stroke_labels(truth, shown > 127)
        box = Box(0, 0, photo.height, photo.width)
        asked = question(Window(pair.photo.stem, box, photo.pixels, labels, shown))
        told, known = asked.truth, asked.known
        if parts:
            name = pair.photo.stem
            held = held_back_part(Sample(name, name, name, Split.TRAIN, photo.pixels, labels, shown))
            known = known & held.read(box) if held is not None else np.zeros_like(known)
    return Answered(
        histogram(answer, truth, near),
        histogram(answer, truth, everywhere),
        histogram(answer, told, known & near),
        histogram(answer, told, known),
    )


def dice(everywhere: list[Histogram], calibration: Calibration, threshold: float = 0.5) -> float:
    """Pooled over photos."""
    above = soft_probability(calibration) > threshold
    counts = np.sum(everywhere, axis=0)
    tp, fp, fn = counts[1, above].sum(), counts[0, above].sum(), counts[1, ~above].sum()
    return float(2 * tp / max(1, 2 * tp + fp + fn))


def ece(near: list[Histogram], calibration: Calibration) -> float:
    told = reliability(near, calibration)
    return told.ece if told is not None else 0.0


def rows(photos: list[Answered], start: Calibration, draws: int) -> list[str]:
    lines = []
    for number in DRAWN:
        for pull in PULLS:
            rng = np.random.default_rng(0)
            measured = []
            for _ in range(draws):
                order = rng.permutation(len(photos))
                rest = [photos[place] for place in order[max(DRAWN) :]]
                near, whole = [one.near for one in rest], [one.whole for one in rest]
                found = fit_calibration([photos[place].told_near for place in order[:number]], start, pull)
                change = dice(whole, found) - dice(whole, start)
                measured.append((ece(near, start), ece(near, found), change))
            before, after, change = np.mean(measured, axis=0)
            worst, least = max(row[1] for row in measured), min(row[2] for row in measured)
            cells = (f"{before:.3f}", f"{after:.3f}", f"{worst:.3f}", f"{change:+.3f}", f"{least:+.3f}")
            lines.append(f"| {number} | {pull:g} | {' | '.join(cells)} |")
    return lines


def threshold_rows(photos: list[Answered], start: Calibration, draws: int) -> list[str]:
    lines = []
    for number in DRAWN:
        for caution in HOLDS:
            rng = np.random.default_rng(0)
            measured = []
            for _ in range(draws):
                order = rng.permutation(len(photos))
                drawn, rest = order[:number], [photos[place].whole for place in order[max(DRAWN) :]]
                found = fit_calibration([photos[place].told_near for place in drawn], start)
                best = best_threshold([photos[place].told_whole for place in drawn], found, caution)
                measured.append((best, dice(rest, found, best) - dice(rest, found)))
            thresholds, changes = zip(*measured, strict=True)
            cells = (f"{np.mean(thresholds):.2f}", f"{np.std(thresholds):.2f}", f"{np.mean(changes):+.3f}")
            held = f"{caution.falls:g}, {caution.rises:g}"
            lines.append(f"| {number} | {held} | {' | '.join(cells)} | {min(changes):+.3f} |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of the research sets")
    parser.add_argument("--set", default="crackmap")
    parser.add_argument("--photos", type=int, default=36, help="at most, of the test split")
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--weights", type=Path, nargs="*", help="default: factory and generated")
    parser.add_argument("--strokes", action="store_true", help="fit on corrected predictions, not true masks")
    parser.add_argument("--threads", type=int, default=None)
    asked = parser.parse_args()
    shipped = [asset("weights", f"r2aunet-{kind}.safetensors") for kind in ("factory", "generated")]
    folder = find_sets([asked.data / asked.set])[asked.set]
    for path in asked.weights or shipped:
        weights = load_weights(path)
        start = calibration_of(weights.metadata)
        segmenter = Segmenter(build(weights), choose_compute("cpu"), asked.threads)
        photos = [answers(segmenter, pair, asked.strokes) for pair in folder.pairs("test")[: asked.photos]]
        score = dice([one.whole for one in photos], start)
        read = f"{path.name}, read with {start}"
        print(f"\n{read}, on {len(photos)} photos of {folder.name}: Dice {score:.3f}\n")
        print("| photos | pull on the bias | ECE before | after | worst draw | Dice change | worst draw |")
        print("|---|---|---|---|---|---|---|")
        print("\n".join(rows(photos, start, asked.draws)))
        print("\n| photos | held by | threshold | spread | Dice change against 0.5 | worst draw |")
        print("|---|---|---|---|---|---|")
        print("\n".join(threshold_rows(photos, start, asked.draws)))


if __name__ == "__main__":
    main()
