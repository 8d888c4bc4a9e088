"""What the gate lets through when candidates differ from the weights in use by chance alone.

    python benchmarks/gate_noise.py --data DATA [--set crackmap] [--candidates 8] [--confidence 0.8]
                                    [--upside-down]

Candidates are the factory weights with noise on every kernel: some a little better on the surface, most
worse. One to six photos of the test split judge each of them as in the app (held-back parts, or whole photos,
with strokes over the largest errors of approved predictions); what it really gains is measured on the photos
that did not judge. No candidate learned anything, so this is harder on a gate than the app's are. With
``--upside-down`` one of the judges says crack where none is and not crack where one is.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from fewshot import stroke_labels
from torch import nn

from resatt_studio.imaging.files import read_mask, read_photo
from resatt_studio.imaging.scores import Counts, count, dice
from resatt_studio.inference.device import choose_compute
from resatt_studio.inference.segmenter import Segmenter
from resatt_studio.inference.sliding import predict_tiles, run_to_end
from resatt_studio.learning.calibration import SOFT, soft_probability
from resatt_studio.learning.comparing import judge_candidate
from resatt_studio.learning.exam import Exam, Marks
from resatt_studio.learning.gate import judge
from resatt_studio.learning.reference import ReferenceSet
from resatt_studio.learning.support import choose_windows
from resatt_studio.learning.training.datasets import find_sets
from resatt_studio.models.state import build, load_weights
from resatt_studio.records.arrays import BoolArray, UInt8Array
from resatt_studio.records.calibration import AS_IT_IS
from resatt_studio.records.photo import Split
from resatt_studio.records.sample import Sample
from resatt_studio.records.training import USUAL_RULES, FineTuneResult, GateRules, JudgedBy
from resatt_studio.records.weights import WeightsFile
from resatt_studio.resources import asset

NOISE = (0.2, 0.3)
"""Of a kernel's own spread."""
JUDGES = (
    (JudgedBy.PARTS, 1),
    (JudgedBy.PARTS, 2),
    (JudgedBy.PARTS, 3),
    (JudgedBy.PARTS, 5),
    (JudgedBy.PHOTOS, 1),
    (JudgedBy.PHOTOS, 2),
    (JudgedBy.PHOTOS, 6),
)
LOSS, GAIN = -0.01, 0.005
"""Dice on the photos that did not judge: a real loss, a real gain."""


@dataclass(frozen=True)
class Case:
    """One candidate before one set of judges: what they said, and what it gains elsewhere."""

    seen: float
    promoted: bool
    real: float


@dataclass(eq=False)
class Bench:
    """Photos of one set with their truth, as samples that the factory weights predicted.

    Attributes:
        samples, wrong: As corrected rightly, and upside down.
        truths: Masks.
        own: What the factory weights answer.
        weights: These.
        rules: Of the gate.
    """

    samples: list[Sample]
    wrong: list[Sample]
    truths: list[BoolArray]
    own: list[UInt8Array]
    weights: WeightsFile
    rules: GateRules

    def case(
        self,
        answers: Sequence[UInt8Array],
        judged_by: JudgedBy,
        chosen: Sequence[int],
        upside_down: bool,
    ) -> Case | None:
        places = {self.samples[place].sample_id: place for place in chosen}
        given = [self.samples[place] for place in chosen]
        if upside_down:
            given[0] = self.wrong[chosen[0]]
        windows = list(choose_windows(given, hold_parts_back=judged_by is JudgedBy.PARTS))
        order = [places[window.sample_id] for window in windows]
        old, new = (
            Marks({}, {index: side[place] for index, place in enumerate(order)})
            for side in (self.own, answers)
        )
        compared = judge_candidate(Exam(windows, ReferenceSet()), old, new, AS_IT_IS, judged_by).comparison
        if compared.before is None or compared.after is None:
            return None
        result = FineTuneResult(
            self.weights,
            compared.before,
            compared.after,
            None,
            None,
            1,
            1.0,
            judged_by=judged_by,
            pairs=compared.pairs,
        )
        rest = [place for place in range(len(self.samples)) if place not in chosen]
        real = self.score(answers, rest) - self.score(self.own, rest)
        return Case(compared.after.dice - compared.before.dice, judge(result, self.rules).promoted, real)

    def score(self, answers: Sequence[UInt8Array], places: Sequence[int]) -> float:
        counts = (count(np.asarray(answers[place] > 127), self.truths[place]) for place in places)
        return dice(sum(counts, Counts()))


