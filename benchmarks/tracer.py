"""How well the crack tracer finds a crack between two clicks, beside OpenCV's intelligent scissors.

    python benchmarks/tracer.py --data DATA                        # crackmap, cfd and uav75, 20 photos each
    python benchmarks/tracer.py --data DATA --sets cfd --margin 0.5
    python benchmarks/tracer.py --drawn                            # drawn scenes, whose truth is exact

The true mask is thinned, spurs and junctions are taken out, and each branch that is left and at least 12 px
long is traced from one of its ends to the other, each click off by up to 1.5 px in either direction (seeded).
Recall: share of the branches' pixels with the traced line within 3 px. Dice: of all traced masks of a photo
together against the true mask, over the pixels that are nearest to a branch pixel where the true crack is at
least 2 px wide (area over length of line in a 9 px square), pooled over the set. "True width": the same when
the traced line is given the truth's own width at each of its points, so about what the best rule for widths
could do. The scissors get the same clicks and the truth's mean width. Times are of one thread's processor, in
ms: the ways from the first click in the window that the tool would search, and one preview (way, middle,
width).
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from resatt_studio.annotation.tapered import tapered
from resatt_studio.annotation.tracing import (
    Ground,
    Trace,
    Ways,
    measured,
    read_ground,
    resized,
    snapped,
    surroundings,
    window_for,
)
from resatt_studio.imaging.centre_lines import centre_lines, neighbours, prune_spurs
from resatt_studio.imaging.crack_edges import find_edges
from resatt_studio.imaging.files import read_mask, read_photo
from resatt_studio.inference.device import apply_threads, choose_compute
from resatt_studio.inference.segmenter import Segmenter
from resatt_studio.inference.sliding import predict_tiles, run_to_end
from resatt_studio.learning.training.datasets import find_sets
from resatt_studio.models.calibration import calibration_of
from resatt_studio.models.state import build, load_weights
from resatt_studio.records.geometry import Box
from resatt_studio.resources import asset
from resatt_studio.synthesis.scenes import Recipe, render_scene
from resatt_studio.synthesis.strands import CrackStyle

SHORTEST_PX, SPUR_PX, JITTER_PX, SNAP_PX = 12, 10.0, 1.5, 3.0
TOLERANCE_PX, LEAST_WIDTH_PX = 3.0, 2.0
PREVIEWS = 10  # moves of the pointer for each branch

Place = tuple[float, float]


@dataclass(frozen=True)
class Sample:
    """One photo with its truth."""

    pixels: np.ndarray
    mask: np.ndarray
    seed: tuple[int, ...]


@dataclass(frozen=True)
class Branch:
    """One branch of the truth: its pixels, and two clicks at its ends."""

    pixels: np.ndarray
    start: Place
    end: Place


@dataclass
class Tally:
    """Counts of one way of tracing over one set."""

    found: int = 0
    line: int = 0
    both: int = 0
    ours: int = 0
    theirs: int = 0
    field_ms: list[float] = field(default_factory=list)
    preview_ms: list[float] = field(default_factory=list)

    def row(self) -> dict[str, float | None]:
        at = lambda values, share: float(np.percentile(values, share)) if values else None  # noqa: E731
        return {
            "recall": self.found / max(self.line, 1),
            "dice": 2 * self.both / (self.ours + self.theirs) if self.ours + self.theirs else None,
            "precision": self.both / max(self.ours, 1),
            "mask_recall": self.both / max(self.theirs, 1),
            "field_ms_median": at(self.field_ms, 50),
            "preview_ms_p95": at(self.preview_ms, 95),
        }


def branches(mask: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, list[Branch]]:
    """The truth's centre lines, and its branches with a hand's clicks."""
    lines = prune_spurs(centre_lines(mask), SPUR_PX)
    junctions = (neighbours(lines) >= 3).astype(np.uint8)
    apart = lines & (cv2.dilate(junctions, np.ones((3, 3), np.uint8)) == 0)
    count, names = cv2.connectedComponents(apart.astype(np.uint8), connectivity=8)
    found = []
    for name in range(1, count):
        part = names == name
        ends = np.argwhere(neighbours(part) == 1)
        if np.count_nonzero(part) >= SHORTEST_PX and len(ends) >= 2:
            clicks = [click(end, mask.shape, rng) for end in (ends[0], ends[-1])]
            found.append(Branch(np.argwhere(part), *clicks))
    return lines, found


def click(pixel: np.ndarray, shape: tuple[int, int], rng: np.random.Generator) -> Place:
    place = pixel + 0.5 + rng.uniform(-JITTER_PX, JITTER_PX, 2)
    row, column = np.clip(place, 0.01, np.array(shape) - 0.01)
    return float(row), float(column)


def wide_enough(mask: np.ndarray, lines: np.ndarray, traced: np.ndarray) -> tuple[np.ndarray, float]:
    """Pixels whose nearest line pixel is traced and at least 2 px wide; and the mean width there."""
    square = np.ones((9, 9), np.float32)
    area = cv2.filter2D(mask.astype(np.float32), -1, square, borderType=cv2.BORDER_CONSTANT)
    length = cv2.filter2D(lines.astype(np.float32), -1, square, borderType=cv2.BORDER_CONSTANT)
    width = area / np.maximum(length, 1)
    _, names = cv2.distanceTransformWithLabels(
        (~lines).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    counts = np.zeros(int(names.max()) + 1, np.bool_)
    chosen = traced & (width >= LEAST_WIDTH_PX)
    counts[names[chosen]] = True
    return counts[names], float(width[chosen].mean()) if chosen.any() else 0.0


class Scorer:
    """Adds up one photo for one way of tracing."""

    def __init__(self, tally: Tally, mask: np.ndarray, region: np.ndarray) -> None:
        self._tally, self._mask, self._region = tally, mask, region
        self._covered = np.zeros(mask.shape, np.bool_)

    def add(self, branch: Branch, trace: Trace) -> None:
        height, width = self._mask.shape
        free = np.ones(self._mask.shape, np.uint8)
        at = np.clip(np.floor(trace.curve).astype(int), 0, (height - 1, width - 1))
        free[tuple(at.T)] = 0
        away = cv2.distanceTransform(free, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[tuple(branch.pixels.T)]
        self._tally.found += int(np.count_nonzero(away <= TOLERANCE_PX + 1e-4))
        self._tally.line += len(branch.pixels)
        box, covered = tapered(trace.curve, trace.half_widths_px, Box(0, 0, height, width))
        self._covered[box.slices] |= covered

    def close(self) -> None:
        ours, theirs = self._covered & self._region, self._mask & self._region
        self._tally.both += int(np.count_nonzero(ours & theirs))
        self._tally.ours += int(np.count_nonzero(ours))
        self._tally.theirs += int(np.count_nonzero(theirs))


def ground_of(sample: Sample, probability: np.ndarray | None, box: Box) -> Ground:
    photo = Box(0, 0, *sample.mask.shape)
    wide = surroundings(box, photo)
    likely = None if probability is None else probability[wide.slices]
    return read_ground(sample.pixels[wide.slices], likely, box, photo)


def traced(
    sample: Sample, branch: Branch, probability: np.ndarray | None, tally: Tally, margin_px: float
) -> tuple[Trace, Trace]:
    """What the tool makes of two clicks; and the same line with the truth's own width."""
    photo = Box(0, 0, *sample.mask.shape)
    began = time.thread_time()
    ground = ground_of(sample, probability, window_for(branch.start, branch.end, photo))
    ways = Ways(ground, snapped(branch.start, ground, SNAP_PX))
    tally.field_ms.append(1000 * (time.thread_time() - began))
    for share in np.linspace(0.1, 1.0, PREVIEWS):
        began = time.thread_time()
        place = (1 - share) * np.array(branch.start) + share * np.array(branch.end)
        way = ways.to(snapped((float(place[0]), float(place[1])), ground, SNAP_PX))
        trace = measured(way, ground)
        tally.preview_ms.append(1000 * (time.thread_time() - began))
    corner = (ground.box.top, ground.box.left)
    truth = sample.mask[ground.box.slices].astype(np.float32)
    edges = find_edges(trace.curve - corner, ground.lightness, truth, trust=1.0)
    widths = 0.5 * (edges.left_px + edges.right_px)
    return resized(trace, margin_px=margin_px), resized(Trace(trace.curve, widths))


