"""What a few corrected photos of a new surface buy, and what they cost elsewhere.

Draws K photos of one set's training split (at most one a source photo), lets the factory weights learn from
them with the default plan, and scores before and after on that set's test split and on the test splits of all
other sets; ECE (15 bins, pixels within 10 px of predicted cracks) on that set's. One drawn photo in five is
held back to judge, as in the app; forty others of the split are merely in the project, and show where its
surface ends.

    python benchmarks/fewshot.py --data DIR [--photos 5] [--draws 5] [--seconds 120] [--strokes] [--json FILE]
    python benchmarks/fewshot.py --data DIR --photos 0 --draws 1     # the whole training split, to compare
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from resatt_studio.imaging.files import read_mask, read_photo
from resatt_studio.imaging.surface import describe_surface
from resatt_studio.inference.device import choose_compute
from resatt_studio.inference.segmenter import Segmenter
from resatt_studio.inference.sliding import predict_tiles, run_to_end
from resatt_studio.learning.calibration import SOFT, histogram, near_cracks, reliability
from resatt_studio.learning.evaluate import Example, evaluate
from resatt_studio.learning.finetune import fine_tune
from resatt_studio.learning.gate import judge
from resatt_studio.learning.reference import ReferenceSet
from resatt_studio.learning.surfaces import find_home
from resatt_studio.learning.training.datasets import FolderPairs, Pair, find_sets
from resatt_studio.models.calibration import calibration_of
from resatt_studio.models.state import build, load_weights
from resatt_studio.records.correction import Label
from resatt_studio.records.photo import Split
from resatt_studio.records.sample import Sample
from resatt_studio.records.surface import Surroundings, known_in
from resatt_studio.records.training import FineTunePlan, FineTuneResult
from resatt_studio.records.weights import USUAL_THRESHOLD, Scores, WeightsFile
from resatt_studio.resources import asset
from resatt_studio.workflow.home import choose_neighbours, middle

STROKE_SHARE = 0.04
HELD_BACK_EVERY = 5
MERELY_THERE = 40
"""Photos of the project that nobody corrected."""


@dataclass
class Draw:
    """One draw and what came of it."""

    stems: list[str]
    promoted: bool
    reason: str
    seconds: float
    steps: int
    said_share: float
    ece: float = 0.0
    scores: dict[str, dict[str, float]] = field(default_factory=dict)


def example(pair: Pair) -> Example:
    photo = read_photo(pair.photo)
    return Example(pair.photo.stem, photo.pixels, read_mask(pair.mask, photo.pixels.shape[:2]))


def score(
    weights: WeightsFile, pairs: Sequence[Pair], threads: int, threshold: float | None = None
) -> Scores:
    """Micro scores on photos read one by one, at the threshold that goes with the weights."""
    steps = evaluate(
        weights,
        (example(pair) for pair in pairs),
        threshold=USUAL_THRESHOLD if threshold is None else threshold,
        device="cpu",
        threads=threads,
    )
    return run_to_end(steps).micro


def ece_on(weights: WeightsFile, pairs: Sequence[Pair], threads: int) -> float:
    """Reliability error of calibrated probabilities near predicted cracks, over all pixels of the photos."""
    segmenter = Segmenter(build(weights), choose_compute("cpu"), threads, calibration=SOFT)
    counts = []
    for shown in (example(pair) for pair in pairs):
        answer, _ = run_to_end(predict_tiles(segmenter, shown.pixels))
        counts.append(histogram(answer, shown.truth, near_cracks(answer)))
    told = reliability(counts, calibration_of(weights.metadata))
    return told.ece if told is not None else 0.0


def draw_stems(folder: FolderPairs, photos: int, seed: int) -> list[str]:
    """Training stems in random order, one a source photo until the sources run out."""
    groups = json.loads((folder.folder / "split.json").read_text(encoding="utf-8"))["group"]
    stems = [str(stem) for stem in np.random.default_rng(seed).permutation(folder.stems("train"))]
    seen: set[Any] = set()
    first = [stem for stem in stems if not (groups[stem] in seen or seen.add(groups[stem]))]
    return (first + [stem for stem in stems if stem not in first])[: photos or None]


def full_labels(truth: np.ndarray) -> np.ndarray:
    return np.where(truth, Label.CRACK, Label.NOT_CRACK).astype(np.uint8)


def stroke_labels(truth: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Paint the largest errors, missed crack as crack and false crack (with its rim) as not crack, until
    ``STROKE_SHARE`` of the pixels is said; everything else stays unsaid."""
    labels = np.zeros(truth.shape, np.uint8)
    brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    errors: list[tuple[int, np.ndarray, bool]] = []
    for missed, wrong in ((True, truth & ~predicted), (False, predicted & ~truth)):
        number, parts, facts, _ = cv2.connectedComponentsWithStats(wrong.astype(np.uint8), connectivity=8)
        errors += [(int(facts[i, cv2.CC_STAT_AREA]), parts == i, missed) for i in range(1, number)]
    for _, part, missed in sorted(errors, key=lambda error: -error[0]):
        if np.count_nonzero(labels) >= STROKE_SHARE * labels.size:
            break
        painted = cv2.dilate(part.astype(np.uint8), brush) > 0
        side = truth if missed else ~truth
        labels[painted & side] = Label.CRACK if missed else Label.NOT_CRACK
    return labels