def answers_of(network: nn.Module, photos: Sequence[UInt8Array], threads: int | None) -> list[UInt8Array]:
    segmenter = Segmenter(network, choose_compute("cpu"), threads).read_with(SOFT)
    return [run_to_end(predict_tiles(segmenter, pixels))[0] for pixels in photos]


def row(judged_by: JudgedBy, number: int, cases: Sequence[Case]) -> str:
    risen = [case for case in cases if case.seen >= USUAL_RULES.min_gain]
    let = [case for case in cases if case.promoted]
    cells = [f"{number} {judged_by.value}", str(len(cases))]
    for some in (risen, let):
        lost, won = sum(case.real < LOSS for case in some), sum(case.real > GAIN for case in some)
        cells += [str(len(some)), str(lost), str(won)]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of the research sets")
    parser.add_argument("--set", default="crackmap")
    parser.add_argument("--candidates", type=int, default=8)
    parser.add_argument("--draws", type=int, default=24)
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--upside-down", action="store_true", help="one judge is labelled upside down")
    parser.add_argument("--confidence", type=float, default=USUAL_RULES.confidence, help="of the gate")
    asked = parser.parse_args()
    weights = load_weights(asset("weights", "r2aunet-factory.safetensors"))
    pairs = find_sets([asked.data / asked.set])[asked.set].pairs("test")
    photos = [read_photo(pair.photo).pixels for pair in pairs]
    truths = [read_mask(pair.mask, pixels.shape[:2]) for pair, pixels in zip(pairs, photos, strict=True)]
    own = answers_of(build(weights), photos, asked.threads)
    samples, wrong = [], []
    for pair, pixels, truth, answer in zip(pairs, photos, truths, own, strict=True):
        shown = np.rint(255 * soft_probability()[answer]).astype(np.uint8)
        name = pair.photo.stem
        for given, mask in ((samples, truth), (wrong, ~truth)):
            labels = stroke_labels(mask, shown > 127)
            given.append(Sample(name, name, name, Split.TRAIN, pixels, labels, shown))
    rules = replace(USUAL_RULES, confidence=asked.confidence)
    bench = Bench(samples, wrong, truths, own, weights, rules)
    cases: dict[tuple[JudgedBy, int], list[Case]] = {key: [] for key in JUDGES}
    chance = torch.Generator().manual_seed(0)
    for number in range(asked.candidates):
        network = build(weights)
        with torch.no_grad():
            for kernel in network.parameters():
                if kernel.ndim == 4:
                    noise = torch.randn(kernel.shape, generator=chance)
                    kernel.add_(noise * kernel.std() * NOISE[number % 2])
        answers = answers_of(network, photos, asked.threads)
        for judged_by, judges in JUDGES:
            rng = np.random.default_rng(number)
            for _ in range(asked.draws):
                chosen = [int(place) for place in rng.permutation(len(samples))[:judges]]
                case = bench.case(answers, judged_by, chosen, asked.upside_down)
                if case is not None:
                    cases[judged_by, judges].append(case)
    print("| judged by | cases | rose | of them lost | won | promoted | of them lost | won |")
    print("|---|---|---|---|---|---|---|---|")
    for (judged_by, judges), some in cases.items():
        print(row(judged_by, judges, some))


if __name__ == "__main__":
    main()