def scissors_of(pixels: np.ndarray) -> Any:
    """OpenCV's tool with the settings of its own tutorial."""
    tool = cv2.segmentation.IntelligentScissorsMB()
    tool.setEdgeFeatureCannyParameters(32, 100)
    tool.setGradientMagnitudeMaxLimit(200)
    tool.applyImage(np.ascontiguousarray(pixels[:, :, ::-1]))
    return tool


def cut(tool: Any, branch: Branch, half_width_px: float, tally: Tally) -> Trace:
    first, last = ((int(place[1]), int(place[0])) for place in (branch.start, branch.end))
    began = time.thread_time()
    tool.buildMap(first)
    tally.field_ms.append(1000 * (time.thread_time() - began))
    began = time.thread_time()
    contour = np.asarray(tool.getContour(last)).reshape(-1, 2)[:, ::-1] + 0.5
    tally.preview_ms.append(1000 * (time.thread_time() - began))
    return Trace(contour, np.full(len(contour), half_width_px))


WAYS = ("photo and network", "photo alone", "true width", "scissors")


def score(samples: Iterator[Sample], segmenter: Segmenter, margin_px: float) -> dict[str, Any]:
    """Trace every branch of every photo in every way."""
    tallies, photos, count = {name: Tally() for name in WAYS}, 0, 0
    for sample in samples:
        lines, found = branches(sample.mask, np.random.default_rng(sample.seed))
        if not found:
            continue
        photos, count = photos + 1, count + len(found)
        probability, _ = run_to_end(predict_tiles(segmenter, sample.pixels))
        touched = np.zeros(sample.mask.shape, np.bool_)
        for branch in found:
            touched[tuple(branch.pixels.T)] = True
        region, mean_width_px = wide_enough(sample.mask, lines, touched)
        scorers = {name: Scorer(tally, sample.mask, region) for name, tally in tallies.items()}
        tool = scissors_of(sample.pixels)
        for branch in found:
            for name, likely in (("photo and network", probability), ("photo alone", None)):
                trace, oracle = traced(sample, branch, likely, tallies[name], margin_px)
                scorers[name].add(branch, trace)
                if likely is not None:
                    scorers["true width"].add(branch, oracle)
            half = max(mean_width_px, 1.0) / 2
            scorers["scissors"].add(branch, cut(tool, branch, half, tallies["scissors"]))
        for scorer in scorers.values():
            scorer.close()
    return {
        "photos": photos,
        "branches": count,
        **{name: tally.row() for name, tally in tallies.items()},
    }