def make_samples(
    folder: FolderPairs,
    stems: Sequence[str],
    base: WeightsFile,
    strokes: bool,
    approve: bool,
    held_back: bool,
) -> list[Sample]:
    """Corrected photos; the third of five judges, as the store's split has it at the latest."""
    pairs = {pair.photo.stem: pair for pair in folder.pairs("train")}
    segmenter = Segmenter(build(base), choose_compute("cpu"))
    samples = []
    for place, stem in enumerate(stems):
        shown = example(pairs[stem])
        probability_8bit, _ = run_to_end(predict_tiles(segmenter, shown.pixels))
        labels = stroke_labels(shown.truth, probability_8bit > 127) if strokes else full_labels(shown.truth)
        judges = held_back and place % HELD_BACK_EVERY == HELD_BACK_EVERY // 2
        samples.append(
            Sample(
                sample_id=stem,
                photo_id=stem,
                group=stem,
                split=Split.VALIDATION if judges else Split.TRAIN,
                pixels=shown.pixels,
                labels=labels,
                predicted=probability_8bit if approve else None,
            )
        )
    return samples


def look_around(folder: FolderPairs, samples: Sequence[Sample], base: WeightsFile, seed: int) -> Surroundings:
    known = known_in(base.metadata)
    if known is None:
        return Surroundings()
    corrected = {sample.sample_id: describe_surface(sample.pixels) for sample in samples}
    pairs = [pair for pair in folder.pairs("train") if pair.photo.stem not in corrected]
    chosen = np.random.default_rng([seed, 1]).permutation(len(pairs))[:MERELY_THERE]
    photos = {pairs[place].photo.stem: read_photo(pairs[place].photo).pixels for place in chosen}
    described = {stem: describe_surface(pixels) for stem, pixels in photos.items()}
    home = find_home(known, list(corrected.values()), list(described.values()))
    near = tuple(middle(photos[stem]) for stem in choose_neighbours(home, known, described))
    return Surroundings(home, near)


def row(scores: Scores) -> dict[str, float]:
    return {"dice": scores.dice, "tolerance_f1": scores.tolerance_f1}


def report(surface: str, draws: Sequence[Draw], before: dict[str, dict[str, float]]) -> str:
    """Table of the mean over draws."""
    lines = [
        "| set | Dice before | after (mean) | change: mean | worst draw | best draw | F1 at 2 px change |"
    ]
    lines.append("|---|---|---|---|---|---|---|")
    for name in [surface, *(other for other in before if other != surface)]:
        dice = [draw.scores[name]["dice"] - before[name]["dice"] for draw in draws]
        f1 = [draw.scores[name]["tolerance_f1"] - before[name]["tolerance_f1"] for draw in draws]
        after = before[name]["dice"] + statistics.mean(dice)
        lines.append(
            f"| {name} | {before[name]['dice']:.3f} | {after:.3f} | {statistics.mean(dice):+.3f} | "
            f"{min(dice):+.3f} | {max(dice):+.3f} | {statistics.mean(f1):+.3f} |"
        )
    seconds = [draw.seconds for draw in draws]
    promoted = sum(draw.promoted for draw in draws)
    lines.append("")
    lines.append(
        f"{len(draws)} draws, {promoted} promoted; {statistics.mean(seconds):.0f} s from start to verdict "
        f"(longest {max(seconds):.0f} s), {statistics.mean(draw.steps for draw in draws):.0f} steps."
    )
    return "\n".join(lines)


