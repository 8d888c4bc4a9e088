"""What a label network gains from an inspector's class answers, on photos of the set that were not answered.

    python benchmarks/label_learning.py --data DATA --set crackmap --answers 15 30 60 --draws 24

The truth of a photo is what the rule of ``imaging.crack_types`` makes of its mask; debatable photos are left
out. In every draw other photos are answered, one in three of them judges, and all others of the set are
asked before and after. Rows with slips have a share of the answers replaced by classes drawn by lot; with all
of them replaced nothing must be promoted. Photos are looked at once; a draw then takes a second.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

from resatt_studio.imaging.crack_types import crack_course
from resatt_studio.imaging.files import find_photos, read_mask, read_photo
from resatt_studio.inference.sliding import run_to_end
from resatt_studio.learning.label_gate import judge_labels
from resatt_studio.learning.label_head import answered, surprise
from resatt_studio.learning.label_joining import pile_up
from resatt_studio.learning.label_learning import learn_labels
from resatt_studio.learning.label_looks import KeptLooks, Looker, body_id, head_state
from resatt_studio.learning.label_reference import LabelReference
from resatt_studio.learning.reference import ReferenceSet
from resatt_studio.models.state import load_weights
from resatt_studio.records.arrays import UInt8Array
from resatt_studio.records.label_learning import AnsweredPhoto, LabelPlan
from resatt_studio.records.labels import CRACK_TYPES, CrackType
from resatt_studio.records.photo import Split
from resatt_studio.records.weights import WeightsFile
from resatt_studio.resources import asset

SLIPS = (0.0, 0.1, 1.0)
SIDES = (Split.TRAIN, Split.VALIDATION, Split.TRAIN)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--set", default="crackmap")
    parser.add_argument("--model", nargs="+", choices=("rmt", "revit"), default=("rmt", "revit"))
    parser.add_argument("--answers", type=int, nargs="+", default=(15, 30, 60))
    parser.add_argument("--draws", type=int, default=24)
    parser.add_argument("--threads", type=int, default=0)
    arguments = parser.parse_args()
    paths, truths = cases(arguments.data / arguments.set)
    print(f"{arguments.set}: {len(paths)} photos, not debatable")
    columns = ("network", "answers", "slips", "right", "surprise", "reference", "promoted", "worst promoted")
    print(f"| {' | '.join(columns)} |")
    print("|---|---|---|---|---|---|---|---|")
    reference = LabelReference.of(ReferenceSet.load())
    for model in arguments.model:
        trial = Trial(model, paths, truths, reference, arguments.threads or None)
        for count in arguments.answers:
            for slips in SLIPS:
                print(trial.row(count, slips, arguments.draws), flush=True)


def cases(folder: Path) -> tuple[dict[str, Path], dict[str, CrackType]]:
    """Photos of a set by stem, and their types."""
    paths, truths = {}, {}
    for path in find_photos(folder / "images"):
        height, width = read_photo(path).pixels.shape[:2]
        course = crack_course(read_mask(folder / "masks" / f"{path.stem}.png", (height, width)))
        if not course.ambiguous:
            paths[path.stem], truths[path.stem] = path, course.kind
    return paths, truths


class Trial:
    """One network on one set; photos are looked at once."""

    def __init__(
        self,
        model: str,
        paths: dict[str, Path],
        truths: dict[str, CrackType],
        reference: LabelReference,
        threads: int | None,
    ) -> None:
        self.model, self.truths, self.reference, self.threads = model, truths, reference, threads
        self.plan = LabelPlan(model)
        self.base: WeightsFile = load_weights(asset("weights", f"{model}-factory.safetensors"))
        self.kept = KeptLooks(most=10**9)
        looker = Looker(threads=threads)
        looker.use(self.base)
        body = body_id(self.base)
        for stem, path in paths.items():
            self.kept.put(stem, body, run_to_end(looker.looks(read_photo(path).pixels)))
        self.looks = {stem: self.kept.get(stem, body) for stem in paths}

    def row(self, count: int, slips: float, draws: int) -> str:
        """Means over the draws, before and after."""
        told = np.array([self.draw(count, slips, seed) for seed in range(draws)])
        mean = told.mean(axis=0)
        promoted = told[told[:, 6] > 0]
        worst = f"{(promoted[:, 1] - promoted[:, 0]).min():+.3f}" if len(promoted) else "none"
        return (
            f"| {self.model} | {count} | {slips:.0%} | {mean[0]:.3f} → {mean[1]:.3f} "
            f"| {mean[2]:.2f} → {mean[3]:.2f} | {mean[4]:.3f} → {mean[5]:.3f} | {mean[6]:.0%} | {worst} |"
        )

    def draw(self, count: int, slips: float, seed: int) -> list[float]:
        """Right, surprise and reference right, each before and after, and whether the gate promotes."""
        rng = np.random.default_rng(seed)
        order = rng.permutation(sorted(self.truths)).tolist()
        photos = [
            AnsweredPhoto(stem, "", SIDES[place % len(SIDES)], self.said(stem, slips, rng))
            for place, stem in enumerate(order[:count])
        ]
        result = run_to_end(
            learn_labels(
                self.base, self.base, photos, _unread, self.plan, self.reference, "cpu",
                threads=self.threads, kept=self.kept,
            )
        )  # fmt: skip
        rest = order[count:]
        pile = pile_up([self.looks[stem] for stem in rest])
        truth = torch.tensor([CRACK_TYPES.index(self.truths[stem]) for stem in rest])
        found = [answered(pile, *head_state(weights)) for weights in (self.base, result.weights)]
        right = [float((one.argmax(axis=1) == truth.numpy()).mean()) for one in found]
        nats = [float(surprise(torch.from_numpy(one), truth, self.plan.slip).mean()) for one in found]
        tiles = result.comparison.reference_before, result.comparison.reference_after
        shares = [scores.right / scores.photos for scores in tiles]
        return [*right, *nats, *shares, float(judge_labels(result).promoted)]

    def said(self, stem: str, slips: float, rng: np.random.Generator) -> CrackType:
        return CRACK_TYPES[rng.integers(len(CRACK_TYPES))] if rng.random() < slips else self.truths[stem]


def _unread(photo: AnsweredPhoto) -> UInt8Array:
    raise AssertionError(f"{photo.photo_id} was looked at before")


if __name__ == "__main__":
    main()
