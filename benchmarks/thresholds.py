"""What an automatic threshold gains and loses with each further photo, by how cautiously it moves.

    python benchmarks/thresholds.py --data DATA [--set crackmap] [--weights FILE] [--draws 150]

Four photos of a set's training split are corrected one after the other: approved predictions with strokes
over their largest errors, as ``fewshot.py`` paints them. Their held-back parts choose the threshold, as in
the app before any whole photo is held back. The weights stay as they are. Dice is taken at 0.5 and at each
threshold on up to 25 other photos of the split: the mean gain, and how many of the steps from one photo to
the next lost more than 0.01.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from calibration import Answered, answers, dice

from resatt_studio.inference.device import choose_compute
from resatt_studio.inference.segmenter import Segmenter
from resatt_studio.learning.calibration import fit_calibration
from resatt_studio.learning.threshold import USUAL_CAUTION, Caution, choose_threshold
from resatt_studio.learning.training.datasets import find_sets
from resatt_studio.models.calibration import calibration_of
from resatt_studio.models.state import build, load_weights
from resatt_studio.records.calibration import Calibration, ChosenThreshold
from resatt_studio.records.weights import USUAL_THRESHOLD
from resatt_studio.resources import asset

CAUTIONS = (
    Caution(4.0, 4.0, 1.0),
    Caution(8.0, 8.0, 1.0),
    Caution(4.0, 16.0, 1.0),
    Caution(4.0, 16.0, 0.5),
    USUAL_CAUTION,
    Caution(8.0, 16.0, 0.5),
)
CORRECTED, OTHERS = 4, 25
LOST = 0.01


def walk(photos: list[Answered], start: Calibration, caution: Caution, draw: int) -> list[float]:
    """Dice on the others at 0.5, and after each corrected photo."""
    order = np.random.default_rng(draw).permutation(len(photos))
    others = [photos[place].whole for place in order[CORRECTED : CORRECTED + OTHERS]]
    scores = [dice(others, start, USUAL_THRESHOLD)]
    used: ChosenThreshold | None = None
    for number in range(1, CORRECTED + 1):
        told = [photos[place] for place in order[:number]]
        calibration = fit_calibration([one.told_near for one in told], start)
        chosen = choose_threshold([one.told_whole for one in told], calibration, used, caution)
        used = chosen if chosen.photos else used
        scores.append(dice(others, calibration, used.value if used is not None else USUAL_THRESHOLD))
    return scores


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of the research sets")
    parser.add_argument("--set", default="crackmap")
    parser.add_argument("--photos", type=int, default=60, help="at most, of the training split")
    parser.add_argument("--draws", type=int, default=150)
    parser.add_argument("--weights", type=Path, default=asset("weights", "r2aunet-factory.safetensors"))
    parser.add_argument("--threads", type=int, default=None)
    asked = parser.parse_args()
    weights = load_weights(asked.weights)
    segmenter = Segmenter(build(weights), choose_compute("cpu"), asked.threads)
    folder = find_sets([asked.data / asked.set])[asked.set]
    pairs = folder.pairs("train")[: asked.photos]
    photos = [answers(segmenter, pair, strokes=True, parts=True) for pair in pairs]
    print("| set | held by | way | gain after 1 | 2 | 3 | 4 | steps that lost > 0.01 | worst step |")
    print("|---|---|---|---|---|---|---|---|---|")
    for caution in CAUTIONS:
        start = calibration_of(weights.metadata)
        scores = np.array([walk(photos, start, caution, draw) for draw in range(asked.draws)])
        steps = np.diff(scores, axis=1)
        gains = [f"{gain:+.4f}" for gain in (scores[:, 1:] - scores[:, :1]).mean(axis=0)]
        lost = f"{np.count_nonzero(steps < -LOST)} of {steps.size}"
        held = f"{caution.falls:g}, {caution.rises:g} | {caution.way:g}"
        print(f"| {asked.set} | {held} | {' | '.join(gains)} | {lost} | {steps.min():+.3f} |")


if __name__ == "__main__":
    main()