def one_draw(
    base: WeightsFile,
    samples: list[Sample],
    around: Surroundings,
    plan: FineTunePlan,
    reference: ReferenceSet,
    threads: int,
) -> tuple[FineTuneResult, Draw]:
    start = time.monotonic()
    steps = fine_tune(
        base,
        samples,
        plan,
        reference,
        device="cpu",
        threads=threads,
        around=around,
    )
    result: FineTuneResult = run_to_end(steps)
    verdict = judge(result)
    seconds = time.monotonic() - start
    said = float(np.mean([np.mean(sample.labels != Label.UNSAID) for sample in samples]))
    stems = [sample.sample_id for sample in samples]
    return result, Draw(stems, verdict.promoted, verdict.reason, seconds, result.steps, said)


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of the research sets")
    parser.add_argument("--weights", type=Path, help="to start from (default: the factory weights)")
    parser.add_argument("--surface", default="crackmap", help="set to learn")
    parser.add_argument("--photos", type=int, default=5, help="0 for the whole split")
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--first-draw", type=int, default=0)
    parser.add_argument("--seconds", type=float, help="wall-clock limit (default: the plan's)")
    parser.add_argument("--steps", type=int, default=0, help="step limit, for runs that repeat exactly")
    parser.add_argument(
        "--strokes", action="store_true", help="strokes on the largest errors instead of masks"
    )
    parser.add_argument("--approve", action="store_true", help="with --strokes: the prediction was approved")
    parser.add_argument(
        "--plan",
        nargs="*",
        default=[],
        metavar="NAME=VALUE",
        help="other numbers of the plan, such as blend=0.8",
    )
    parser.add_argument("--no-held-back", action="store_true", help="all photos teach, none judges")
    parser.add_argument("--only-surface", action="store_true", help="do not score the other sets")
    parser.add_argument("--split", default="test", help="split that is scored (tuning: val)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", type=Path, help="write everything here")
    return parser.parse_args()


def numbers(given: Sequence[str]) -> dict[str, float]:
    """NAME=VALUE pairs as the plan's numbers; whole numbers stay whole."""
    pairs = (one.partition("=") for one in given)
    return {name: int(value) if value.isdigit() else float(value) for name, _, value in pairs}


def main() -> None:
    asked = options()
    base = load_weights(asked.weights or asset("weights", "r2aunet-factory.safetensors"))
    sets = find_sets([asked.data])
    surface = sets[asked.surface]
    plan = FineTunePlan()
    plan = replace(plan, seconds=asked.seconds or plan.seconds, steps=asked.steps, **numbers(asked.plan))
    reference = ReferenceSet.load()
    scored = {asked.surface: surface} if asked.only_surface else sets
    tests = {name: folder.pairs(asked.split) for name, folder in scored.items()}
    before = {name: row(score(base, pairs, asked.threads)) for name, pairs in tests.items()}
    draws = []
    for number in range(asked.first_draw, asked.first_draw + asked.draws):
        stems = draw_stems(surface, asked.photos, number)
        samples = make_samples(surface, stems, base, asked.strokes, asked.approve, not asked.no_held_back)
        around = look_around(surface, samples, base, number)
        result, draw = one_draw(base, samples, around, replace(plan, seed=number), reference, asked.threads)
        draw.scores = {
            name: row(score(result.weights, pairs, asked.threads, result.threshold))
            for name, pairs in tests.items()
        }
        draw.ece = ece_on(result.weights, tests[asked.surface], asked.threads)
        draws.append(draw)
        gain = draw.scores[asked.surface]["dice"] - before[asked.surface]["dice"]
        print(
            f"draw {number}: {gain:+.3f} in {draw.seconds:.0f} s, {draw.steps} steps, "
            f"ECE {draw.ece:.3f}. {draw.reason}",
            flush=True,
        )
    print(report(asked.surface, draws, before))
    first, after = ece_on(base, tests[asked.surface], asked.threads), [draw.ece for draw in draws]
    print(f"ECE {first:.3f} -> {statistics.mean(after):.3f} (worst draw {max(after):.3f})")
    print(f"said: {statistics.mean(draw.said_share for draw in draws):.1%} of the pixels")
    print(f"load average {os.getloadavg()[0]:.1f}, plan {plan}")
    if asked.json:
        told = {"before": before, "draws": [asdict(draw) for draw in draws], "plan": asdict(plan)}
        asked.json.write_text(json.dumps(told, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