def from_set(folder: Any, split: str, count: int, seed: int) -> Iterator[Sample]:
    pairs = folder.pairs(split)
    chosen = np.random.default_rng(seed).permutation(len(pairs))[:count]
    for index in sorted(chosen.tolist()):
        pixels = read_photo(pairs[index].photo).pixels
        yield Sample(pixels, read_mask(pairs[index].mask, pixels.shape[:2]), (seed, index))


def drawn(count: int, seed: int) -> Iterator[Sample]:
    """Scenes of cracks that can be seen, whose truth is exact."""
    patterns = ("transverse", "longitudinal", "branched")
    for index in range(count):
        style = CrackStyle(width_px=(2.5, 4.0, 7.0)[index % 3], branch_rate=0.15, faintest=0.7)
        recipe = Recipe(patterns=(patterns[index // 3 % 3],), style=style, contrast=0.85, spall=0.3)
        scene = render_scene(seed + index, 320, 480, recipe=recipe)
        yield Sample(scene.pixels, scene.mask, (seed, index))


def table(results: dict[str, Any]) -> Sequence[str]:
    lines = [
        "| set | branches | way | recall within 3 px | Dice from 2 px | precision | recall of mask "
        "| field ms | preview p95 ms |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    say = lambda value, places: "-" if value is None else f"{value:.{places}f}"  # noqa: E731
    for name, result in results.items():
        for way in WAYS:
            row = result[way]
            lines.append(
                f"| {name} | {result['branches']} | {way} | {say(row['recall'], 3)} | {say(row['dice'], 3)} "
                f"| {say(row['precision'], 2)} | {say(row['mask_recall'], 2)} "
                f"| {say(row['field_ms_median'], 0)} | {say(row['preview_ms_p95'], 1)} |"
            )
    return lines


def main() -> None:
    arguments = parse()
    cv2.setNumThreads(1)
    apply_threads(1)
    weights = load_weights(arguments.weights or asset("weights", "r2aunet-factory.safetensors"))
    segmenter = Segmenter(build(weights), choose_compute(), 1, calibration=calibration_of(weights.metadata))
    results: dict[str, Any] = {}
    if arguments.drawn:
        results["drawn"] = score(drawn(arguments.photos, arguments.seed), segmenter, arguments.margin)
    if arguments.data is not None:
        sets = find_sets([arguments.data])
        for name in arguments.sets:
            samples = from_set(sets[name], arguments.split, arguments.photos, arguments.seed)
            results[name] = score(samples, segmenter, arguments.margin)
    print("\n".join(table(results)))
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(results, indent=1), encoding="utf-8")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=None, help="folder that holds the sets")
    parser.add_argument("--sets", nargs="*", default=["crackmap", "cfd", "uav75"])
    parser.add_argument("--split", choices=("train", "val", "test"), default="test")
    parser.add_argument("--photos", type=int, default=20, help="of each set, drawn with the seed")
    parser.add_argument("--drawn", action="store_true", help="also drawn scenes")
    parser.add_argument("--margin", type=float, default=0.0, help="px added on each side of the edges found")
    parser.add_argument("--weights", type=Path, default=None, help="default: the shipped factory weights")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", type=Path, default=None, help="also write the numbers here")
    return parser.parse_args()


if __name__ == "__main__":
    main()
